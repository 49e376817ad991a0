import { networkOf } from '../platform/addresses.js';
import { rateLimitExceeded, serviceUnavailable } from '../platform/errors.js';

/** Sign-ins of one network that are in the queue at once, slow-downs included, and that may wait before it. */
const placesMax = 4;
const waitingMax = 16;
/** A site, which may have a whole /48, has this many times the places of a /64 in it. */
const widerBy = 10;
/** Places of all networks together; most of them are taken by sign-ins that only wait out a slow-down. */
const placesInAllMax = 1_000;

interface Network {
  held: number;
  readonly waiting: (() => void)[];
}

/**
 * Places in the queue of passwords: each password takes one of two threads for a twentieth of a second. A flood from one
 * address holds a few places, so that people who sign in from elsewhere wait behind those few only.
 */
export class PasswordPlaces {
  private readonly networks = new Map<string, Network>();
  private inAll = 0;

  /** @throws rate_limit_exceeded when too many of this network wait already, service_unavailable when all places are taken */
  async hold<T>(address: string | null, work: () => Promise<T>): Promise<T> {
    const [narrow, wide] = [networkOf(address ?? ''), networkOf(address ?? '', 48)];
    return await this.within(narrow, 1, async () =>
      this.within(`${wide} and wider`, widerBy, async () => {
        if (this.inAll >= placesInAllMax) throw serviceUnavailable({ cause: 'too many passwords to check' });
        this.inAll += 1;
        try {
          return await work();
        } finally {
          this.inAll -= 1;
        }
      }),
    );
  }

  private async within<T>(name: string, times: number, work: () => Promise<T>): Promise<T> {
    const network = this.networks.get(name) ?? { held: 0, waiting: [] };
    this.networks.set(name, network);
    if (network.held < placesMax * times) network.held += 1;
    else if (network.waiting.length >= waitingMax * times) throw rateLimitExceeded(1);
    else await new Promise<void>((resolve) => network.waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The place goes to the next sign-in of the network that waits, or becomes free.
      const next = network.waiting.shift();
      if (next !== undefined) next();
      else if (--network.held === 0) this.networks.delete(name);
    }
  }
}
