/** `Retry-After` in seconds or as a date, as a moment in Unix milliseconds; null when absent, past or unreadable. */
export function retryAfterAt(header: string | null, now: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const at = /^\d{1,10}$/.test(text) ? now + Number(text) * 1_000 : httpDate(text);
  return at === null || at <= now ? null : at;
}

/** The three forms of RFC 9110; `Date.parse` alone would read much more into a header. */
function httpDate(text: string): number | null {
  const form =
    /^(?:[A-Z][a-z]{2,8}, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4})$/;
  if (!form.test(text)) return null;
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : at;
}
