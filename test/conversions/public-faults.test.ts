import { expect } from 'chai';
import { html } from '../platforms/double.js';
import { externalId, janeDoe, sha256, type PlatformName } from '../platforms/golden.js';
import { googleRefusal } from '../platforms/google.js';
import { linkedinRefusal } from '../platforms/linkedin.js';
import { metaRefusal } from '../platforms/meta.js';
import { tiktokAnswer } from '../platforms/tiktok.js';
import { attributionOf, clicks, firstSeenAt, useConversions } from './site.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

/**
 * What users of well-known connectors lost, each in public: a test is named after the loss, and says whose it was. The
 * doubles look at every request besides, so that a digest of the wrong form fails whichever test it turns up in.
 */
describe('what marketers lost elsewhere', () => {
  const site = useConversions();
  const jane = { ...janeDoe.typed, customer_id: externalId.typed };
  const without = (...names: string[]) =>
    Object.fromEntries(Object.entries(attributionOf()).filter(([name]) => !names.includes(name)));
  const lastOf = async (platform: PlatformName, count = 1): Promise<Loose> => {
    await site.double(platform).arrived(count);
    return site.double(platform).bodies()[count - 1];
  };
  const connected = async (platform: PlatformName, more: object = {}) => await site.connect(platform, more);

  describe('Meta', () => {
    const userOf = (body: Loose) => body.data[0].user_data;

    it('the click, because it was dated by the send and not by its first sight (PostHog #32844)', async () => {
      await connected('meta');
      site.meta.next({ status: 503, body: '' });
      const id = await site.submit();
      const tried = await site.becomes(id, 'PENDING', 1);
      await site.due(tried.id);
      expect(userOf(await lastOf('meta', 2)).fbc).to.equal(`fb.1.${firstSeenAt}.${clicks.fbclid}`);
      await site.becomes(id, 'DELIVERED');
    });

    for (const [what, ids] of [
      ['no cookie of the form', { fbc: 'IwAR2-AbC_dEf' }],
      ['a cookie of last spring', { fbc: `fb.1.${Date.now() - 100 * 86_400_000}.Old`, fbclid: null }],
      ['a click of last spring', { first_seen_at: new Date(Date.now() - 100 * 86_400_000).toISOString() }],
      ['a browser id of no form', { fbp: 'undefined' }],
    ] as const) {
      it(`the whole lead, to ${what} (PostHog PR #92152)`, async () => {
        await connected('meta');
        const given = Object.entries(attributionOf(ids)).filter(([, value]) => value !== null);
        await site.becomes(await site.submit(undefined, Object.fromEntries(given)), 'DELIVERED');
        const { fbc, fbp } = userOf(await lastOf('meta'));
        if ('fbp' in ids) expect(fbp).to.equal(undefined);
        else expect(fbc ?? null).to.be.oneOf([null, `fb.1.${firstSeenAt}.${clicks.fbclid}`]);
      });
    }

    it('clicks whose id has - and _, and cookies with a fifth part (Setono PR #13)', async () => {
      await connected('meta');
      const fbc = `fb.1.${firstSeenAt}.IwAR2-AbC_dEf.AQYBAQ`;
      site.meta.knowsClicks([fbc]);
      await site.becomes(await site.submit(undefined, attributionOf({ fbc })), 'DELIVERED');
      expect(userOf(await lastOf('meta')).fbc).to.equal(fbc);
    });

    it('the lead, because a cookie was made of no click (Adsmurai #6)', async () => {
      await connected('meta');
      await site.becomes(await site.submit(undefined, without('fbclid')), 'DELIVERED');
      expect(userOf(await lastOf('meta'))).not.to.have.property('fbc');
    });

    it('the match, because what was hashed was hashed again (Segment PR #2022)', async () => {
      await connected('meta');
      site.meta.next({ status: 503, body: '' });
      const id = await site.submit();
      const tried = await site.becomes(id, 'PENDING', 1);
      await site.due(tried.id);
      const [first, second] = [userOf(await lastOf('meta')), userOf(await lastOf('meta', 2))];
      expect(second).to.deep.equal(first);
      expect(first.em).to.deep.equal([janeDoe.digests.meta['em']]);
    });

    it('the truth of the count, as the browser could not know the id (Meta SDK #308)', async () => {
      await connected('meta', { eventName: 'Demo request' });
      const id = await site.submit();
      const [event] = (await lastOf('meta')).data;
      expect(event).to.include({ event_name: 'Demo request', event_id: `${id}:Demo request` });
    });

    it("a person's second lead, because both had one id (Facebook for WooCommerce #1722)", async () => {
      await connected('meta');
      for (const id of [await site.submit(), await site.submit()]) await site.becomes(id, 'DELIVERED');
      expect([site.meta.conversions.length, site.meta.repeats]).to.deep.equal([2, 0]);
    });

    it('every lead in flight, to a page of HTML or a passing trouble (Rudder #3402, #3536)', async () => {
      await connected('meta');
      for (const step of [html(502), html(200), metaRefusal(21009)]) {
        site.meta.next(step);
        const id = await site.submit();
        const tried = await site.becomes(id, 'PENDING', 1);
        await site.due(tried.id);
        await site.becomes(id, 'DELIVERED');
      }
      expect(site.meta.conversions).to.have.length(3);
    });

    it('the match, because ids of browsers and of people stood in the wrong place (Segment #2566)', async () => {
      await connected('meta');
      await site.submit();
      const [event] = (await lastOf('meta')).data;
      expect(event.user_data).to.include.keys('fbp', 'fbc', 'external_id', 'client_ip_address', 'client_user_agent');
      expect(event).not.to.have.any.keys('fbp', 'fbc', 'external_id', 'anon_id', 'madid');
    });

    it('the match, because phones were hashed as typed and names with their punctuation (Rudder, Segment)', async () => {
      await connected('meta');
      site.meta.knowsDigest('ph', 'e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176');
      site.meta.knowsDigest('ln', 'b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba');
      await site.submit({ ...jane, phone: '+1 (650) 555-1212', last_name: "O'Brien" });
      const user = userOf(await lastOf('meta'));
      expect(user.ph).to.deep.equal(['e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176']);
      expect(user.ln).to.deep.equal(['b4cb6cb33fe4b865868de825023a1e2790dc12ac01ecc8d7c5afe8254071c8ba']);
    });
  });

  describe('Google', () => {
    const eventOf = (body: Loose) => body.events[0];

    it('every lead, because the source was called optional (google-cloud-php #9201)', async () => {
      await connected('google');
      await site.submit();
      expect(eventOf(await lastOf('google')).eventSource).to.equal('WEB');
    });

    it('an outbox full of leads, to an account that may not send (treg PR #150)', async () => {
      const destinationId = await connected('google');
      site.google.next(googleRefusal(403, 'PERMISSION_DENIED', { reason: 'NOT_ALLOWLISTED' }));
      const first = await site.submit();
      const held = await site.becomes(first, 'HELD');
      expect(held.destination.pauseReason).to.equal('CONFIG_BROKEN');
      const second = await site.submit();
      await site.becomes(second, 'HELD');
      expect(site.google.requests).to.have.length(1);
      await site.ask(
        `mutation ($input: ResumeConversionDestinationInput!) {
          resumeConversionDestination(input: $input) { __typename }
        }`,
        { input: { id: destinationId } },
      );
      for (const id of [first, second]) await site.becomes(id, 'ACCEPTED');
      expect(site.google.conversions).to.have.length(2);
    });

    it('more than 99 of 100 matches, because addresses were hashed as typed (Segment #2668, Rudder #5351)', async () => {
      await connected('google');
      await site.submit({ ...jane, email: '  JANE.Doe+Lead@GMAIL.com ' });
      const [{ emailAddress }] = eventOf(await lastOf('google')).userData.userIdentifiers;
      expect(emailAddress).to.equal(janeDoe.digests.google['emailAddress']);
    });

    it('the match at Gmail: one dot of many taken out, the +suffix kept, gmailfoo taken for Gmail (Segment, PostHog)', async () => {
      await connected('google');
      const found = [
        ['Cloudy.San.Francisco+shopping@gmail.com', '223ebda6f6889b1494551ba902d9d381daf2f642bae055888e96343d53e9f9c4'],
        ['user.name+NYC@Example.com', 'f109a2a632fbcea5fc82049f50beed3d8621bf9034399f437fb622222acccdac'],
        ['a.b+c@gmailfoo.com', sha256('a.b+c@gmailfoo.com')],
      ] as const;
      for (const [index, [email, digest]] of found.entries()) {
        site.google.knowsDigest('emailAddress', digest);
        await site.submit({ ...jane, email });
        const [{ emailAddress }] = eventOf(await lastOf('google', index + 1)).userData.userIdentifiers;
        expect(emailAddress).to.equal(digest);
      }
    });

    it('foreign phones, to a +1 that nobody dialled (Segment #2688)', async () => {
      await connected('google');
      site.google.knowsDigest('phoneNumber', sha256('+442079460958'));
      await site.submit({ ...jane, phone: '+44 20 7946 0958' });
      const told = eventOf(await lastOf('google')).userData.userIdentifiers;
      expect(told).to.deep.include({ phoneNumber: sha256('+442079460958') });
      // A national number of an unknown country is nobody's.
      await site.ask(
        `mutation ($input: UpdateConversionDestinationInput!) {
          updateConversionDestination(input: $input) { __typename }
        }`,
        { input: { id: (await destinationOf()).id, defaultCountry: null } },
      );
      await site.submit({ ...jane, phone: '020 7946 0958' });
      const second = eventOf(await lastOf('google', 2)).userData.userIdentifiers;
      expect(second.some((it: Loose) => 'phoneNumber' in it)).to.equal(false);
    });

    const destinationOf = async () => {
      const { conversionDestinations } = await site.ask(
        'query ($id: ID!) { conversionDestinations(intakeBotId: $id) { nodes { id } } }',
        { id: site.bot.id },
      );
      return conversionDestinations.nodes[0] as { id: string };
    };

    it('the time of the lead, to a conversion of units (Segment #2816)', async () => {
      await connected('google');
      const at = Date.now();
      await site.submit();
      const { eventTimestamp } = eventOf(await lastOf('google'));
      expect(eventTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      expect(Math.abs(Date.parse(eventTimestamp) - at)).to.be.lessThan(60_000);
    });

    it('the lead, to a trouble of Google’s that came as a refusal (Segment #2577)', async () => {
      await connected('google');
      site.google.next(googleRefusal(400, 'INVALID_ARGUMENT', { reason: 'INTERNAL_ERROR' }));
      const id = await site.submit();
      const tried = await site.becomes(id, 'PENDING', 1);
      await site.due(tried.id);
      await site.becomes(id, 'ACCEPTED');
    });

    it('every lead, to dashes in an account id and to a manager left out (Segment #3747, Rudder #5126)', async () => {
      site.google.loginAccountId = '1234567890';
      try {
        const { conversionActionId, refresh } = site.google;
        await connected('google', {
          google: { operatingAccountId: '987-654-3210', loginAccountId: '123-456-7890', conversionActionId, refresh },
        });
        await site.becomes(await site.submit(), 'ACCEPTED');
        const [{ operatingAccount, loginAccount }] = (await lastOf('google')).destinations;
        expect([operatingAccount.accountId, loginAccount.accountId]).to.deep.equal(['9876543210', '1234567890']);
      } finally {
        site.google.loginAccountId = null;
      }
    });

    it('the lead, to two click ids in one event (Rudder #3910)', async () => {
      await connected('google');
      site.google.knowsClicks(['0AAAAADb', 'CjoKEQjw']);
      await site.submit(undefined, attributionOf({ gbraid: '0AAAAADb', wbraid: 'CjoKEQjw' }));
      expect(eventOf(await lastOf('google')).adIdentifiers).not.to.have.any.keys('gbraid', 'wbraid');
    });

    it('the reason: a conversion action of the wrong type said nothing that helps (google-ads-python #814)', async () => {
      await connected('google');
      site.google.next(googleRefusal(400, 'INVALID_ARGUMENT', { reason: 'INVALID_CONVERSION_ACTION_TYPE' }));
      const held = await site.becomes(await site.submit(), 'HELD');
      expect(held.destination.pauseReason).to.equal('CONFIG_BROKEN');
      expect(held.attempts[0]?.message).to.match(/conversion ?action/i);
    });

    it('the lead that was taken and then refused, because nobody asked (PostHog)', async () => {
      await connected('google');
      site.google.outcomes.push({ status: 'FAILED', reason: 'PROCESSING_ERROR_REASON_CLICK_NOT_FOUND' });
      const id = await site.submit();
      const accepted = await site.becomes(id, 'ACCEPTED');
      site.google.clock = () => Date.now() + 31 * 60_000;
      await site.due(accepted.id);
      expect((await site.becomes(id, 'REJECTED')).attempts.at(-1)?.code).to.equal('CLICK_NOT_FOUND');
    });
  });

  describe('LinkedIn', () => {
    it('every lead, from the day that a version was sunset (PostHog PR #85324, Rudder f464e65f6)', async () => {
      await connected('linkedin');
      site.linkedin.next(
        linkedinRefusal(426, { code: 'NONEXISTENT_VERSION', message: 'Requested version is not active' }),
      );
      const id = await site.submit();
      const kept = await site.becomes(id, 'PENDING', 1);
      expect(kept.destination.status).to.equal('ACTIVE');
      await site.due(kept.id);
      await site.becomes(id, 'DELIVERED');
    });

    it('the lead, to an empty userInfo, to half a name, to userIds left out (PostHog #38905, dev.to/aleksuix)', async () => {
      await connected('linkedin', {
        mapping: { firstName: 'first_name', lastName: 'last_name', externalId: 'customer_id' },
      });
      site.linkedin.namesAsked = true;
      const consent = { consent: { ad_user_data: 'granted' } };
      for (const [index, data] of [{ customer_id: externalId.typed }, { ...jane, last_name: '' }, jane].entries()) {
        await site.becomes(await site.submit(data, consent), 'DELIVERED');
        const { user } = await lastOf('linkedin', index + 1);
        expect(user.userIds).to.have.length(index === 0 ? 0 : 1);
        expect('userInfo' in user).to.equal(index === 2);
      }
    });

    it('the time, because it was told in seconds (dev.to/aleksuix)', async () => {
      await connected('linkedin');
      await site.submit();
      expect(`${(await lastOf('linkedin')).conversionHappenedAt}`).to.match(/^\d{13}$/);
    });

    it('all leads, to a token that was refused and counted as a success (Segment #1874)', async () => {
      await connected('linkedin');
      site.linkedin.next(linkedinRefusal(401, { serviceErrorCode: 65601, message: 'The token was revoked' }));
      const held = await site.becomes(await site.submit(), 'HELD');
      expect([held.verdict, held.destination.pauseReason]).to.deep.equal(['AUTH_BROKEN', 'AUTH_BROKEN']);
      expect(held.attempts[0]?.message).to.match(/revoked.*accessToken/s);
    });

    it('the match, to capitals and blanks in an address (Segment #2113, Rudder)', async () => {
      await connected('linkedin');
      await site.submit({ ...jane, email: ' JANE.DOE+lead@gmail.COM' });
      const { userIds } = (await lastOf('linkedin')).user;
      expect(userIds[0].idValue).to.equal(janeDoe.digests.linkedin['SHA256_EMAIL']);
    });

    it('the lead, to a socket that was hung up (Segment #1798)', async () => {
      await connected('linkedin');
      site.linkedin.next('hang up');
      const id = await site.submit();
      const tried = await site.becomes(id, 'PENDING', 1);
      await site.due(tried.id);
      await site.becomes(id, 'DELIVERED');
    });

    it('a lead worth nothing, and every lead without a value (Rudder #5159, #3860)', async () => {
      await connected('linkedin', { value: { field: 'budget', currency: 'USD' } });
      await site.submit({ ...jane, budget: 0 });
      expect((await lastOf('linkedin')).conversionValue).to.deep.equal({ amount: '0.00', currencyCode: 'USD' });
      await site.submit(jane);
      expect(await lastOf('linkedin', 2)).not.to.have.property('conversionValue');
    });

    it('the reason, in a refusal that nobody had documented (Rudder #3194)', async () => {
      await connected('linkedin');
      site.linkedin.next(
        linkedinRefusal(422, { message: 'ERROR :: /user/lead :: is not a valid urn\nERROR :: /x :: no' }),
      );
      const rejected = await site.becomes(await site.submit(), 'REJECTED');
      expect(rejected.attempts[0]?.message).to.match(/lead.*urn.*\/x/s);
    });

    it('the click, to a misspelt kind of id (Segment)', async () => {
      await connected('linkedin');
      await site.submit();
      const { userIds } = (await lastOf('linkedin')).user;
      expect(userIds).to.deep.include({ idType: 'LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID', idValue: clicks.li_fat_id });
    });

    it('the truth of the count, to an id with a time in it (datocms PR #103)', async () => {
      await connected('linkedin');
      site.linkedin.next('take and hang up');
      const id = await site.submit();
      const tried = await site.becomes(id, 'PENDING', 1);
      await site.due(tried.id);
      await site.becomes(id, 'DELIVERED');
      expect([site.linkedin.conversions.length, site.linkedin.repeats]).to.deep.equal([1, 1]);
    });
  });

  describe('TikTok', () => {
    it('every lead, to a numeric id (Stape #10)', async () => {
      await connected('tiktok');
      const id = await site.submit();
      expect((await lastOf('tiktok')).data[0].event_id).to.equal(`${id}:Lead`);
    });

    it('every lead, to a source that is none of a pixel (Stape #33, Rudder #4583)', async () => {
      await connected('tiktok');
      await site.submit(undefined, without('landing_page', 'referrer', 'user_agent', 'ip'));
      expect((await lastOf('tiktok')).event_source).to.equal('web');
    });

    it('real leads, marked as tests, and tests without a mark (Segment #2301)', async () => {
      await connected('tiktok', { testCode: 'TEST00000' });
      await site.submit();
      expect(await lastOf('tiktok')).not.to.have.property('test_event_code');
      await site.submit(undefined, attributionOf(), { is_test: true });
      expect(await lastOf('tiktok', 2)).to.include({ test_event_code: 'TEST00000' });
    });

    it('a lead worth nothing (Segment #2089)', async () => {
      await connected('tiktok', { value: { amount: 0, currency: 'USD' } });
      await site.submit();
      expect((await lastOf('tiktok')).data[0].properties).to.deep.equal({ value: 0, currency: 'USD' });
    });

    it('the truth of the count, to a random end of the id (Segment #214)', async () => {
      await connected('tiktok');
      site.tiktok.next('take and hang up', 'take and garble');
      const id = await site.submit();
      for (let tries = 1; tries <= 2; tries++) {
        const tried = await site.becomes(id, 'PENDING', tries);
        await site.due(tried.id);
      }
      await site.becomes(id, 'DELIVERED');
      expect([site.tiktok.conversions.length, site.tiktok.repeats]).to.deep.equal([1, 2]);
    });

    it('the lead, to a page that is not known (Rudder #3006)', async () => {
      await connected('tiktok');
      await site.becomes(await site.submit(undefined, without('landing_page', 'referrer')), 'DELIVERED');
      expect((await lastOf('tiktok')).data[0]).not.to.have.property('page');
    });

    it('every lead, at an address that is no more (Pipedream PR #21245)', async () => {
      await connected('tiktok');
      await site.submit();
      await site.tiktok.arrived(1);
      expect(site.tiktok.requests[0]?.url.pathname).to.equal('/open_api/v1.3/event/track/');
    });

    it('every lead, to a 200 that said no (Segment, PostHog, Stape)', async () => {
      await connected('tiktok');
      site.tiktok.next(tiktokAnswer(40105, 'Access token is incorrect or has been revoked.'));
      const held = await site.becomes(await site.submit(), 'HELD');
      expect([held.verdict, held.attempts[0]?.status]).to.deep.equal(['AUTH_BROKEN', 200]);
      expect(held.attempts[0]?.message).to.match(/revoked.*accessToken/s);
    });

    it('the match, to a hashed null and an address with blanks (PostHog, Segment)', async () => {
      await connected('tiktok');
      await site.submit({
        email: janeDoe.typed['email'],
        phone: null,
        customer_id: externalId.typed,
        first_name: null,
      });
      const { user } = (await lastOf('tiktok')).data[0];
      expect(user.email).to.deep.equal([janeDoe.digests.tiktok['email']]);
      expect(user).not.to.have.any.keys('phone', 'first_name');
    });
  });
});
