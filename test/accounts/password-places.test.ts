import { expect } from 'chai';
import { PasswordPlaces } from '../../src/accounts/password-places.js';

describe('places in the queue of passwords', () => {
  let places: PasswordPlaces;
  let working: string[];
  let finish: (() => void)[];

  beforeEach(() => {
    places = new PasswordPlaces();
    [working, finish] = [[], []];
  });

  /** What each of so many from these addresses comes to: holds a place, waits for one, or is refused. */
  async function hold(addresses: readonly string[]): Promise<(string | null)[]> {
    const refused = addresses.map(async (address) => {
      const held = places.hold(address, async () => {
        working.push(address);
        await new Promise<void>((resolve) => finish.push(resolve));
      });
      return await held.then(
        () => null,
        (error: { code: string }) => error.code,
      );
    });
    // A turn for each step inside.
    await new Promise((resolve) => setImmediate(resolve));
    const pending = Promise.resolve('pending');
    return await Promise.all(refused.map(async (one) => await Promise.race([one, pending])));
  }

  const count = (codes: readonly (string | null)[], code: string) => codes.filter((one) => one === code).length;

  it('are four of an address; sixteen wait before the queue, and who comes then is refused', async () => {
    const codes = await hold(Array<string>(30).fill('192.0.2.1'));
    expect([count(codes, 'pending'), count(codes, 'rate_limit_exceeded')]).to.deep.equal([20, 10]);
    expect(working).to.have.length(4);
    await hold(['192.0.2.2']);
    expect(working.at(-1)).to.equal('192.0.2.2');
    finish[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(working).to.have.length(6);
  });

  it('are those of a whole IPv6 network, and of a wider one ten times as many', async () => {
    await hold(Array.from({ length: 6 }, (_, index) => `2001:db8:1:2::${index}`));
    expect(working).to.have.length(4);
    await hold(Array.from({ length: 60 }, (_, index) => `2001:db8:1:${index + 16}::1`));
    expect(working).to.have.length(40);
    await hold(['2001:db8:2::1']);
    expect(working).to.have.length(41);
  });

  it('have an end over all addresses, too', async () => {
    const codes = await hold(Array.from({ length: 1_010 }, (_, index) => `10.0.${index >> 8}.${index & 255}`));
    expect([count(codes, 'pending'), count(codes, 'service_unavailable')]).to.deep.equal([1_000, 10]);
  });

  it('are free again after whatever came of the work', async () => {
    const failing = Array.from({ length: 12 }, async () =>
      places.hold('192.0.2.1', async () => Promise.reject(new Error('no'))).catch(() => null),
    );
    await Promise.all(failing);
    expect(count(await hold(Array<string>(20).fill('192.0.2.1')), 'pending')).to.equal(20);
    expect(working).to.have.length(4);
  });
});
