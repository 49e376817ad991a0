/** For so long an attempt is kept, and with it what became of its delivery; then its day's partition is dropped. */
export const attemptsKeptDays = 30;

/** As long as attempts are, what they came to is told by the quarter-hour. */
export const statsKeptDays = 30;

/** In SQL: the events of open deliveries, which are kept however old they are. */
export const openEvents = 'select event_id from webhook_open_deliveries';
/** In SQL: those, and the events to which answers are kept. */
export const eventsOnRecord = `${openEvents} union all select event_id from webhook_attempts`;
