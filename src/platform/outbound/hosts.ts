import { networkOf } from '../addresses.js';
import { isIP } from 'node:net';

/** Posts in flight to one host, over all processes that share the work: nobody makes a weapon of us. */
const inFlightMax = 64;
/** How many times the free places a party may hold: alone three quarters of all, and others always find some. */
const shareOfFree = 3;

/** Who waits for room at a host; it waits at one place once, however often it asks. */
export interface Waiter {
  readonly party: string;
  /** Called once there may be room, and before whoever makes it has gone on. */
  wake: () => void;
}

interface Host {
  readonly key: string;
  inFlight: number;
  readonly by: Map<string, number>;
  /** In the order in which they began to wait. */
  readonly waiting: Set<Waiter>;
}

/** There was no room for it, and nothing was sent. */
export class NoRoom extends Error {
  constructor() {
    super('As much as may be is in flight to this host.');
  }
}

/**
 * How much is in flight to each host: a name, and each address that was dialled for one, as many names may lead to one
 * address, and ports to one machine.
 */
export class HostPlaces {
  private readonly hosts = new Map<string, Host>();
  private max = inFlightMax;

  /** Each of as many processes may have its part. */
  shareWith(processes: number): void {
    const before = this.max;
    this.max = Math.max(1, Math.floor(inFlightMax / Math.max(1, processes)));
    if (this.max > before) for (const host of this.hosts.values()) this.wakeAt(host, this.max);
  }

  /** @param host as of `hostOf` */
  hasRoom(host: string, party: string, waiter?: Waiter): boolean {
    const known = this.hosts.get(host);
    if (known === undefined || this.fits(known, party)) return true;
    if (waiter !== undefined) known.waiting.add(waiter);
    return false;
  }

  /** Of one post, which is in flight until it leaves. */
  visit(party: string): Visit {
    return new Visit(this, party);
  }

  /** For a visit; null where there is no room. */
  enter(key: string, party: string): Host | null {
    let host = this.hosts.get(key);
    if (host === undefined) {
      this.hosts.set(key, (host = { key, inFlight: 0, by: new Map(), waiting: new Set() }));
    } else if (!this.fits(host, party)) {
      return null;
    }
    host.inFlight += 1;
    host.by.set(party, (host.by.get(party) ?? 0) + 1);
    return host;
  }

  /** For a visit. */
  leave(host: Host, party: string): void {
    host.inFlight -= 1;
    const left = (host.by.get(party) ?? 0) - 1;
    if (left > 0) host.by.set(party, left);
    else host.by.delete(party);
    // One place is free; when all are, nobody else makes room for those whom one has left waiting.
    this.wakeAt(host, host.inFlight === 0 ? this.max : 1);
    if (host.inFlight === 0 && host.waiting.size === 0) this.hosts.delete(host.key);
  }

  private fits({ inFlight, by }: Host, party: string): boolean {
    return (by.get(party) ?? 0) < (this.max - inFlight) * shareOfFree;
  }

  /** Those of whom it is the turn: each takes what it may, or has no use for it any more. */
  private wakeAt(host: Host, count: number): void {
    let left = count;
    for (const waiter of host.waiting) {
      if (left === 0) return;
      if (!this.fits(host, waiter.party)) continue;
      left -= 1;
      host.waiting.delete(waiter);
      waiter.wake();
    }
  }
}

/** Which hosts one post is in flight to. */
export class Visit {
  private first: Host | null = null;
  private others: Host[] | null = null;

  constructor(
    private readonly places: HostPlaces,
    private readonly party: string,
  ) {}

  /** @param host as of `hostOf`; false where it has no room */
  enter(host: string): boolean {
    if (this.first?.key === host || this.others?.some(({ key }) => key === host)) return true;
    const entered = this.places.enter(host, this.party);
    if (entered === null) return false;
    if (this.first === null) this.first = entered;
    else (this.others ??= []).push(entered);
    return true;
  }

  leave(): void {
    if (this.first !== null) this.places.leave(this.first, this.party);
    for (const host of this.others ?? []) this.places.leave(host, this.party);
    this.first = this.others = null;
  }
}

/** What counts as one host: a name as it is, an IPv6 address by the network that one machine may have whole. */
export const hostOf = (name: string) => (isIP(name) === 6 ? `[${networkOf(name)}]` : name);
