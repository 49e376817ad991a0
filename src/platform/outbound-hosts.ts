import { isIP } from 'node:net';
import { networkOf } from './address-network.js';

/** Posts in flight to one host, over all processes that share the work: nobody makes a weapon of us. */
const inFlightMax = 64;
/** How many times the free places a party may hold: alone three quarters of all, and others always find some. */
const shareOfFree = 3;

interface Host {
  inFlight: number;
  readonly by: Map<string, number>;
  /** In the order in which they began to wait. */
  readonly waiting: Map<object, { party: string; wake: () => void }>;
}

/** There was no room for it, and nothing was sent. */
export class NoRoom extends Error {
  constructor(readonly host: string) {
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
    const more = this.max;
    this.max = Math.max(1, Math.floor(inFlightMax / Math.max(1, processes)));
    if (this.max > more) for (const [key, host] of this.hosts) this.wakeIn(key, host);
  }

  /** `wake` is called, once, when there may be; one `owner` waits at one place. */
  hasRoom(name: string, party: string, waiting?: { owner: object; wake: () => void }): boolean {
    const host = this.hosts.get(hostOf(name));
    if (host === undefined || this.fits(host, party)) return true;
    if (waiting !== undefined) host.waiting.set(waiting.owner, { party, wake: waiting.wake });
    return false;
  }

  /** Of one post, which is in flight until it leaves. */
  visit(party: string): Visit {
    return new Visit(this, party);
  }

  /** @internal for visits */
  enter(key: string, party: string): boolean {
    let host = this.hosts.get(key);
    if (host === undefined) this.hosts.set(key, (host = { inFlight: 0, by: new Map(), waiting: new Map() }));
    if (!this.fits(host, party)) return false;
    host.inFlight += 1;
    host.by.set(party, (host.by.get(party) ?? 0) + 1);
    return true;
  }

  /** @internal for visits */
  leave(key: string, party: string): void {
    const host = this.hosts.get(key);
    if (host === undefined) return;
    host.inFlight -= 1;
    const left = (host.by.get(party) ?? 0) - 1;
    if (left > 0) host.by.set(party, left);
    else host.by.delete(party);
    this.wakeIn(key, host);
  }

  private fits({ inFlight, by }: Host, party: string): boolean {
    return (by.get(party) ?? 0) < (this.max - inFlight) * shareOfFree;
  }

  private wakeIn(key: string, host: Host): void {
    // Each that is woken may take what there is, or nothing.
    for (const [owner, { party, wake }] of host.waiting) {
      if (host.inFlight >= this.max) break;
      if (!this.fits(host, party)) continue;
      host.waiting.delete(owner);
      wake();
    }
    if (host.inFlight === 0 && host.waiting.size === 0) this.hosts.delete(key);
  }
}

/** Which hosts one post is in flight to. */
export class Visit {
  private readonly keys: string[] = [];

  constructor(
    private readonly places: HostPlaces,
    private readonly party: string,
  ) {}

  /** @throws NoRoom */
  enter(name: string): void {
    const key = hostOf(name);
    if (this.keys.includes(key)) return;
    if (!this.places.enter(key, this.party)) throw new NoRoom(name);
    this.keys.push(key);
  }

  leave(): void {
    for (const key of this.keys.splice(0)) this.places.leave(key, this.party);
  }
}

/** A name as it is, an IPv6 address by the network that one machine may have whole. */
const hostOf = (name: string) => (isIP(name) === 0 ? name : `[${networkOf(name)}]`);
