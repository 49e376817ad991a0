/** Milliseconds of processor that a piece of work takes: the same on a machine that is busy with other things. */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
