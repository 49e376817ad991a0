import { expect } from 'chai';
import { platforms } from '../../../src/conversions/platforms/platforms.js';
import { clickIds, personFields, type ConversionEvent } from '../../../src/conversions/platforms/platform.js';
import type { PlatformDouble } from '../../platforms/double.js';
import { platformNames, type PlatformName } from '../../platforms/golden.js';
import { GoogleDouble } from '../../platforms/google.js';
import { LinkedInDouble } from '../../platforms/linkedin.js';
import { MetaDouble } from '../../platforms/meta.js';
import { send } from '../../platforms/sending.js';
import { TikTokDouble } from '../../platforms/tiktok.js';

const eventsEach = 100;

/** The same numbers from 0 to 1 in every run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

describe('whatever is known of a lead', () => {
  const now = Date.parse('2026-09-14T10:15:30.250Z');
  const texts: Readonly<Record<string, readonly string[]>> = {
    email: ['Jane.Doe+Lead@Gmail.com', 'a@b.co', 'ÄRGER@Example.com', 'john smith@example.com', 'not an address'],
    phone: ['+14155550132', '+442079460958', '+8613812345678'],
    firstName: ['Jane', 'Anna Maria', 'Valéry', '정', "D'Arcy", 'Dr. Eva', '-', '???'],
    lastName: ['Doe', "O'Brien", 'Müller', 'Smith, Jr.', 'van der Berg', '…'],
    city: ['San Francisco', 'New York', 'São Paulo', '東京', '!!'],
    region: ['CA', 'NY', 'Bayern', 'Île-de-France', '.'],
    postalCode: ['94105', '94105-1234', 'SW1A 1AA', '1234 AB', '---', '0'],
    country: ['US', 'DE', 'GB', 'JP'],
    externalId: [
      'cm7abc12x0001yz9k8mno3pqr',
      'Customer 17',
      '42',
      'jane@example.com',
      '+1 415 555 0132',
      '(415) 555-0132',
    ],
  };
  const clicks: Readonly<Record<string, readonly string[]>> = {
    fbclid: ['IwAR2-AbC_dEf', 'IwZXh0bgNhZW0', 'a.b~c', '.'],
    fbc: [
      'fb.1.1789380000000.IwAR2-AbC_dEf',
      'fb.1.1789380000000.IwAR2-AbC_dEf.AQYBAQ',
      'fb.1.17.x',
      'IwAR2',
      'fb.1.1781000000000.Old',
    ],
    fbp: ['fb.1.1789370000000.1098115397', 'fb.1.x.y', '1098115397'],
    gclid: ['EAIaIQobChMI_x-Y'],
    gbraid: ['0AAAAADb'],
    wbraid: ['CjoKEQjw'],
    liFatId: ['df5gf5-gh6t7-ph4j7h-fgf6n1'],
    ttclid: ['E.C.P.v3fQ2RHacdksKfofPmlyuStIIFJ'],
    ttp: ['94e2a4j9-h3ss-k1b5-98cc-c84n745mk145'],
  };
  const pages = ['https://example.com/landing', 'https://example.com/?utm_source=x&fbclid=IwAR2-AbC_dEf', null];

  let doubles: Record<PlatformName, PlatformDouble>;
  before(async () => {
    doubles = {
      meta: await MetaDouble.start(),
      google: await GoogleDouble.start(),
      linkedin: await LinkedInDouble.start(),
      tiktok: await TikTokDouble.start(),
    };
    for (const double of Object.values(doubles)) {
      double.clock = () => now;
      double.knowsClicks(Object.values(clicks).flat());
    }
    (doubles.linkedin as LinkedInDouble).namesAsked = true;
  });
  after(async () => {
    for (const double of Object.values(doubles)) await double.stop();
  });

  function eventOf(number: number): ConversionEvent {
    const random = numbersFrom(number * 7919 + 1);
    for (let warm = 0; warm < 5; warm++) random();
    const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
    const sometimes = <T>(of: readonly T[], share = 0.5): T | null => (random() < share ? one(of) : null);
    const share = one([0, 0.2, 0.5, 1]);
    const some = (names: readonly string[], from: Readonly<Record<string, readonly string[]>>) =>
      Object.fromEntries(names.map((name) => [name, sometimes(from[name] ?? [], share)]));
    return {
      id: `sub_${number}:Lead`,
      name: one(['Lead', 'Demo request', 'SubmitForm']),
      occurredAt: new Date(now - Math.floor(random() * 6 * 86_400_000)),
      person: some(personFields, texts) as ConversionEvent['person'],
      clickIds: some(clickIds, clicks) as ConversionEvent['clickIds'],
      // A visitor's clock may be wrong.
      firstSeenAt: new Date(now + 3 * 86_400_000 - Math.floor(random() * 100 * 86_400_000)),
      page: one(pages),
      referrer: one(pages),
      ip: sometimes(['203.0.113.7', '2001:db8::1'], share),
      userAgent: sometimes(['Mozilla/5.0 (X11; Linux x86_64)'], share),
      value: sometimes([
        { amount: 0, currency: 'USD' },
        { amount: 25.5, currency: 'EUR' },
        { amount: 1000, currency: 'JPY' },
        { amount: 1e12, currency: 'KWD' },
      ]),
      adUserData: one(['granted', null]),
      adPersonalization: one(['granted', 'denied', null]),
      limitedUse: random() < 0.2,
    };
  }

  for (const name of platformNames) {
    it(`is told to ${name} as it wants to be told`, async () => {
      const platform = platforms.find((it) => it.name === name);
      if (platform === undefined) throw new Error(name);
      const double = doubles[name];
      const settings: Record<string, string> = {
        meta: { datasetId: '1234567890123456' },
        google: { operatingAccountId: '9876543210', conversionActionId: '7123456789' },
        linkedin: { conversionUrn: 'urn:lla:llaPartnerConversion:104012' },
        tiktok: { eventSourceId: 'C1234567890ABCDEF' },
      }[name];
      const token = name === 'google' ? await googleToken(double as GoogleDouble) : tokenOf(double);
      let told = 0;
      for (let number = 0; number < eventsEach; number++) {
        const event = eventOf(number);
        const mappedByHand = number % 2 === 0 ? personFields : [];
        const target = { settings, testCode: number % 3 === 0 ? 'TEST1' : null, validateOnly: false, mappedByHand };
        const built = platform.build(event, target, platform.apiVersion);
        if (!built.ok) continue;
        told++;
        const sent = platform.authorize(built.request, token);
        const { status, text, headers } = await send(double, sent.path, sent.body, { ...sent.headers }, sent.method);
        const answer = { status, body: text, header: (header: string) => headers.get(header), error: null };
        const { kind } = platform.classify(answer, sent);
        const said = `${JSON.stringify(event)}\n${JSON.stringify(sent.body)}\n${text}`;
        expect(kind, said).to.equal(name === 'google' ? 'ACCEPTED' : 'DELIVERED');
        expect(double.failures, said).to.be.empty;
      }
      expect(told).to.be.greaterThan(eventsEach / 3);
      expect(double.conversions).to.have.length(told);
    });
  }

  const tokenOf = (double: PlatformDouble) => (double as MetaDouble | LinkedInDouble | TikTokDouble).accessToken;
  async function googleToken(double: GoogleDouble): Promise<string> {
    const { clientId, clientSecret, refreshToken } = double.refresh;
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: refreshToken,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return (await send(double, '/token', form.toString(), headers)).body.access_token;
  }
});
