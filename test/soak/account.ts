import type { Broken, Counts } from './ledger.js';
import type { MemoryAccount } from './memory.js';

export interface Account extends Counts {
  minutes: number;
  rate: number;
  requests: number;
  refusals: Record<string, number>;
  unanswered: number;
  serverErrors: number;
  /** Requests that came to receivers. */
  received: number;
  leads: number;
  conversions: Record<string, { told: number; repeats: number }>;
  streams: { name: string; told: number; ends: Record<string, number> }[];
  console: { walked: number; notWalked: string[] };
  perMinute: { minute: number; answered: number; p50Ms: number; p99Ms: number }[];
  memory: MemoryAccount[];
  faults: {
    fault: string;
    fromSecond: number;
    seconds: number;
    serverErrors: number;
    unanswered: number;
    /** When the last of them was asked, after the fault was over. */
    lastSecondsAfter: number;
  }[];
  leftOut: { fault: string; why: string }[];
  errorsInLogs: Record<string, number>;
  broken: Broken[];
}

const count = (value: number) => value.toLocaleString('en-US');
const mebibytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`;

/** The account as it is read: what was asked, what came of it, and in the end whether every promise held. */
export function printed(account: Account): string {
  const { minutes, rate, requests, refusals, accepted, refused, unknown, events, deliveries, received } = account;
  const { duplicates, lost, orderViolations, leads, conversions, memory, faults, leftOut, broken } = account;
  const lines = [
    '',
    `${minutes.toFixed(1)} min at ${rate} requests/s`,
    `requests      ${count(requests)}, of which ${count(account.serverErrors)} were answered with 5xx and ${count(account.unanswered)} not at all`,
    'refusals',
    ...Object.entries(refusals).map(([code, times]) => `  ${code.padEnd(32)} ${count(times)}`),
    `writes        ${count(accepted)} accepted, ${count(refused)} refused, ${count(unknown)} of unknown outcome`,
    `events        ${count(events)}`,
    `deliveries    ${count(deliveries)} promised, ${count(received)} requests received, ${count(duplicates)} after the first success, under the same id`,
    `lost          ${count(lost)}`,
    `out of order  ${count(orderViolations)}`,
    `leads         ${count(leads)}: ${Object.entries(conversions)
      .map(([platform, { told, repeats }]) => `${platform} ${count(told)} (repeats ${count(repeats)})`)
      .join(', ')}`,
    `streams       ${account.streams.map(({ name, told, ends }) => `${name} ${count(told)} in ${Object.values(ends).reduce((sum, n) => sum + n, 0)} parts`).join(', ')}`,
    `console       ${account.console.walked} operations of its pages; none to open for ${account.console.notWalked.join(', ') || 'none'}`,
    'per minute    answered    p50 ms    p99 ms',
    ...account.perMinute.map(
      ({ minute, answered, p50Ms, p99Ms }) =>
        `  ${String(minute).padStart(4)}      ${count(answered).padStart(8)}  ${String(p50Ms).padStart(8)}  ${String(p99Ms).padStart(8)}`,
    ),
    'memory after a full collection, once warm',
    ...memory.map(
      ({ process, slopeBytesPerMinute: slope, ...of }) =>
        `  ${process.padEnd(10)} ${mebibytes(of.liveBytesBefore)} → ${mebibytes(of.liveBytesAfter)}, ` +
        `${slope === null ? 'too short for a slope' : `${(slope / 1_024).toFixed(0)} KiB a minute`}; ` +
        `resident ${mebibytes(of.residentBytesBefore)} → ${mebibytes(of.residentBytesAfter)}`,
    ),
    'faults',
    ...faults.map(
      ({ fault, fromSecond, seconds, serverErrors, unanswered, lastSecondsAfter }) =>
        `  ${fromSecond.toFixed(0).padStart(5)} s  ${fault}, ${seconds.toFixed(1)} s: ${count(serverErrors)} 5xx, ` +
        `${count(unanswered)} not answered, the last ${lastSecondsAfter.toFixed(1)} s after it`,
    ),
    ...leftOut.map(({ fault, why }) => `  left out: ${fault}: ${why}`),
    ...Object.entries(account.errorsInLogs).map(([what, times]) => `  in the logs, ${count(times)} times: ${what}`),
    '',
    ...broken.flatMap(({ promise, count: times, examples }) => [
      `BROKEN  ${promise} (${count(times)})`,
      ...examples.map((example) => `        ${example}`),
    ]),
    broken.length === 0 ? 'Every promise held.' : `${broken.length} promises broke.`,
  ];
  return lines.join('\n');
}
