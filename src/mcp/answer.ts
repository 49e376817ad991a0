import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Failure, Issue } from '../platform/errors.js';
import { cutText, cutValue, fenced, valueWithoutHidden, withoutHidden, type Removed } from './foreign-text.js';

/** What a tool answers. What strangers typed stands under keys named `untrusted`, at whatever depth, and nowhere else. */
export interface ToolAnswer {
  /** One or two sentences for models that are given no structured content: what it is, and what may be asked next. */
  says: string;
  data: Readonly<Record<string, unknown>>;
}

export interface AnswerBounds {
  /** Bytes of one text that strangers typed. */
  fieldBytesMax: number;
  /** Bytes of the whole result. */
  bytesMax: number;
  /** The list in the data that may end early, with its last row as the cursor; null where there is none. */
  list: string | null;
}

/** Tokens of a result are counted as its bytes ÷ 3.5, for want of every model's own count. */
const bytesPerToken = 3.5;
export const resultBytesMax = 8_000 * bytesPerToken;
/** Of a page of 20 rows. */
const pageBytesMax = 3_000 * bytesPerToken;
const pageRows = 20;
export const pageBytes = (rows: number) => Math.min(resultBytesMax, Math.max(1, rows / pageRows) * pageBytesMax);

/** Of what strangers typed, so much is repeated in the text. */
const fencedBytesMax = 1_500;
const smallestFieldBytes = 32;
/** For the JSON-RPC frame, `_meta` and what the text adds. */
const frameBytes = 900;

/** The structured content with a short text, without hidden characters and within its bounds. */
export function resultOf({ says, data }: ToolAnswer, bounds: AnswerBounds): CallToolResult {
  const removed: Removed = { hiddenCharacters: 0 };
  const clean = valueWithoutHidden(data, removed) as Record<string, unknown>;
  if (removed.hiddenCharacters > 0) clean['hidden_characters_removed'] = removed.hiddenCharacters;
  const structuredContent = fitted(clean, bounds);
  const typed = untrustedIn(structuredContent);
  const text = withoutHidden(says, removed);
  const parts = typed.length === 0 ? [text] : [text, fenced(cutText(JSON.stringify(typed), fencedBytesMax))];
  return { content: [{ type: 'text', text: parts.join('\n') }], structuredContent };
}

/** Cuts what strangers typed, shorter and shorter, and a list last, until the result has its size. */
function fitted(data: Record<string, unknown>, { fieldBytesMax, bytesMax, list }: AnswerBounds) {
  const room = bytesMax - frameBytes - fencedBytesMax;
  let fitting = data;
  for (let fieldBytes = fieldBytesMax; fieldBytes >= smallestFieldBytes; fieldBytes /= 2) {
    fitting = withUntrusted(data, (typed) => cutValue(typed, fieldBytes)) as Record<string, unknown>;
    if (sizeOf(fitting) <= room) return fitting;
  }
  if (list !== null && Array.isArray(fitting[list])) return withFewerRows(fitting, list, room);
  // What is left are too many small texts.
  const counted = (typed: unknown) => ({ left_out: `${sizeOf(typed)} bytes of many small fields` });
  return withUntrusted(data, counted) as Record<string, unknown>;
}

function withFewerRows(data: Record<string, unknown>, list: string, room: number): Record<string, unknown> {
  const rows = data[list] as { id?: string }[];
  let size = sizeOf({ ...data, [list]: [] });
  const fitting = rows.filter((row) => (size += sizeOf(row) + 1) <= room);
  return { ...data, [list]: fitting, next_cursor: fitting.at(-1)?.id ?? null };
}

const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

function withUntrusted(value: unknown, change: (typed: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => withUntrusted(one, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === 'untrusted' ? change(one) : withUntrusted(one, change)]),
  );
}

function untrustedIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(untrustedIn);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, one]) => (key === 'untrusted' ? [one] : untrustedIn(one)));
}

/** A refusal tells of so many issues and counts the others. */
const issuesToldMax = 60;

/** Where ids of a thing that is not there come from. */
const listedBy: Readonly<Record<string, string>> = {
  intake_bot: 'get_intake_bots',
  submission: 'search_submissions',
  contact: 'search_contacts',
  record: 'search_records',
  webhook: 'get_webhook_endpoints',
  webhook_delivery: 'search_deliveries',
  replay: 'replay_webhooks',
};

/** A refusal that the model can read: the code of the catalogue, what is wrong by path, and what to do next. */
export function refusalOf(failure: Failure, requestId: string): CallToolResult {
  const { code, message, details } = failure;
  const { issues, ...others } = details as { issues?: readonly Issue[] };
  const told = issues?.slice(0, issuesToldMax);
  const rest = (issues?.length ?? 0) - (told?.length ?? 0);
  const next = nextAfter(failure);
  const error = {
    code,
    message,
    ...others,
    ...(told !== undefined && { issues: told }),
    ...(rest > 0 && { more_issues: rest }),
    ...(next !== null && { next }),
    request_id: requestId,
  };
  const text = JSON.stringify({ error: valueWithoutHidden(cutValue(error, 400), { hiddenCharacters: 0 }) });
  return { content: [{ type: 'text', text }], isError: true };
}

function nextAfter({ code, details, headers }: Failure): string | null {
  const { resource, required } = details as { resource?: string; required?: readonly string[] };
  switch (code) {
    case 'resource_not_found': {
      const tool = listedBy[resource ?? ''];
      return tool === undefined ? null : `Ids come from ${tool}; those of other workspaces are not found.`;
    }
    case 'insufficient_scopes':
      return `An Owner can make a key with ${(required ?? []).join(', ')} in the console.`;
    case 'feature_not_available':
      return 'An Owner can change the plan; get_workspace tells which one it is.';
    case 'idempotency_conflict':
      return headers['Retry-After'] === undefined
        ? 'Use another idempotency_key for other arguments.'
        : 'Call again in a second.';
    default:
      return null;
  }
}
