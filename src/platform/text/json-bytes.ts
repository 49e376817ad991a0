/** The approximate size of a value as JSON; counting stops beyond `max`, so that it takes no longer than that much takes. */
export function jsonBytes(value: unknown, max: number): number {
  let bytes = 0;
  const count = (one: unknown): void => {
    if (bytes > max) return;
    if (typeof one === 'string') bytes += Buffer.byteLength(one) + 2;
    else if (typeof one !== 'object' || one === null) bytes += 5;
    else if (Array.isArray(one)) for (const item of one) count(item);
    else {
      for (const key in one) {
        bytes += key.length + 4;
        count((one as Record<string, unknown>)[key]);
      }
    }
  };
  count(value);
  return bytes;
}
