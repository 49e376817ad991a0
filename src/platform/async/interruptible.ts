/** An async generator whose `return` ends it also while it waits; `make` gets a signal that ends its waiting. */
export function interruptible<T>(make: (signal: AbortSignal) => AsyncGenerator<T, void>): AsyncGenerator<T, void> {
  const interruption = new AbortController();
  const inner = make(interruption.signal);
  return {
    next: () => inner.next(),
    return: async () => {
      interruption.abort();
      return await inner.return();
    },
    throw: (error) => inner.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}
