/** When a failed delivery is tried again. Times are Unix milliseconds. */

/** An endpoint may ask us to stay away, but not for longer. */
export const retryAfterMsMax = 24 * 3_600_000;
const jitterShareMax = 0.2;

/** What `ladder` says after the `failures`th failure in a row, plus 0–20 %; null when it says no more. */
export function delayMs(
  ladder: readonly number[],
  failures: number,
  random: () => number = Math.random,
): number | null {
  const delay = ladder[failures - 1];
  return delay === undefined ? null : Math.ceil(delay * (1 + random() * jitterShareMax));
}

/** `Retry-After` in seconds or as a date, as a moment at most 24 h away; null when absent, past or unreadable. */
export function retryAfterAt(header: string | null, now: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const at = /^\d{1,10}$/.test(text) ? now + Number(text) * 1_000 : httpDate(text);
  return at === null || at <= now ? null : Math.min(at, now + retryAfterMsMax);
}

/** The three forms of RFC 9110; `Date.parse` alone would read much more into a header. */
function httpDate(text: string): number | null {
  const form =
    /^(?:[A-Z][a-z]{2,8}, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/;
  if (!form.test(text)) return null;
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : at;
}
