import { networkOf } from '../addresses.js';
import { isIP } from 'node:net';

/** Posts in flight to one host, over all processes that deliver: so that nobody can use us to flood a host. */
const inFlightMax = 64;
/** A party may hold this many times what is free: alone three quarters of all places, and others always find some. */
const shareOfFree = 3;

/** Somebody who waits for room at a host, once, however often it asks. */
export interface Waiter {
  readonly party: string;
  /** Called when there may be room, before the post that made it goes on. */
  wake: () => void;
}

interface Host {
  readonly key: string;
  inFlight: number;
  readonly by: Map<string, number>;
  /** Those who wait, in the order in which they began to. */
  readonly waiting: Set<Waiter>;
}

/** A host had no room for a post, and nothing was sent. */
export class NoRoom extends Error {
  constructor() {
    super('As much as may be is in flight to this host.');
  }
}

/**
 * Counts the posts in flight to each host. A host is a name, and also each address that was dialled for a name, as many
 * names may lead to one address; all ports of one machine count as one.
 */
export class HostPlaces {
  private readonly hosts = new Map<string, Host>();
  private max = inFlightMax;

  /** Sets how many processes deliver: this one takes its part of what may be in flight. */
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

  /** Begins a post, which counts until its visit leaves. */
  visit(party: string): Visit {
    return new Visit(this, party);
  }

  /** Called by visits; null where there is no room. */
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

  /** Called by visits. */
  leave(host: Host, party: string): void {
    host.inFlight -= 1;
    const left = (host.by.get(party) ?? 0) - 1;
    if (left > 0) host.by.set(party, left);
    else host.by.delete(party);
    // One place is free now. When all are, everybody is woken: no other post will end and wake those who are left.
    this.wakeAt(host, host.inFlight === 0 ? this.max : 1);
    if (host.inFlight === 0 && host.waiting.size === 0) this.hosts.delete(host.key);
  }

  private fits({ inFlight, by }: Host, party: string): boolean {
    return (by.get(party) ?? 0) < (this.max - inFlight) * shareOfFree;
  }

  /** Wakes those who have waited longest; each takes what it may, or has no use for the place any more. */
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

/** The hosts that one post is in flight to. */
export class Visit {
  private readonly hosts: Host[] = [];

  constructor(
    private readonly places: HostPlaces,
    private readonly party: string,
  ) {}

  /** @param host as `hostOf` names it. @returns false where it has no room */
  enter(host: string): boolean {
    if (this.hosts.some(({ key }) => key === host)) return true;
    const entered = this.places.enter(host, this.party);
    if (entered !== null) this.hosts.push(entered);
    return entered !== null;
  }

  leave(): void {
    for (const host of this.hosts.splice(0)) this.places.leave(host, this.party);
  }
}

/** The name under which a host is counted: a name as it is, an IPv6 address by the /64 that one machine may have whole. */
export const hostOf = (name: string) => (isIP(name) === 6 ? `[${networkOf(name)}]` : name);
