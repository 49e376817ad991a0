import type { CallToolResult } from '@modelcontextprotocol/server';
import { inSnakeCase } from '../http/failure.js';
import type { Failure, Issue } from '../platform/errors.js';
import { cutText, cutValue, fenced, isPlain, valueWithoutHidden, withoutHidden, type Removed } from './foreign-text.js';

/** What a tool answers. What strangers typed stands under keys named `untrusted`, at whatever depth, and nowhere else. */
export interface ToolAnswer {
  /** One or two sentences for models that are given no structured content: what it is, and what may be asked next. */
  says: string;
  data: Readonly<Record<string, unknown>>;
  /** Whether it is one thing of a list, which may be as large as any other. */
  isAlone?: boolean;
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
/** Of the word that something was cut. */
const cutMarkBytes = 64;
/** For the JSON-RPC frame, `_meta` and what the text adds. */
const frameBytes = 900;

/** The structured content with a short text, without hidden characters and within its bounds. */
export function resultOf({ says, data }: ToolAnswer, { fieldBytesMax, bytesMax, list }: AnswerBounds): CallToolResult {
  const room = bytesMax - frameBytes - fencedBytesMax;
  let [shown, hidden, size] = shortened(data, fieldBytesMax);
  for (let bytes = fieldBytesMax / 2; size > room && bytes >= smallestFieldBytes; bytes /= 2) {
    [shown, hidden, size] = shortened(data, bytes);
  }
  if (size > room && list !== null) shown = withFewerRows(shown, list, room);
  if (size > room && sizeOf(shown) > room) shown = withoutFields(shown);
  const typed = untrustedIn(shown);
  const text = withoutHidden(says, { hiddenCharacters: 0 });
  if (typed.length === 0) return { content: [{ type: 'text', text }], structuredContent: shown };
  const fence = fenced(fencedTextOf(typed));
  const structuredContent = hidden === 0 ? shown : { ...shown, hidden_characters_removed: hidden };
  return { content: [{ type: 'text', text: `${text}\n${fence}` }], structuredContent };
}

/** Within JSON its quotes and backslashes are escaped a second time: by its size there it is cut. */
function fencedTextOf(typed: readonly unknown[]): string {
  const whole = JSON.stringify(typed);
  let bytes = fencedBytesMax;
  let text = cutText(whole, bytes);
  while (sizeOf(text) > fencedBytesMax + cutMarkBytes) text = cutText(whole, (bytes /= 2));
  return text;
}

type Data = Record<string, unknown>;

/** What strangers typed with each text cut, and how many hidden characters were taken away of what is left. */
function shortened(data: Readonly<Data>, fieldBytes: number): [shown: Data, hiddenCharacters: number, bytes: number] {
  const json = JSON.stringify(data);
  if (isPlain(data, json, fieldBytes)) return [data, 0, json.length];
  // Cut first: a page of the largest texts would hold the process up while each of their letters is looked at.
  const short = withUntrusted(data, (typed) => cutValue(typed, fieldBytes));
  const removed: Removed = { hiddenCharacters: 0 };
  const shown = valueWithoutHidden(short, removed) as Data;
  return [shown, removed.hiddenCharacters, sizeOf(shown)];
}

/** The first row stays whatever its size: else its reader could never get beyond it. */
function withFewerRows(data: Data, list: string, room: number): Data {
  const rows = data[list] as { id: string }[];
  let size = sizeOf({ ...data, [list]: [] });
  const fitting = rows.findIndex((row) => (size += sizeOf(row) + 1) > room);
  if (rows.length < 2 || fitting === -1) return data;
  const first = rows.slice(0, Math.max(1, fitting));
  return { ...data, [list]: first, next_cursor: first.at(-1)?.id };
}

/** What is left are too many small texts. */
const withoutFields = (data: Data): Data =>
  withUntrusted(data, (typed) => ({ left_out: `${sizeOf(typed)} bytes of many small fields` })) as Data;

const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

function withUntrusted(value: unknown, change: (typed: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => withUntrusted(one, change));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === 'untrusted' ? change(one) : withUntrusted(one, change)]),
  );
}

function untrustedIn(value: unknown, found: unknown[] = []): unknown[] {
  if (value === null || typeof value !== 'object') return found;
  for (const key of Object.keys(value)) {
    const one = (value as Data)[key];
    if (key === 'untrusted') found.push(one);
    else untrustedIn(one, found);
  }
  return found;
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
  const { code } = failure;
  const { message, details } = inSnakeCase(failure);
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
