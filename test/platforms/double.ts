import { AssertionError } from 'chai';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { z } from 'zod';
import { digestsOfNothing, platformNames, sha256, type GoldenPerson, type PlatformName } from './golden.js';

/**
 * A stand-in of an ad platform: a real HTTP server that answers as the platform does, and notes beside it what a sender
 * did wrong, by name. Real platforms take wrong digests, stray fields and credentials in a URL without a word; a double
 * takes them as silently, and the test that finds a failure noted fails. Faults of whoever owns the account (a token, an
 * id, a right, a sunset version) are answered and noted nowhere: a sender has to live with those.
 */

export type FailureName =
  | 'wrong path'
  | 'wrong method'
  | 'no version'
  | 'wrong content type'
  | 'missing header'
  | 'missing credential'
  | 'credential in a URL'
  | 'credential in the wrong place'
  | 'credential that lives too long'
  | 'status of what was only validated'
  | 'body is not JSON'
  | 'missing field'
  | 'unknown field'
  | 'wrong type'
  | 'wrong value'
  | 'empty text'
  | 'missing value as text'
  | 'several events in one request'
  | 'PII leak'
  | 'name in plain text'
  | 'page address that tells too much'
  | 'not a digest'
  | 'hashed although it must be plain'
  | 'digest of the empty string'
  | 'digest of a missing value'
  | "digest of another platform's form"
  | 'digest in the wrong field'
  | 'digest of what was typed'
  | 'hashed twice'
  | 'digest of nobody known'
  | 'seconds instead of milliseconds'
  | 'milliseconds instead of seconds'
  | 'number instead of RFC 3339'
  | 'time in the future'
  | 'too old'
  | 'click id changed'
  | 'click id of nobody known'
  | 'click seen at another time'
  | 'click too old'
  | 'several click ids'
  | 'denied consent sent'
  | 'too little to match by'
  | 'currency and value apart'
  | 'unknown currency'
  | 'repeat that tells otherwise';

export interface Failure {
  readonly name: FailureName;
  readonly detail: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});

/** What any of them answers when something in front of the platform broke. */
export const html = (status: number, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'text/html', ...headers },
  body: '<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>',
});

export type Step =
  /** As the platform would. */
  | 'answer'
  /** As the platform would, but only when `release` is called. */
  | 'answer late'
  /** Takes what was sent and hangs up: the sender cannot know. */
  | 'take and hang up'
  /** Hangs up and takes nothing. */
  | 'hang up'
  /** Takes nothing, says nothing. */
  | 'be silent'
  /** Takes what was sent, and answers 200 with half a text. */
  | 'take and garble'
  /** So, and takes nothing. */
  | Answer;

export interface Incoming {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Unix milliseconds, by the double's own clock. */
  readonly at: number;
}

export interface Reply {
  readonly answer: Answer;
  /** What the platform keeps, if it gets to answer. */
  readonly take?: () => void;
  /** Not what scripts are for: a token, a question for a status. */
  readonly aside?: boolean;
}

/** A conversion as the platform's advertiser would see it: once, however often it was told. */
export interface Conversion {
  readonly key: string;
  readonly at: number;
  readonly event: Record<string, unknown>;
  readonly test: boolean;
}

export type Path = readonly (string | number)[];

/** What is wrong with a body, in terms of its schema. */
export interface Fault {
  readonly path: Path;
  readonly kind: 'missing' | 'unknown' | 'type' | 'value';
  readonly message: string;
  readonly value: unknown;
}

export const dayMs = 24 * 60 * 60 * 1000;
const dedupeMs = 2 * dayMs;

export abstract class PlatformDouble {
  /** Unix milliseconds; a test sets it to move the platform through time. */
  clock: () => number = Date.now;
  /** What was asked, scripts or not; not the asides. */
  readonly requests: Incoming[] = [];
  readonly asides: Incoming[] = [];
  readonly failures: Failure[] = [];
  /** What the advertiser would count. */
  readonly conversions: Conversion[] = [];
  /** How often something was taken that was counted before. */
  repeats = 0;
  /** What is done when no step is left. */
  always: Step = 'answer';
  /** How many waited for their answer at once, at most. */
  inFlightMost = 0;

  protected readonly people: GoldenPerson[] = [];
  protected readonly clicks = new Map<string, number | null>();
  private readonly digests = new Map<string, Set<string>>();
  /** What every repeat of a conversion has to say again. */
  private readonly told = new WeakMap<object, string>();
  private readonly steps: Step[] = [];
  private readonly asideSteps: Step[] = [];
  private readonly stepsFor = new Map<string, Step[]>();
  private readonly late: (() => void)[] = [];
  private readonly waiting: { isThere: () => boolean; done: () => void }[] = [];
  private readonly server: ReturnType<typeof createServer>;
  private inFlight = 0;

  protected constructor(private readonly platform: PlatformName) {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => {});
      request.on('end', () => {
        const { method = '', headers } = request;
        const url = new URL(request.url ?? '/', 'http://double');
        const text = Buffer.concat(chunks).toString();
        this.receive({ method, url, headers, text, at: this.clock() }, response, request.socket);
      });
    });
  }

  /** What a request is worth: notes failures, keeps nothing before `take` is called. */
  protected abstract reply(request: Incoming): Reply;
  /** Every text that opens a door, so that it is found where it does not belong. */
  protected abstract credentials(): readonly string[];

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** As if nobody had ever called; what it knows of people and clicks is forgotten too. */
  reset(): void {
    this.clock = Date.now;
    this.always = 'answer';
    this.repeats = 0;
    this.inFlightMost = 0;
    this.clicks.clear();
    this.digests.clear();
    this.stepsFor.clear();
    const { requests, asides, failures, conversions, people, steps, asideSteps } = this;
    for (const list of [requests, asides, failures, conversions, people, steps, asideSteps]) list.length = 0;
    this.release();
  }

  /** The next requests are met so, one each. */
  next(...steps: Step[]): void {
    this.steps.push(...steps);
  }

  /** The next asides are met so: what fetches a token, what asks for a status. */
  nextAside(...steps: Step[]): void {
    this.asideSteps.push(...steps);
  }

  /** The next requests that have this text are met so, one each, whatever else comes between them. */
  nextFor(text: string, ...steps: Step[]): void {
    this.stepsFor.set(text, [...(this.stepsFor.get(text) ?? []), ...steps]);
  }

  /** Answers what waits for it. */
  release(): void {
    for (const answer of this.late.splice(0)) answer();
  }

  /** From now on a digest must be one of somebody known here, in this platform's form. */
  knows(...people: GoldenPerson[]): void {
    this.people.push(...people);
    for (const { digests } of people) {
      for (const [field, right] of Object.entries(digests[this.platform])) this.knowsDigest(field, ...[right].flat());
    }
  }

  knowsDigest(field: string, ...digests: string[]): void {
    this.digests.set(field, new Set([...(this.digests.get(field) ?? []), ...digests]));
  }

  /** From now on a click id must be one of these, byte for byte; seen first at this time, where it says so. */
  knowsClicks(ids: readonly string[], firstSeenAt: number | null = null): void {
    for (const id of ids) this.clicks.set(id, firstSeenAt);
  }

  /** Fails with every failure noted. */
  assertClean(): void {
    if (this.failures.length === 0) return;
    const list = this.failures.map(({ name, detail }) => `  ${name}: ${detail}`).join('\n');
    throw new AssertionError(`What ${this.platform} was sent is wrong:\n${list}`);
  }

  async arrived(count: number, timeoutMs = 10_000): Promise<readonly Incoming[]> {
    await this.until(() => this.requests.length >= count, `${count} requests`, timeoutMs);
    return this.requests;
  }

  async until(isThere: () => boolean, story: string, timeoutMs = 10_000): Promise<void> {
    if (isThere()) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const say = () => `${this.platform}, within ${timeoutMs} ms: ${story}; ${this.requests.length} requests came`;
      timer = setTimeout(() => reject(new Error(say())), timeoutMs);
    });
    await Promise.race([late, new Promise<void>((done) => this.waiting.push({ isThere, done }))]);
    clearTimeout(timer);
  }

  /** Bodies that came, as they were sent. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
  bodies(): any[] {
    return this.requests.map(({ text }) => JSON.parse(text) as unknown);
  }

  protected fail(name: FailureName, detail: string): void {
    this.failures.push({ name, detail });
  }

  /** Keeps what is new within 48 hours, and counts what is not; without a key it is always new. */
  protected count(key: string | null, event: Record<string, unknown>, same: unknown, test: boolean): void {
    const at = this.clock();
    const telling = JSON.stringify(same);
    const before = this.conversions.findLast((it) => it.key === key && at - it.at < dedupeMs);
    if (before === undefined) {
      this.conversions.push({ key: key ?? `without an id ${this.conversions.length}`, at, event, test });
      this.told.set(event, telling);
      return;
    }
    this.repeats++;
    const said = this.told.get(before.event);
    if (said !== telling) this.fail('repeat that tells otherwise', `${key}: ${said}, then ${telling}`);
  }

  /** The body as JSON, or null where it is none. */
  protected parse(request: Incoming): Record<string, unknown> | null {
    const type = request.headers['content-type'] ?? '';
    if (!/^application\/json\s*(;\s*charset=utf-8)?$/i.test(type)) this.fail('wrong content type', type || 'none');
    try {
      const body: unknown = JSON.parse(request.text);
      if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
    } catch {
      // Noted below.
    }
    this.fail('body is not JSON', request.text.slice(0, 80));
    return null;
  }

  /** What of a body is not as its schema has it; all of it is noted. */
  protected faults(schema: z.ZodType, body: unknown): Fault[] {
    const result = schema.safeParse(body);
    const faults = result.success ? [] : result.error.issues.flatMap((issue) => faultsOf(issue, body));
    const names = { missing: 'missing field', unknown: 'unknown field', type: 'wrong type', value: 'wrong value' };
    for (const { path, kind, message } of faults)
      this.fail(names[kind] as FailureName, `${path.join('.')}: ${message}`);
    return faults;
  }

  /**
   * Looks through everything that was sent for what must not leave. `plain` are the paths whose texts are what they
   * are: ids, tokens, user agents, addresses of pages, which have a check of their own.
   */
  protected inspect(request: Incoming, body: unknown, plain: RegExp): void {
    for (const [path, value] of textsOf(body)) {
      const where = path.join('.');
      if (value === '') this.fail('empty text', where);
      if (/^(null|undefined|nan|\[object \w+\])$/i.test(value))
        this.fail('missing value as text', `${where}: ${value}`);
      this.findPerson(where, value, plain.test(where));
    }
    const url = decodeURIComponent(request.url.href);
    this.findPerson('the URL', url, true);
    for (const [name, value] of Object.entries(request.headers)) {
      if (value?.includes('@') === true) this.fail('PII leak', `the header ${name}: ${String(value)}`);
    }
  }

  private findPerson(where: string, value: string, plain: boolean): void {
    const leak = () => this.fail('PII leak', `${where}: ${value}`);
    if (/@|%40/.test(value)) return leak();
    if (isDigest(value)) return;
    const digits = value.replaceAll(/\D/g, '');
    const lower = value.toLowerCase();
    for (const { typed } of this.people) {
      const phone = typed['phone']?.replaceAll(/\D/g, '') ?? '';
      if (phone.length >= 7 && digits.includes(phone)) return leak();
      const names = [typed['first_name'], typed['last_name']].map((name) => name?.toLowerCase());
      const asked = plain && /(first|last)Name$/.test(where);
      if (!asked && names.includes(lower)) return this.fail('name in plain text', `${where}: ${value}`);
    }
    if (!plain && looksLikePhone(value)) leak();
  }

  /** The digest of one field: its shape, and whether it is that of somebody known, in this platform's form. */
  protected checkDigest(field: string, value: unknown): void {
    if (typeof value !== 'string') return;
    if (!isDigest(value)) return this.fail('not a digest', `${field}: ${value}`);
    const nothing = digestsOfNothing[value];
    if (nothing === '') return this.fail('digest of the empty string', field);
    if (nothing !== undefined) return this.fail('digest of a missing value', `${field}: ${nothing}`);
    if (this.people.length === 0 && this.digests.size === 0) return;
    if (this.digests.get(field)?.has(value) === true) return;
    this.fail(this.mistaken(value), `${field}: ${value}`);
  }

  private mistaken(value: string): FailureName {
    for (const digests of this.digests.values()) if (digests.has(value)) return 'digest in the wrong field';
    const rights = [...this.digests.values()].flatMap((digests) => [...digests]);
    if (rights.some((right) => sha256(right) === value)) return 'hashed twice';
    for (const { typed, digests } of this.people) {
      const others = platformNames.flatMap((platform) => Object.values(digests[platform]).flat());
      if (others.includes(value)) return "digest of another platform's form";
      const raw = Object.values(typed).flatMap((text) => [text, text.trim(), text.toLowerCase()]);
      if (raw.some((text) => sha256(text) === value)) return 'digest of what was typed';
    }
    return 'digest of nobody known';
  }

  /** A click id must be as it was in the address of the landing page, byte for byte. */
  protected checkClick(field: string, value: unknown): void {
    if (typeof value !== 'string' || this.clicks.size === 0 || this.clicks.has(value)) return;
    const bare = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
    const known = [...this.clicks.keys()].some((id) => bare(id) === bare(value) || sha256(id) === value);
    this.fail(known ? 'click id changed' : 'click id of nobody known', `${field}: ${value}`);
  }

  /** Ids of clicks and campaigns may stay in an address, and nothing else of its query. */
  protected checkPage(field: string, value: unknown): void {
    if (typeof value !== 'string') return;
    const wrong = () => this.fail('page address that tells too much', `${field}: ${value}`);
    if (!URL.canParse(value) || !/^https?:/.test(value)) return this.fail('wrong value', `${field}: ${value}`);
    const { hash, username, password, searchParams, pathname, hostname } = new URL(value);
    if (hash !== '' || username !== '' || password !== '') return wrong();
    const allowed = /^(utm_\w+|fbclid|gclid|gbraid|wbraid|li_fat_id|ttclid|msclkid)$/;
    if ([...searchParams.keys()].some((name) => !allowed.test(name))) return wrong();
    const texts = [hostname, pathname, ...searchParams].flatMap((it) =>
      typeof it === 'string' ? [it] : it[0].startsWith('utm_') ? [it[1]] : [],
    );
    if (texts.some((text) => text.includes('@') || looksLikePhone(decodeURIComponent(text), true))) wrong();
  }

  /** A known ISO 4217 code in capitals; the platforms that do not check it book nonsense. */
  protected checkCurrency(field: string, value: unknown): void {
    if (typeof value !== 'string' || currencies.has(value)) return;
    this.fail('unknown currency', `${field}: ${value}`);
  }

  private stepFor({ text }: Incoming): Step | undefined {
    for (const [part, steps] of this.stepsFor) if (text.includes(part) && steps.length > 0) return steps.shift();
    return this.steps.shift();
  }

  private receive(request: Incoming, response: ServerResponse, socket: Socket): void {
    for (const credential of this.credentials()) {
      const { href } = request.url;
      if (href.includes(credential) || href.includes(encodeURIComponent(credential))) {
        this.fail('credential in a URL', request.url.pathname);
      }
    }
    for (const name of request.url.searchParams.keys()) {
      if (/token|secret|password|assertion|^key$/i.test(name))
        this.fail('credential in a URL', `the parameter ${name}`);
    }
    this.inFlight++;
    this.inFlightMost = Math.max(this.inFlightMost, this.inFlight);
    response.on('close', () => this.inFlight--);
    const { answer, take, aside = false } = this.reply(request);
    (aside ? this.asides : this.requests).push(request);
    const step = aside ? (this.asideSteps.shift() ?? 'answer') : (this.stepFor(request) ?? this.always);
    const say = (it: Answer) => {
      // A kept connection that breaks off may be opened again by its client, unseen; one made for its request may not.
      response.shouldKeepAlive = false;
      response.writeHead(it.status, { 'content-length': Buffer.byteLength(it.body), ...it.headers });
      response.end(it.body);
    };
    if (typeof step === 'string' && (step.startsWith('answer') || step.startsWith('take'))) take?.();
    if (typeof step === 'object') say(step);
    else if (step === 'answer') say(answer);
    else if (step === 'answer late') this.late.push(() => say(answer));
    else if (step === 'take and garble') say({ ...json(200, {}), body: '{"half": ' });
    else if (step !== 'be silent') socket.destroy();
    for (const { isThere, done } of this.waiting) if (isThere()) done();
  }
}

/** Six digits or less are a postal code, a year, a price. */
export function looksLikePhone(text: string, inside = false): boolean {
  const shape = /(\+|00|\()?\d([\s().-]{0,2}\d){6,}/;
  return inside ? shape.test(text) : new RegExp(`^\\s*${shape.source}\\s*$`).test(text);
}

export const isDigest = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

const currencies = new Set(Intl.supportedValuesOf('currency'));

function* textsOf(value: unknown, path: Path = []): Generator<[Path, string]> {
  if (typeof value === 'string') yield [path, value];
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* textsOf(inner, [...path, key]);
  }
}

function at(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) found = (found as Record<string | number, unknown> | null | undefined)?.[key];
  return found;
}

function faultsOf(issue: z.core.$ZodIssue, body: unknown): Fault[] {
  const path = issue.path as Path;
  const value = at(body, path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      kind: 'unknown',
      message: 'not a field',
      value: at(body, [...path, key]),
    }));
  }
  const kind = value === undefined ? 'missing' : issue.code === 'invalid_type' ? 'type' : 'value';
  const { message } = issue;
  return [{ path, kind, message, value }];
}
