/** Which deliveries an address names: as the server's filter, and in words. */
import type { WebhookDeliveryFilter, WebhookDeliveryStatus } from '../../gql/graphql';
import { paths, type DeliveryFilter } from '../../paths';
import { statuses } from './deliveries';

export const filterNames = [
  'status',
  'type',
  'endpoint',
  'code',
  'from',
  'to',
  'q',
] as const satisfies readonly (keyof DeliveryFilter)[];

/** What can be chosen: the value in the address, and its words. */
export type FilterChoices = readonly (readonly [value: string, label: string])[];

export const statusChoices: FilterChoices = [
  ['retrying,exhausted', 'Retrying or failed'],
  ...Object.entries(statuses).map(([status, [, word]]) => [status.toLowerCase(), word] as const),
];

const sinceMs = { '-1h': 3_600_000, '-24h': 86_400_000, '-7d': 604_800_000 } as const;
export const sinceChoices: FilterChoices = [
  ['-1h', 'Last hour'],
  ['-24h', 'Last 24 hours'],
  ['-7d', 'Last 7 days'],
];

export const readFilter = (search: URLSearchParams): DeliveryFilter =>
  Object.fromEntries(filterNames.map((name) => [name, search.get(name)?.trim()]).filter(([, value]) => value));

export const isFiltered = (filter: DeliveryFilter): boolean => filterNames.some((name) => filter[name] !== undefined);

/** The same list without one of its filters; paging begins anew. */
export const without = (filter: DeliveryFilter, ...names: (keyof DeliveryFilter)[]): string =>
  paths.deliveries(Object.fromEntries(Object.entries(filter).filter(([name]) => !names.includes(name as never))));

/** A moment in an address: a date, a time, or how long before now. */
function momentOf(text: string | undefined, nowMs: number): string | null {
  if (text === undefined) return null;
  const since = sinceMs[text as keyof typeof sinceMs];
  const atMs = since === undefined ? Date.parse(text) : nowMs - since;
  return Number.isNaN(atMs) ? null : new Date(atMs).toISOString();
}

const statusOf = (text: string): WebhookDeliveryStatus | null =>
  text.toUpperCase() in statuses ? (text.toUpperCase() as WebhookDeliveryStatus) : null;

/** `5xx`, `503`, or `none`. */
function answeredWith(code: string): Pick<WebhookDeliveryFilter, 'responseStatus' | 'outcome'> {
  if (code === 'none') return { outcome: ['TIMEOUT', 'DNS', 'TLS', 'CONNECTION', 'REFUSED'] };
  const [, first] = /^([1-5])xx$/.exec(code) ?? [];
  if (first !== undefined) return { responseStatus: { gte: Number(first) * 100, lt: Number(first) * 100 + 100 } };
  return /^[1-5]\d\d$/.test(code) ? { responseStatus: { gte: Number(code), lt: Number(code) + 1 } } : {};
}

/** What the server is asked for. What an address says that means nothing is left out. */
export function serverFilter(filter: DeliveryFilter, nowMs = Date.now()): WebhookDeliveryFilter {
  const status = (filter.status ?? '')
    .split(',')
    .map(statusOf)
    .filter((one) => one !== null);
  const [gte, lt] = [momentOf(filter.from, nowMs), momentOf(filter.to, nowMs)];
  return {
    ...(status.length > 0 && { status }),
    ...(filter.type !== undefined && { eventType: filter.type.split(',') }),
    ...(filter.endpoint !== undefined && { endpointId: filter.endpoint }),
    ...((gte !== null || lt !== null) && { createdAt: { gte, lt } }),
    ...(filter.code !== undefined && answeredWith(filter.code)),
    ...(filter.q !== undefined && { search: filter.q }),
  };
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function timeInWords({ from, to }: DeliveryFilter): string | null {
  const chosen = sinceChoices.find(([value]) => value === from);
  if (chosen && to === undefined) return chosen[1];
  const [since, until] = [momentOf(from, Date.now()), momentOf(to, Date.now())];
  const words = [
    since !== null && `from ${exact.format(Date.parse(since))}`,
    until !== null && `until ${exact.format(Date.parse(until))}`,
  ].filter(Boolean);
  return words.length === 0 ? null : words.join(' ');
}

/** HTTP classes of the last attempt's answer; `none`: no answer began. */
export const codeChoices: FilterChoices = [
  ['2xx', '2xx, arrived'],
  ['3xx', '3xx, redirected'],
  ['4xx', '4xx, refused'],
  ['5xx', '5xx, broken'],
  ['none', 'no answer'],
];
