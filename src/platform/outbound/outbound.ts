/**
 * One file because an address is judged when a URL is saved, when a connection opens and when its peer is known: all
 * three have to go by the same rules and the same look-up.
 */
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import tls from 'node:tls';
import { LRUCache } from 'lru-cache';
import { blockListOf } from '../addresses.js';
import { type AddressPolicy, type AddressRefusal, type RefusalRule, type Target } from './address-guard.js';
import { addressVerdict, judgeAnswers, parseTarget, refusal } from './address-guard.js';
import type { AnswerKept } from './answer.js';
import { within } from '../async/deadline.js';
import { OutboundAttempt, type Outcome } from './attempt.js';
import { OutboundConnection, isSendable, type OutgoingRequest } from './connection.js';
import { hostOf, HostPlaces, NoRoom, type Waiter } from './hosts.js';
import { resolverBy, type Resolver } from './resolve-name.js';

export { NoRoom };
export type { Outcome };

export interface OutboundOptions {
  allowedCidrs: readonly string[];
  /** The time for one attempt with all that belongs to it: look-up, connection, answer and its body. */
  timeoutMs: number;
  /** The time for look-up, TCP and TLS together. */
  connectTimeoutMs?: number;
  /** A look-up that is older serves no new connection, and a connection that is older is not used again. */
  lookupAgeMsMax?: number;
  resolve?: Resolver;
  /** The addresses of this machine's own interfaces, which are refused. */
  ownAddresses?: () => string[];
  /** How much of each answer is kept; 16 KiB unless said otherwise. */
  answerKept?: AnswerKept;
  /** Counts refusals, when a URL is saved and when it is dialled. */
  onRefused?: (rule: RefusalRule) => void;
}

interface Lookup {
  answer: Promise<readonly string[]>;
  /** The host, as `hostOf` names it, of the address that was dialled last, or will be first. */
  host: string | null;
  freshUntil: number;
}

const checkTimeoutMs = 2_000;
const ownAddressesAgeMs = 10_000;
const lookupsKept = 1_000;
const targetsKept = 1_000;
const idleConnectionsMax = 512;
/** So long an address is tried before the next one: a dead IPv6 route delays IPv4 by this. */
const addressAttemptMs = 500;

/**
 * HTTP to strangers. What may be dialled is decided by address-guard.ts: when a URL is saved, again for every new
 * connection, and once more on the peer of the open socket. No redirects, proxies, HTTP/2 or compression.
 */
export class Outbound {
  private readonly allowed: net.BlockList;
  private readonly connectTimeoutMs: number;
  private readonly lookupAgeMsMax: number;
  private readonly resolve: Resolver;
  // Built once: a context for each connection would parse the system's certificate authorities again.
  private readonly secureContext = tls.createSecureContext();
  /** Verdicts on URLs, for as long as the policy that judged them stands. */
  private readonly targets = new LRUCache<string, Target | AddressRefusal>({ max: targetsKept });
  private readonly lookups = new LRUCache<string, Lookup>({ max: lookupsKept });
  /** Idle connections by origin, the least recently used first; the last one is taken, so that the others may expire. */
  private readonly idle = new Map<string, OutboundConnection[]>();
  private idleCount = 0;
  private own = { addresses: [] as string[], freshUntil: 0 };
  private closed = false;
  private readonly places = new HostPlaces();
  /** An array: what comes and goes with each attempt leaves no tables behind (docs/decisions/013). */
  private readonly underWay: OutboundAttempt[] = [];
  private readonly onEnded = (attempt: OutboundAttempt) => void this.underWay.splice(this.underWay.indexOf(attempt), 1);
  private readonly onReusable = (connection: OutboundConnection) => this.keep(connection);

  constructor(private readonly options: OutboundOptions) {
    this.allowed = blockListOf(options.allowedCidrs);
    this.connectTimeoutMs = options.connectTimeoutMs ?? 5_000;
    this.lookupAgeMsMax = options.lookupAgeMsMax ?? 60_000;
    this.resolve = options.resolve ?? resolverBy();
  }

  /** Judges a URL that is about to be saved; null: it may be. A name that does not resolve within 2 s may be saved, too. */
  async check(url: string): Promise<AddressRefusal | null> {
    const target = parseTarget(url, this.policy());
    const refused = target.ok ? await this.checkName(target) : target;
    if (refused !== null) this.options.onRefused?.(refused.rule);
    return refused;
  }

  private async checkName(target: Target): Promise<AddressRefusal | null> {
    if (target.isLiteral) return null;
    const addresses = await within(checkTimeoutMs, this.resolve(target.hostname), () => null).catch(() => null);
    if (addresses !== null && addresses.length > 0) return judgeAnswers(target, addresses, this.policy());
    return target.onlyListed === null ? null : refusal(target.onlyListed);
  }

  /** Sets how many processes deliver: this one takes its part of what may be in flight to a host. */
  shareWith(processes: number): void {
    this.places.shareWith(processes);
  }

  /**
   * Whether a post may go to its host now: so many posts are in flight to one host at most, and one party never has all
   * of them. If not, the waiter is woken once there may be room.
   */
  hasRoom(url: string, party: string, waiter?: Waiter): boolean {
    const target = this.targetOf(url);
    if (!target.ok) return true;
    if (!this.places.hasRoom(target.host, party, waiter)) return false;
    if (target.isLiteral) return true;
    const dialled = this.idle.get(target.origin)?.at(-1)?.host ?? this.lookups.get(target.hostname)?.host ?? null;
    return dialled === null || this.places.hasRoom(dialled, party, waiter);
  }

  /**
   * One POST, on behalf of a party (a workspace). Whatever the stranger does is an outcome; the promise rejects with
   * `NoRoom`, when this is closed, or when `signal` breaks the post off.
   */
  post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer | string,
    party = '',
    signal?: AbortSignal,
  ): Promise<Outcome> {
    return this.request(url, { method: 'POST', headers, body }, party, signal);
  }

  /** One GET; the rest is as with `post`. */
  get(url: string, headers: Readonly<Record<string, string>>, party = ''): Promise<Outcome> {
    return this.request(url, { method: 'GET', headers, body: '' }, party);
  }

  private request(url: string, message: OutgoingRequest, party: string, signal?: AbortSignal): Promise<Outcome> {
    if (this.closed) return Promise.reject(new Error('Outbound is closed.'));
    const target = this.targetOf(url);
    const { timeoutMs } = this.options;
    const visit = this.places.visit(party);
    const attempt = new OutboundAttempt(message, timeoutMs, this.onEnded, this.onReusable, visit);
    this.underWay.push(attempt);
    signal?.addEventListener('abort', () => attempt.giveUp(new Error('the post was broken off')), { once: true });
    if (!target.ok) {
      this.refuse(attempt, target);
      return attempt.outcome;
    }
    if (!isSendable(target.path, message.headers)) {
      attempt.end('refused', 'a header or the path cannot be sent');
      return attempt.outcome;
    }
    if (!this.enter(attempt, target.host)) return attempt.outcome;
    const connection = this.takeIdle(target.origin);
    if (connection === null) {
      void this.open(target, attempt);
    } else if (this.enter(attempt, connection.host)) {
      // A kept connection may have died; then nothing was answered, and on a fresh one the stranger sees the event once.
      attempt.send(target.path, connection, () => void this.open(target, attempt));
    } else {
      this.keep(connection);
    }
    return attempt.outcome;
  }

  /** Takes no more posts, ends those under way (their senders have waited for them), and closes every connection. */
  close(): void {
    this.closed = true;
    for (const connection of [...this.idle.values()].flat()) this.discard(connection);
    for (const attempt of this.underWay.slice()) attempt.end('connection', 'the sender stopped');
  }

  /** Takes a place at the host. @returns false where there was none, and the attempt is over */
  private enter(attempt: OutboundAttempt, host: string): boolean {
    if (attempt.visit.enter(host)) return true;
    attempt.giveUp(new NoRoom());
    return false;
  }

  private async open(target: Target, attempt: OutboundAttempt): Promise<void> {
    attempt.startConnecting(this.connectTimeoutMs);
    let addresses: readonly string[] = [target.hostname];
    if (!target.isLiteral) {
      const startedAt = performance.now();
      addresses = await this.lookup(target.hostname).catch(() => []);
      attempt.timings.dnsMs = performance.now() - startedAt;
      if (addresses.length === 0) attempt.end('dns', 'the name does not resolve');
    }
    if (attempt.ended) return;
    const refused = judgeAnswers(target, addresses, this.policy());
    if (refused !== null) return this.refuse(attempt, refused);
    if (this.enter(attempt, hostOf(addresses[0] ?? target.hostname))) this.dial(target, addresses, attempt);
  }

  private dial(target: Target, addresses: readonly string[], attempt: OutboundAttempt): void {
    const startedAt = performance.now();
    let connectedAt = startedAt;
    attempt.phase = 'connect';
    attempt.address = addresses[0] ?? null;
    const options = {
      host: target.hostname,
      port: target.port,
      // Node calls this for names alone; literal addresses were judged before.
      lookup: pinned(addresses),
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: addressAttemptMs,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
    };
    const socket = target.secure
      ? tls.connect({
          ...options,
          ...(target.isLiteral ? {} : { servername: target.hostname }),
          secureContext: this.secureContext,
          ALPNProtocols: ['http/1.1'],
          // Set explicitly, since the environment can turn it off.
          rejectUnauthorized: true,
        })
      : net.connect(options);
    attempt.carrier = { close: () => socket.destroy() };

    const onError = (error: Error) => attempt.fail(error);
    // Without a listener an error on a socket nobody waits for any more would end the process.
    socket.on('error', () => {}).once('error', onError);
    socket.once('connect', () => {
      connectedAt = performance.now();
      attempt.timings.connectMs = connectedAt - startedAt;
      attempt.phase = 'tls';
      if (socket.remoteAddress === undefined) return attempt.end('connection', 'the connection broke off');
      attempt.address = socket.remoteAddress;
      const peer = addressVerdict(socket.remoteAddress, this.policy());
      if (!peer.ok) this.refuse(attempt, refusal(peer.rule));
      else if (!attempt.ended && this.enter(attempt, hostOf(socket.remoteAddress))) return;
      // Of several addresses another may have answered than the one assumed: from now on room is asked for at that host.
      const lookup = this.lookups.get(target.hostname);
      if (lookup !== undefined) lookup.host = hostOf(socket.remoteAddress);
    });
    socket.once(target.secure ? 'secureConnect' : 'connect', () => {
      if (attempt.ended) return;
      if (target.secure) attempt.timings.tlsMs = performance.now() - connectedAt;
      socket.removeListener('error', onError);
      const connection = new OutboundConnection(
        target.origin,
        socket,
        performance.now() + this.lookupAgeMsMax,
        () => this.forget(connection),
        this.options.answerKept,
      );
      attempt.send(target.path, connection, null);
    });
  }

  private refuse(attempt: OutboundAttempt, refused: AddressRefusal): void {
    this.options.onRefused?.(refused.rule);
    attempt.end('refused', `the URL ${refused.message}`);
  }

  private targetOf(url: string): Target | AddressRefusal {
    const policy = this.policy();
    const known = this.targets.get(url);
    if (known !== undefined) return known;
    const target = parseTarget(url, policy);
    this.targets.set(url, target);
    return target;
  }

  private policy(): AddressPolicy {
    const now = performance.now();
    if (now >= this.own.freshUntil) {
      const addresses = (this.options.ownAddresses ?? interfaceAddresses)();
      this.own = { addresses, freshUntil: now + ownAddressesAgeMs };
      this.targets.clear();
    }
    return { allowed: this.allowed, own: this.own.addresses };
  }

  /** One look-up serves all who ask at the same time; a failure is not remembered. */
  private lookup(hostname: string): Promise<readonly string[]> {
    const now = performance.now();
    const known = this.lookups.get(hostname);
    if (known !== undefined && now < known.freshUntil) return known.answer;
    const answer = this.resolve(hostname);
    const lookup: Lookup = { answer, host: known?.host ?? null, freshUntil: now + this.lookupAgeMsMax };
    this.lookups.set(hostname, lookup);
    answer.then(
      ([first]) => (lookup.host = first === undefined ? null : hostOf(first)),
      () => {
        if (this.lookups.get(hostname) === lookup) this.lookups.delete(hostname);
      },
    );
    return answer;
  }

  private takeIdle(origin: string): OutboundConnection | null {
    const same = this.idle.get(origin);
    for (;;) {
      const connection = same?.pop();
      if (connection === undefined) return null;
      this.idleCount -= 1;
      if (performance.now() < connection.reusableUntil) return connection;
      connection.close();
    }
  }

  private keep(connection: OutboundConnection): void {
    const now = performance.now();
    if (this.closed || now >= connection.reusableUntil || !connection.rest()) return connection.close();
    connection.idleSince = now;
    const same = this.idle.get(connection.origin);
    if (same === undefined) this.idle.set(connection.origin, [connection]);
    else same.push(connection);
    this.idleCount += 1;
    if (this.idleCount > idleConnectionsMax) this.discardOldest();
  }

  private discardOldest(): void {
    let oldest: OutboundConnection | undefined;
    for (const [first] of this.idle.values()) {
      if (first !== undefined && first.idleSince < (oldest?.idleSince ?? Infinity)) oldest = first;
    }
    if (oldest !== undefined) this.discard(oldest);
  }

  private discard(connection: OutboundConnection): void {
    this.forget(connection);
    connection.close();
  }

  /** Removes a closed connection from the idle ones, if it was idle. */
  private forget(connection: OutboundConnection): void {
    const same = this.idle.get(connection.origin);
    if (same === undefined) return;
    const index = same.indexOf(connection);
    if (index !== -1) {
      same.splice(index, 1);
      this.idleCount -= 1;
    }
    if (same.length === 0) this.idle.delete(connection.origin);
  }
}

const interfaceAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);

/** Gives `net.connect` the addresses that were judged, so that a second look-up cannot answer otherwise. */
function pinned(addresses: readonly string[]): net.LookupFunction {
  const all = addresses.map((address) => ({ address, family: net.isIP(address) }));
  return (_hostname, _options, callback) => callback(null, all);
}
