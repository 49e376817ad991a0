import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '../../support/client.js';
import { createBot, createEndpoint, createKey, latestEvent, type Cluster } from './cluster.js';
import { Follower } from './follower.js';
import { nameAt, Subscriber, type Path, type Told } from './subscriber.js';

const clients = 6;
/** Each client's key has 500 points a minute. */
const pauseMs = 150;
const againMs = 100;
const stepsMax = 4;
const arrivesWithinMs = 60_000;

/** A change that was answered with success. */
export interface Change {
  submissionId: string;
  /** 0 is the creation. */
  step: number;
}

/** A change for which a client had to ask more than once, or wait for long. */
export interface Refusal {
  /** From the first time it was asked for until it was answered with success. */
  tookMs: number;
  atMs: number;
  /** What it was answered before. */
  answers: string[];
}

type Answer = Awaited<ReturnType<Client['rest']>>;

/** What an answer says that is no success; null where it is one. */
function refusalIn({ status, body }: Answer): string | null {
  const code = body?.error?.code ?? body?.errors?.[0]?.extensions?.code;
  if (status === 200 && code === undefined) return null;
  return `${status} ${code ?? JSON.stringify(body).slice(0, 200)}`;
}

/** What a client may meet while a process or a node is being followed by another, and asks again after. */
const isWorthAsking = (answer: string, mayBeInFlight: boolean) =>
  // GraphQL answers 200 where the operation had begun.
  /^(200|503) service_unavailable$/.test(answer) ||
  answer.startsWith('network') ||
  // The first try of the same request is still under way, or was when its process died.
  (mayBeInFlight && answer === '409 idempotency_conflict');

/**
 * Clients of a workspace of their own that make submissions and change each a few times, over both doors in turns, one
 * change after the other. Each change is asked for until it is answered with success: a creation under its
 * idempotency key, and an update as it is, as one that changes nothing fires nothing.
 */
export class Load {
  readonly changes: Change[] = [];
  readonly refusals: Refusal[] = [];
  /** Answers that no client should get, whatever dies. */
  readonly broken: string[] = [];
  readonly followers: Follower[] = [];
  /** The longest that a change took, asked for again or not. */
  slowestMs = 0;
  private readonly working: Promise<void>[] = [];
  private isEnding = false;

  private constructor(
    private readonly client: Client,
    private readonly botId: string,
    readonly subscriber: Subscriber,
  ) {}

  static async start(cluster: Cluster): Promise<Load> {
    const tenant = await cluster.createTenant();
    const client = cluster.client(tenant.key);
    const owner = await cluster.signedIn(tenant);
    const input = { scopes: ['read:intake-bots', 'write:intake-bots', 'read:submissions'] };
    const keys: string[] = [];
    for (let each = 0; each < clients; each += 1)
      keys.push((await createKey(owner, { ...input, name: `Client ${each}` })).secret);

    const load = new Load(client, await createBot(client), await Subscriber.start());
    // Followed is what comes behind the first event.
    await load.change(cluster.client(keys[0] ?? ''), 0, randomUUID());
    load.changes.length = 0;
    const after = await latestEvent(client);
    for (const over of ['WebSocket', 'server-sent events'] as const)
      load.followers.push(new Follower(cluster.url, tenant.key, after, over));

    const all = ['submission.completed', 'submission.updated'];
    await createEndpoint(client, { url: load.subscriber.url('/any'), events: all });
    await createEndpoint(client, { url: load.subscriber.url('/serial'), events: all, maxConcurrency: 1 });
    const slow = { url: load.subscriber.url('/slow'), events: ['submission.completed'], maxConcurrency: 1 };
    await createEndpoint(client, slow);
    for (const [each, key] of keys.entries()) load.working.push(load.work(cluster.client(key), each));
    return load;
  }

  /** Lets the clients end what they are at, and waits until all of it has arrived. */
  async end(): Promise<Account> {
    this.isEnding = true;
    await Promise.all(this.working);
    const created = this.changes.filter(({ step }) => step === 0).length;
    await this.subscriber.has((path) => (path === '/slow' ? created : this.changes.length), arrivesWithinMs);
    const isToldAll = () => this.followers.every(({ told }) => told.length >= this.changes.length);
    for (const deadlineMs = performance.now() + arrivesWithinMs; !isToldAll() && performance.now() < deadlineMs;)
      await wait(100);
    await Promise.all(this.followers.map(async (follower) => await follower.stop()));
    const account = new Account(
      this.changes,
      this.subscriber,
      this.followers,
      await this.stored(),
      await this.undelivered(),
    );
    await this.subscriber.stop();
    return account;
  }

  private async work(client: Client, each: number): Promise<void> {
    while (!this.isEnding) {
      const id = await this.change(client, each, randomUUID());
      for (let step = 1; step <= stepsMax && !this.isEnding; step += 1) {
        await wait(pauseMs);
        await this.change(client, each, id, step);
      }
      await wait(pauseMs);
    }
  }

  /** @param name the idempotency key of a creation, the id of the submission of an update */
  private async change(client: Client, each: number, name: string, step = 0): Promise<string> {
    const beganMs = performance.now();
    const atMs = Date.now();
    const answers: string[] = [];
    const overGraphql = each % 2 === 1;
    for (;;) {
      const asked = overGraphql ? this.askGraphql(client, name, step) : this.askRest(client, name, step);
      const answer = await asked.catch(
        (error: Error) => `network: ${error.cause instanceof Error ? error.cause.message : error.message}`,
      );
      const refusal = typeof answer === 'string' ? answer : refusalIn(answer);
      if (refusal === null && typeof answer !== 'string') {
        const { data } = answer.body;
        const submission = data.submission ?? data.createSubmission?.submission ?? data.updateSubmission?.submission;
        this.changes.push({ submissionId: submission.id, step });
        const tookMs = performance.now() - beganMs;
        this.slowestMs = Math.max(this.slowestMs, tookMs);
        if (answers.length > 0 || tookMs > 1_000) this.refusals.push({ tookMs, atMs, answers });
        return submission.id as string;
      }
      answers.push(String(refusal));
      if (!isWorthAsking(String(refusal), step === 0 && answers.length > 1)) this.broken.push(String(refusal));
      await wait(againMs);
    }
  }

  private async askRest(client: Client, name: string, step: number): Promise<Answer> {
    const path = `/intake-bots/${this.botId}/submissions`;
    const data = { full_name: nameAt(step) };
    if (step > 0) return await client.rest('PATCH', `${path}/${name}`, { data });
    const created = { data: { ...data, email: `${name}@example.com` } };
    return await client.rest('POST', path, created, { 'Idempotency-Key': name });
  }

  private async askGraphql(client: Client, name: string, step: number): Promise<Answer> {
    const data = { full_name: nameAt(step) };
    if (step > 0) {
      const update =
        'mutation ($input: UpdateSubmissionInput!) { updateSubmission(input: $input) { submission { id } } }';
      return await client.graphql(update, { input: { id: name, data } });
    }
    const create =
      'mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }';
    const input = { intakeBotId: this.botId, data: { ...data, email: `${name}@example.com` } };
    return await client.graphql(create, { input }, { 'Idempotency-Key': name });
  }

  /** The submissions as the API lists them, by their ids, each as the step that it stands at; without the first of all. */
  private async stored(): Promise<Map<string, number>> {
    const query = `query ($id: ID!, $after: String) {
      submissions(intakeBotId: $id, first: 100, after: $after) { nodes { id data } pageInfo { hasNextPage endCursor } }
    }`;
    const nodes: { id: string; data: { full_name: string } }[] = [];
    for (let after: string | null = null, more = true; more;) {
      const { body } = await this.client.graphql(query, { id: this.botId, after });
      const page = body.data.submissions;
      nodes.push(...page.nodes);
      ({ endCursor: after, hasNextPage: more } = page.pageInfo);
    }
    // The newest come first.
    return new Map(nodes.slice(0, -1).map(({ id, data }) => [id, Number(data.full_name.replace('Step ', ''))]));
  }

  /** Of all that was to be delivered, what the API does not know for delivered once a moment has passed. */
  private async undelivered(): Promise<number> {
    const query = `{
      all: webhookDeliveries { totalCount }
      delivered: webhookDeliveries(filter: { status: DELIVERED }) { totalCount }
    }`;
    let left = NaN;
    for (const deadlineMs = performance.now() + arrivesWithinMs; left !== 0 && performance.now() < deadlineMs;) {
      const { body } = await this.client.graphql(query);
      left = body.data.all.totalCount - body.data.delivered.totalCount;
      if (left !== 0) await wait(500);
    }
    return left;
  }
}

/** What became of all changes that were answered with success; each list is empty where the promises were kept. */
export class Account {
  /** Changes of which an endpoint, or a follower, was told nothing. */
  readonly lost: string[] = [];
  /** Changes that came as several events, or were told of to a follower more than once. */
  readonly repeated: string[] = [];
  /** Events of changes that nobody was told had succeeded. */
  readonly unasked: string[] = [];
  /** Changes of an object that came before an earlier one, to an endpoint that takes one at a time or to a follower. */
  readonly disordered: string[] = [];
  /** Submissions that are not there, or not as their last change left them. */
  readonly wrong: string[] = [];
  /** Endpoints that take one at a time, to which more were under way. */
  readonly crowded: string[] = [];
  /** Posts of an event that had come before: allowed where something died, as they bear the same id. */
  readonly duplicates: number;

  constructor(
    readonly changes: readonly Change[],
    subscriber: Subscriber,
    followers: readonly Follower[],
    stored: ReadonlyMap<string, number>,
    readonly undelivered: number,
  ) {
    const created = changes.filter(({ step }) => step === 0);
    this.check('/any', changes, subscriber.at('/any'));
    this.check('/serial', changes, subscriber.at('/serial'), true);
    this.check('/slow', created, subscriber.at('/slow'), true);
    for (const [index, { told }] of followers.entries()) {
      const name = `follower ${index + 1}`;
      this.check(name, changes, told, true);
      if (new Set(told.map(({ eventId }) => eventId)).size < told.length) this.repeated.push(name);
    }
    const last = new Map<string, number>();
    for (const { submissionId, step } of changes) last.set(submissionId, Math.max(step, last.get(submissionId) ?? 0));
    for (const id of new Set([...last.keys(), ...stored.keys()]))
      if (last.get(id) !== stored.get(id)) this.wrong.push(`${id} is at ${stored.get(id)}, not at ${last.get(id)}`);
    for (const path of ['/serial', '/slow'] satisfies Path[]) {
      const most = subscriber.mostAtOnce.get(path) ?? 0;
      if (most > 1) this.crowded.push(`${path}: ${most} at once`);
    }
    const { delivered } = subscriber;
    this.duplicates = delivered.length - new Set(delivered.map(({ path, eventId }) => `${path} ${eventId}`)).size;
  }

  private check(name: string, changes: readonly Change[], told: readonly Told[], isInOrder = false): void {
    const events = new Map<string, Set<string>>();
    const reached = new Map<string, { step: number; eventId: string }>();
    for (const { submissionId, step, eventId } of told) {
      const change = `${submissionId} ${step}`;
      const ids = events.get(change) ?? new Set();
      events.set(change, ids);
      if (ids.has(eventId)) continue;
      ids.add(eventId);
      const before = reached.get(submissionId);
      reached.set(submissionId, { step, eventId });
      // Ids of one object's events follow its history, whatever process made them.
      const isBehind = before === undefined || (step > before.step && eventId > before.eventId);
      if (isInOrder && !isBehind) this.disordered.push(`${name}: ${change} after ${before.step}`);
    }
    const asked = new Set(changes.map(({ submissionId, step }) => `${submissionId} ${step}`));
    for (const change of asked) if (!events.has(change)) this.lost.push(`${name}: ${change}`);
    for (const [change, ids] of events) {
      if (ids.size > 1) this.repeated.push(`${name}: ${change} as ${[...ids].join(', ')}`);
      if (!asked.has(change)) this.unasked.push(`${name}: ${change}`);
    }
  }
}
