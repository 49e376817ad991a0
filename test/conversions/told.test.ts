import { expect } from 'chai';
import {
  externalId,
  goldenAnswers,
  janeDoe,
  platformNames,
  sha256,
  type GoldenAnswer,
  type PlatformName,
} from '../platforms/golden.js';
import { createBot } from '../support/factories.js';
import { attributionOf, clicks, doublesOf, firstSeenAt, ip, leadForm, useConversions, userAgent } from './site.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

describe('a lead', () => {
  const site = useConversions();
  const timeOf = async (submissionId: string): Promise<number> => {
    const path = `/intake-bots/${site.bot.id}/submissions/${submissionId}`;
    const { body } = await site.client.rest('GET', path);
    return Date.parse(body.data.submission.updated_at);
  };
  const bodyAt = async (platform: PlatformName): Promise<Loose> => {
    await site.double(platform).arrived(1);
    return site.double(platform).bodies()[0];
  };

  it('is told to Meta: its digests, its click as first seen, seconds, and a token that no address holds', async () => {
    await site.connect('meta', { value: { amount: 25.5, currency: 'USD' } });
    const id = await site.submit();
    await site.becomes(id, 'DELIVERED');
    const { em, ph, fn, ln, ct, st, zp, country } = janeDoe.digests.meta;
    expect(await bodyAt('meta')).to.deep.equal({
      data: [
        {
          event_name: 'Lead',
          event_time: Math.floor((await timeOf(id)) / 1000),
          event_id: `${id}:Lead`,
          event_source_url: 'https://example.com/landing',
          referrer_url: 'https://google.com/',
          action_source: 'website',
          user_data: {
            em: [em],
            ph: [ph],
            fn: [fn],
            ln: [ln],
            ct: [ct],
            st: [st],
            zp: [zp],
            country: [country],
            external_id: [externalId.digest],
            client_ip_address: ip,
            client_user_agent: userAgent,
            fbc: `fb.1.${firstSeenAt}.${clicks.fbclid}`,
            fbp: clicks.fbp,
          },
          custom_data: { value: 25.5, currency: 'USD' },
        },
      ],
      access_token: site.meta.accessToken,
    });
    expect(site.meta.requests[0]?.url.pathname).to.match(/^\/v\d+\.0\/1234567890123456\/events$/);
    expect(site.meta.conversions.map(({ key, test }) => [key, test])).to.deep.equal([[`Lead ${id}:Lead`, false]]);
  });

  it('is told to Google: its digests, gclid, RFC 3339, both consents, and counted once Google says so', async () => {
    await site.connect('google', { value: { amount: 25.5, currency: 'USD' } });
    const id = await site.submit();
    const conversion = await site.becomes(id, 'ACCEPTED');
    const { emailAddress, phoneNumber, givenName, familyName } = janeDoe.digests.google;
    const body = await bodyAt('google');
    const [event] = body.events;
    expect(Date.parse(event.eventTimestamp)).to.equal(await timeOf(id));
    expect(body.encoding).to.equal('HEX');
    expect(body.validateOnly ?? false).to.equal(false);
    expect(body.destinations).to.have.length(1);
    expect(body.destinations[0]).to.deep.include({
      operatingAccount: { accountType: 'GOOGLE_ADS', accountId: '9876543210' },
      productDestinationId: '7123456789',
    });
    expect(event).to.deep.include({
      transactionId: `${id}:Lead`,
      eventSource: 'WEB',
      conversionValue: 25.5,
      currency: 'USD',
    });
    expect(event.adIdentifiers).to.include({ gclid: clicks.gclid });
    expect(event.userData.userIdentifiers).to.deep.equal([
      { emailAddress },
      { phoneNumber },
      { address: { givenName, familyName, regionCode: 'US', postalCode: '94105' } },
    ]);
    const granted = { adUserData: 'CONSENT_GRANTED', adPersonalization: 'CONSENT_GRANTED' };
    expect(event.consent ?? body.consent).to.deep.equal(granted);

    // Asked after half an hour.
    const accepted = Date.parse(conversion.attempts[0]?.at ?? '');
    expect(Date.parse(conversion.nextAttemptAt ?? '')).to.be.within(accepted + 1_790_000, accepted + 1_860_000);
    site.google.clock = () => Date.now() + 31 * 60_000;
    await site.due(conversion.id);
    await site.becomes(id, 'DELIVERED');
    expect([site.google.requests.length, site.google.conversions.length]).to.deep.equal([1, 1]);
  });

  it('is told to LinkedIn: the digest, li_fat_id, milliseconds, an amount in words, and no name', async () => {
    await site.connect('linkedin', { value: { amount: 25.5, currency: 'USD' } });
    const id = await site.submit();
    await site.becomes(id, 'DELIVERED');
    const body = await bodyAt('linkedin');
    expect(body).to.deep.equal({
      conversion: site.linkedin.conversionUrn,
      conversionHappenedAt: await timeOf(id),
      conversionValue: { currencyCode: 'USD', amount: '25.50' },
      eventId: `${id}:Lead`,
      user: {
        userIds: [
          { idType: 'SHA256_EMAIL', idValue: janeDoe.digests.linkedin['SHA256_EMAIL'] },
          { idType: 'LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', idValue: clicks.li_fat_id },
          { idType: 'PLAINTEXT_IP_ADDRESS', idValue: ip },
        ],
        externalIds: [externalId.typed],
      },
    });
    expect(site.linkedin.conversions).to.have.length(1);
  });

  it('is told to TikTok: its digests, ttclid, seconds, places in plain text', async () => {
    await site.connect('tiktok', { value: { amount: 25.5, currency: 'USD' } });
    const id = await site.submit();
    await site.becomes(id, 'DELIVERED');
    const { email, phone, first_name, last_name, zip_code } = janeDoe.digests.tiktok;
    expect(await bodyAt('tiktok')).to.deep.equal({
      event_source: 'web',
      event_source_id: site.tiktok.eventSourceId,
      data: [
        {
          event: 'Lead',
          event_time: Math.floor((await timeOf(id)) / 1000),
          event_id: `${id}:Lead`,
          user: {
            email: [email],
            phone: [phone],
            external_id: [externalId.digest],
            first_name,
            last_name,
            zip_code,
            city: 'sanfrancisco',
            state: 'ca',
            country: 'us',
            ttclid: clicks.ttclid,
            ttp: clicks.ttp,
            ip,
            user_agent: userAgent,
          },
          properties: { value: 25.5, currency: 'USD' },
          page: { url: 'https://example.com/landing', referrer: 'https://google.com/' },
        },
      ],
    });
    expect(site.tiktok.conversions).to.have.length(1);
  });

  it('is known by the id of its contact where nothing else is mapped', async () => {
    const before = await site.submit({ email: 'alexz@example.com' });
    const { submission } = await site.ask('query ($id: ID!) { submission(id: $id) { contact { id } } }', {
      id: before,
    });
    const contactId: string = submission.contact.id;
    site.meta.knowsDigest('em', '509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a');
    site.meta.knowsDigest('external_id', sha256(contactId));
    site.tiktok.knowsDigest('email', '509e933019bb285a134a9334b8bb679dff79d0ce023d529af4bd744d47b4fd8a');
    site.tiktok.knowsDigest('external_id', sha256(contactId));
    await site.connect('meta', { mapping: {} });
    await site.connect('tiktok', { mapping: {} });
    await site.submit({ email: 'alexz@example.com' });
    const meta = await bodyAt('meta');
    expect(meta.data[0].user_data.external_id).to.deep.equal([sha256(contactId)]);
    expect((await bodyAt('tiktok')).data[0].user.external_id).to.deep.equal([sha256(contactId)]);
  });

  /** By which field of its body a platform is told of an answer. */
  const fields: Readonly<Record<PlatformName, Readonly<Record<string, (body: Loose) => unknown>>>> = {
    meta: Object.fromEntries(
      Object.entries({
        email: 'em',
        phone: 'ph',
        first_name: 'fn',
        last_name: 'ln',
        city: 'ct',
        zip: 'zp',
        state: 'st',
        country: 'country',
      }).map(([field, name]) => [field, ({ data: [event] }: Loose) => event.user_data[name]?.[0]]),
    ),
    google: {
      email: (body) => identifiersOf(body).emailAddress,
      phone: (body) => identifiersOf(body).phoneNumber,
      first_name: (body) => identifiersOf(body).address?.givenName,
      last_name: (body) => identifiersOf(body).address?.familyName,
    },
    linkedin: {
      email: ({ user }) => user.userIds.find(({ idType }: Loose) => idType === 'SHA256_EMAIL')?.idValue,
    },
    tiktok: {
      email: ({ data: [{ user }] }) => user.email?.[0],
      phone: ({ data: [{ user }] }) => user.phone?.[0],
      first_name: ({ data: [{ user }] }) => user.first_name,
      last_name: ({ data: [{ user }] }) => user.last_name,
      zip: ({ data: [{ user }] }) => user.zip_code,
    },
  };
  const identifiersOf = (body: Loose): Loose => Object.assign({}, ...body.events[0].userData.userIdentifiers);
  const doubleFields: Readonly<Record<PlatformName, Readonly<Record<string, string>>>> = {
    meta: { email: 'em', phone: 'ph', first_name: 'fn', last_name: 'ln', city: 'ct', zip: 'zp' },
    google: { email: 'emailAddress', phone: 'phoneNumber', first_name: 'givenName', last_name: 'familyName' },
    linkedin: { email: 'SHA256_EMAIL' },
    tiktok: { email: 'email', phone: 'phone', first_name: 'first_name', last_name: 'last_name', zip: 'zip_code' },
  };

  describe('is found by the digest', () => {
    /** What each platform was told of each of the answers. */
    const told = new Map<GoldenAnswer, Readonly<Record<PlatformName, Loose>>>();

    before(async () => {
      await site.settle();
      site.forget();
      const sent = await Promise.all(
        ['US', null].map(async (defaultCountry) => {
          const bot = await createBot(site.server.app, site.tenant.workspaceId, { schema: leadForm });
          for (const platform of platformNames) await site.connect(platform, { defaultCountry }, bot);
          const golden = goldenAnswers.filter((it) => (it.defaultCountry ?? null) === defaultCountry);
          return await Promise.all(
            golden.map(async (it) => {
              for (const platform of platformNames) {
                const name = doubleFields[platform][it.field];
                if (name !== undefined) site.double(platform).knowsDigest(name, ...[it[platform] ?? []].flat());
              }
              const { phone: _phone, ...others } = janeDoe.typed;
              const data = { ...others, customer_id: externalId.typed, [it.field]: it.typed };
              return [it, await site.submit(data, attributionOf(), {}, bot)] as const;
            }),
          );
        }),
      );
      for (const platform of platformNames) await site.double(platform).arrived(goldenAnswers.length);
      for (const [golden, id] of sent.flat()) {
        const bodyOf = (platform: PlatformName): Loose => {
          const found = site.double(platform).requests.find(({ text }) => text.includes(`${id}:Lead`));
          return JSON.parse(found?.text ?? 'null');
        };
        const bodies = platformNames.map((platform) => [platform, bodyOf(platform)]);
        told.set(golden, Object.fromEntries(bodies) as Record<PlatformName, Loose>);
      }
      for (const double of doublesOf(site)) double.assertClean();
    });

    for (const golden of goldenAnswers) {
      const { field, typed, defaultCountry } = golden;
      it(`that every platform has of the ${field} '${typed}'${defaultCountry ? ` in ${defaultCountry}` : ''}`, () => {
        for (const platform of platformNames) {
          const read = fields[platform][field];
          if (read === undefined) continue;
          const digests = [golden[platform] ?? []].flat();
          const sent = read(told.get(golden)?.[platform]);
          if (digests.length === 0) expect(sent, platform).to.equal(undefined);
          else expect(sent, platform).to.be.oneOf(digests);
        }
      });
    }
  });

  it('is worth nothing where its field says 0, and that is sent', async () => {
    for (const platform of platformNames) {
      await site.connect(platform, { value: { field: 'budget', currency: 'EUR' } });
    }
    await site.submit({ ...janeDoe.typed, customer_id: externalId.typed, budget: 0 });
    expect((await bodyAt('meta')).data[0].custom_data).to.deep.equal({ value: 0, currency: 'EUR' });
    expect((await bodyAt('google')).events[0]).to.include({ conversionValue: 0, currency: 'EUR' });
    expect((await bodyAt('linkedin')).conversionValue).to.deep.equal({ amount: '0.00', currencyCode: 'EUR' });
    expect((await bodyAt('tiktok')).data[0].properties).to.deep.equal({ value: 0, currency: 'EUR' });
  });

  it('is worth whole yen, and not a tenth of a cent', async () => {
    for (const platform of platformNames) {
      await site.connect(platform, { value: { field: 'budget', currency: platform === 'linkedin' ? 'JPY' : 'USD' } });
    }
    await site.submit({ ...janeDoe.typed, customer_id: externalId.typed, budget: 1234.5678 });
    expect((await bodyAt('meta')).data[0].custom_data.value).to.equal(1234.57);
    expect((await bodyAt('google')).events[0].conversionValue).to.equal(1234.57);
    expect((await bodyAt('linkedin')).conversionValue).to.deep.equal({ amount: '1235', currencyCode: 'JPY' });
    expect((await bodyAt('tiktok')).data[0].properties.value).to.equal(1234.57);
  });

  it('of a person that denies personalisation is told as each platform can be told', async () => {
    for (const platform of platformNames) await site.connect(platform);
    const consent = { ad_user_data: 'granted', ad_personalization: 'denied' };
    await site.submit(undefined, attributionOf({ consent }));
    expect((await bodyAt('meta')).data[0]).to.include({ opt_out: true });
    expect((await bodyAt('meta')).data[0]).not.to.have.property('data_processing_options');
    const google = await bodyAt('google');
    const told = { adUserData: 'CONSENT_GRANTED', adPersonalization: 'CONSENT_DENIED' };
    expect(google.events[0].consent ?? google.consent).to.deep.equal(told);
    expect((await bodyAt('tiktok')).data[0]).to.include({ limited_data_use: true });
    await site.linkedin.arrived(1);
  });

  it('of a person in a state of the USA that opts out is told for limited use, and to LinkedIn not at all', async () => {
    for (const platform of platformNames) await site.connect(platform);
    const consent = { ad_user_data: 'granted', ad_personalization: 'granted', limited_use: true };
    const id = await site.submit(undefined, attributionOf({ consent }));
    expect((await bodyAt('meta')).data[0]).to.deep.include({
      data_processing_options: ['LDU'],
      data_processing_options_country: 0,
      data_processing_options_state: 0,
    });
    const google = await bodyAt('google');
    expect((google.events[0].consent ?? google.consent).adPersonalization).to.equal('CONSENT_DENIED');
    expect((await bodyAt('tiktok')).data[0]).to.include({ limited_data_use: true });
    await site.becomesAll(id, { meta: 'DELIVERED', google: 'ACCEPTED', linkedin: 'SKIPPED', tiktok: 'DELIVERED' });
    expect(site.linkedin.requests).to.be.empty;
  });

  it('brings Google one click id: gclid before gbraid before wbraid', async () => {
    await site.connect('google');
    site.google.knowsClicks(['0AAAAADb', 'CjoKEQjw']);
    const braids = { gbraid: '0AAAAADb', wbraid: 'CjoKEQjw' };
    const sent: Loose[] = [];
    for (const ids of [{ ...braids }, { ...braids, gclid: null }, { wbraid: 'CjoKEQjw', gclid: null }]) {
      const given = Object.entries(attributionOf(ids)).filter(([, value]) => value !== null);
      await site.submit(undefined, Object.fromEntries(given));
      await site.google.arrived(sent.length + 1);
      const [event] = site.google.bodies()[sent.length].events;
      const { gclid, gbraid, wbraid } = event.adIdentifiers;
      sent.push(JSON.stringify({ gclid, gbraid, wbraid }));
    }
    expect(sent).to.deep.equal(['{"gclid":"EAIaIQobChMI_x-Y"}', '{"gbraid":"0AAAAADb"}', '{"wbraid":"CjoKEQjw"}']);
  });

  it('whose page is not known is told all the same', async () => {
    for (const platform of platformNames) await site.connect(platform);
    const id = await site.submit(undefined, { consent: { ad_user_data: 'granted' } });
    for (const platform of platformNames) await site.double(platform).arrived(1);
    expect((await bodyAt('meta')).data[0]).to.include({ action_source: 'system_generated' });
    expect((await bodyAt('meta')).data[0]).not.to.have.any.keys('event_source_url', 'referrer_url');
    expect((await bodyAt('tiktok')).event_source).to.equal('web');
    expect(await site.conversions(id)).to.have.length(4);
  });

  it('that only tries the form goes out where it counts for nothing, and marked', async () => {
    await site.connect('meta', { testCode: 'TEST12345' });
    await site.connect('google');
    await site.connect('linkedin');
    await site.connect('tiktok');
    const id = await site.submit(undefined, attributionOf(), { is_test: true });
    expect((await bodyAt('meta')).test_event_code).to.equal('TEST12345');
    expect((await bodyAt('google')).validateOnly).to.equal(true);
    await site.becomesAll(id, { meta: 'DELIVERED', google: 'DELIVERED', linkedin: 'SKIPPED', tiktok: 'SKIPPED' });
    expect(site.google.conversions).to.be.empty;
    expect([...site.linkedin.requests, ...site.tiktok.requests]).to.be.empty;
    // In earnest nothing is marked as a test.
    await site.submit();
    await site.meta.arrived(2);
    expect(site.meta.bodies()[1]).not.to.have.property('test_event_code');
  });

  it('is told once, though it is completed twice and its form is sent again', async () => {
    await site.connect('meta');
    const path = `/intake-bots/${site.bot.id}/submissions`;
    const data = { ...janeDoe.typed, customer_id: externalId.typed };
    const draft = { data, status: 'IN_PROGRESS', attribution: attributionOf() };
    const headers = { 'Idempotency-Key': 'once-and-only-once' };
    const made = await site.client.rest('POST', path, draft, headers);
    await site.client.rest('POST', path, draft, headers);
    const id: string = made.body.data.submission.id;
    expect(await site.conversions(id)).to.be.empty;
    await site.client.rest('PATCH', `${path}/${id}`, { status: 'COMPLETED' });
    await site.client.rest('PATCH', `${path}/${id}`, { status: 'COMPLETED' });
    await site.becomes(id, 'DELIVERED');
    expect(await site.conversions(id)).to.have.length(1);
    expect([site.meta.requests.length, site.meta.conversions.length]).to.deep.equal([1, 1]);
  });
});
