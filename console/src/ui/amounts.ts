const whole = new Intl.NumberFormat();
const short = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export const count = (value: number): string => whole.format(value);

/** "1 key", "3 keys". */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${whole.format(value)} ${value === 1 ? one : many}`;

/** "12.4 MiB": as disks are measured by the server. */
export function bytes(value: number): string {
  const step = Math.min(steps.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${short.format(value / 1_024 ** step)} ${steps[step]}`;
}
