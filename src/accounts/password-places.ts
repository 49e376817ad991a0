import { networkOf } from '../platform/addresses.js';
import { Places } from '../platform/async/places.js';
import { serviceUnavailable } from '../platform/errors.js';

/** Sign-ins of one network that are in the queue at once, slow-downs included, and that may wait before it. */
const placesMax = 4;
const waitingMax = 16;
/** A site, which may have a whole /48, has this many times the places of a /64 in it. */
const widerBy = 10;
/** Places of all networks together; most of them are taken by sign-ins that only wait out a slow-down. */
const placesInAllMax = 1_000;

/**
 * Places in the queue of passwords: each password takes one of two threads for a twentieth of a second. A flood from one
 * address holds a few places, so that people who sign in from elsewhere wait behind those few only.
 */
export class PasswordPlaces {
  private readonly narrow = new Places(placesMax, waitingMax);
  private readonly wide = new Places(placesMax * widerBy, waitingMax * widerBy);
  private inAll = 0;

  /** @throws rate_limit_exceeded when too many of this network wait already, service_unavailable when all places are taken */
  async hold<T>(address: string | null, work: () => Promise<T>): Promise<T> {
    return await this.narrow.run(networkOf(address ?? ''), async () =>
      this.wide.run(networkOf(address ?? '', 48), async () => {
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
}
