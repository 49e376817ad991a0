/** For so long an attempt is kept, and with it what became of its delivery; then its day's partition is dropped. */
export const attemptsKeptDays = 30;
