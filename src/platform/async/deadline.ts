/**
 * The result of `work`, if there is one in time; else what `late` returns or throws. The work itself goes on, and its
 * later result is dropped.
 */
export async function within<T, Late = never>(
  ms: number,
  work: Promise<T>,
  late: () => Late = () => {
    throw new Error(`no answer within ${ms} ms`);
  },
): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))).then(late);
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
