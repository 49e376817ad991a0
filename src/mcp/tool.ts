import type { CallToolResult, InputRequiredResult, ServerContext } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { readIdempotencyKey, type Idempotency } from '../http/idempotency.js';
import type { Grant } from '../http/rate-limit/rate-limiter.js';
import type { Actor, Scope } from '../platform/actor.js';
import { invalid, type Feature, type Issue } from '../platform/errors.js';
import type { Body } from '../platform/input-schema.js';
import type { JsonSchema } from '../platform/json-schema.js';
import { validate, type Input, type Unread } from '../platform/validate.js';
import { inAccountOf, workAccount } from '../platform/work/work-account.js';
import { pageBytes, resultBytesMax, resultOf, type ToolAnswer, type AnswerBounds } from './answer.js';
import type { Ending } from './ending.js';
import { respelled } from './respelled.js';

export const toolsets = ['intake', 'webhooks'] as const;
export type Toolset = (typeof toolsets)[number];

/** All four are always said, as what a client assumes of one that is not said is the worst. */
export interface Hints {
  readOnlyHint: boolean;
  destructiveHint: boolean;
  idempotentHint: boolean;
  openWorldHint: boolean;
}

/** What a tool is called with. */
export interface ToolCall {
  actor: Actor;
  args: unknown;
  /** What the door has found wrong with the arguments, to be told with what the tool's rules find. */
  issues: readonly Issue[];
  /** The budget after this call took its point. */
  grant: Grant;
  /** For a tool that waits. */
  ending: Pick<Ending, 'signal'>;
  /** Tells a client that asked for it how far the call is. */
  progress: (done: number, total: number | null, message: string) => Promise<void>;
  /** Whether the client can ask its person for input (the protocol's elicitation, by form). */
  canAsk: boolean;
  /** What the protocol has of the call: the person's input, and the state that was handed out with the question. */
  context: ServerContext;
}

/** One line of the published list: the only place where a tool exists. */
export interface Tool {
  /** An interface: who renames a tool takes it from everybody who was granted it. */
  name: string;
  title: string;
  description: string;
  hints: Hints;
  /** null: any key may. */
  scope: Scope | null;
  /** What the plan must include beside the API itself. */
  feature: Feature | null;
  /** null: in every set. */
  toolset: Toolset | null;
  input: JsonSchema;
  output: JsonSchema;
  run: (call: ToolCall) => Promise<CallToolResult | InputRequiredResult>;
}

type Described<Shape extends z.ZodRawShape> = Omit<Tool, 'hints' | 'feature' | 'input' | 'run'> & {
  input: Body<Shape>;
};

const reads: Hints = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const wholeFields = 2_048;

/** A tool that reads one thing, or a few. */
export function reading<Shape extends z.ZodRawShape>(
  described: Described<Shape>,
  answer: (call: ToolCall, read: Unread<Input<Shape>>) => Promise<ToolAnswer>,
  bounds: Partial<AnswerBounds> = {},
): Tool {
  const whole = { fieldBytesMax: wholeFields, bytesMax: resultBytesMax, list: null, ...bounds };
  const { input } = described;
  const run = async (call: ToolCall) => resultOf(await answer(call, readerOf(input, call)), whole);
  return { ...described, hints: reads, feature: null, input: input.schema, run };
}

/** A tool that reads a page of a list; `list` is its key in the data. */
export function searching<Shape extends z.ZodRawShape>(
  described: Described<Shape>,
  list: string,
  answer: (call: ToolCall, read: Unread<Input<Shape>>) => Promise<ToolAnswer>,
): Tool {
  const { input } = described;
  const run = async (call: ToolCall) => {
    const account = workAccount();
    // Of rows that are large together fewer are read, and the cursor leads on.
    if (account !== null) account.endsEarly = true;
    const answered = await answer(call, readerOf(input, call));
    const { limit } = (call.args ?? {}) as { limit?: unknown };
    const bytesMax = answered.isAlone === true ? resultBytesMax : pageBytes(typeof limit === 'number' ? limit : 0);
    return resultOf(answered, { fieldBytesMax: wholeFields, bytesMax, list });
  };
  return { ...described, hints: reads, feature: null, input: input.schema, run };
}

/** What a change comes to: what the service returns, and what is said of it. */
interface Change<Shape extends z.ZodRawShape, T> {
  /** Runs with an actor whose transaction keeps the answer, where the call has an idempotency key. */
  change: (actor: Actor, read: Unread<Input<Shape>>, call: ToolCall) => Promise<T>;
  view: (changed: T) => ToolAnswer;
}

/** A tool that changes something, once for each idempotency key. */
export function writing<Shape extends z.ZodRawShape, T>(
  described: Described<Shape> & { hints: Omit<Hints, 'readOnlyHint'>; feature: Feature | null },
  idempotency: Idempotency,
  { change, view }: Change<Shape, T>,
): Tool {
  const { input, hints } = described;
  const run = async (call: ToolCall) => {
    const answered = await answeredOnce(described.name, idempotency, call, view, async (actor) => {
      return await change(actor, readerOf(input, call), call);
    });
    return resultOf(answered, { fieldBytesMax: wholeFields, bytesMax: resultBytesMax, list: null });
  };
  return { ...described, hints: { readOnlyHint: false, ...hints }, input: input.schema, run };
}

/**
 * Makes a change, or answers as the first call under its idempotency key was answered. A change that has begun is finished,
 * whether or not its caller still waits.
 */
export async function answeredOnce<T>(
  tool: string,
  idempotency: Idempotency,
  { actor, args }: Pick<ToolCall, 'actor' | 'args'>,
  view: (changed: T) => ToolAnswer,
  change: (actor: Actor) => Promise<T>,
): Promise<ToolAnswer> {
  return await inAccountOf(actor, null, async () => {
    const { key, others } = partedFromKey(args);
    if (key === null) return view(await change(actor));
    const request = { actor, key, method: 'MCP', path: tool, body: Buffer.from(JSON.stringify(others)) };
    const { text, replayed } = await idempotency.once(request, async (keep) => {
      const keeping = actor.guardedBy(keep((changed) => JSON.stringify(view(changed as T))));
      return JSON.stringify(view(await change(keeping)));
    });
    const answer = JSON.parse(text) as ToolAnswer;
    return replayed ? { ...answer, says: `${answer.says} (The first call under this key did it.)` } : answer;
  });
}

/** What of the arguments may differ between calls under one idempotency key. */
const beside = new Set(['idempotency_key', 'confirm']);

function partedFromKey(args: unknown): { key: string | null; others: unknown } {
  if (args === null || typeof args !== 'object' || Array.isArray(args)) return { key: null, others: null };
  const { idempotency_key: given } = args as { idempotency_key?: unknown };
  const others = Object.entries(args)
    .filter(([name]) => !beside.has(name))
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  if (given === undefined || given === null) return { key: null, others };
  const key = typeof given === 'string' ? readIdempotencyKey(given) : null;
  if (key === null) throw invalid('idempotency_key', 'bad_format', 'must have 1 to 255 printable characters');
  return { key, others };
}

const readerOf =
  <Shape extends z.ZodRawShape>({ input }: Body<Shape>, { args, issues }: ToolCall): Unread<Input<Shape>> =>
  () =>
    validate(input, args, 'snake_case', issues);

/** The arguments as they are published, of arguments that are spelled as GraphQL spells them. */
export const argumentsFor = ({ input }: Tool, args: unknown): unknown => respelled(args ?? {}, input);
