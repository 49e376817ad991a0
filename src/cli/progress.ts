const firstAfterMs = 2_000;
const everyMs = 5_000;

/** Says on stderr that a command is still at work, once it takes longer than people wait in silence. Returns how to end it. */
export function showProgress(what: string): () => void {
  const startedAt = performance.now();
  const tell = () => {
    process.stderr.write(`${what}: still working, ${Math.round((performance.now() - startedAt) / 1_000)} s\n`);
    timer = setTimeout(tell, everyMs).unref();
  };
  let timer = setTimeout(tell, firstAfterMs).unref();
  return () => clearTimeout(timer);
}
