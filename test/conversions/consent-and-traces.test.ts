import { expect } from 'chai';
import { externalId, janeDoe, platformNames } from '../platforms/golden.js';
import { metaRefusal } from '../platforms/meta.js';
import { createBot } from '../support/factories.js';
import { placesOf } from '../support/secrets-left.js';
import { attributionOf, doublesOf, ip, leadForm, serviceAccountOf, useConversions, userAgent } from './site.js';

describe('what a person agreed to, and what is left of what was sent', () => {
  const site = useConversions();
  const granted = { ad_user_data: 'granted', ad_personalization: 'granted' };
  const everywhere = (status: string) => Object.fromEntries(platformNames.map((name) => [name, status]));
  const nothingLeft = () => expect(doublesOf(site).flatMap(({ requests }) => requests)).to.be.empty;
  const mutate = async (name: string, input: object, fields: string) =>
    await site.ask(
      `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${fields} } }`,
      { input },
    );
  const pause = async (id: string) =>
    await mutate('pauseConversionDestination', { id }, 'conversionDestination { id }');
  const resume = async (id: string) =>
    await mutate('resumeConversionDestination', { id }, 'conversionDestination { id }');
  const patch = async (id: string, body: object) =>
    await site.client.rest('PATCH', `/intake-bots/${site.bot.id}/submissions/${id}`, body);
  const digests = platformNames.flatMap((name) => Object.values(janeDoe.digests[name]).flat());

  describe('no consent, no send', () => {
    for (const [what, attribution] of [
      ['nothing came beside the lead', null],
      ['where it came from is known, and no consent', attributionOf({ consent: undefined })],
      ['consent to personalised ads alone', attributionOf({ consent: { ad_personalization: 'granted' } })],
      ['a denial', attributionOf({ consent: { ad_user_data: 'denied' } })],
      ['a consent that is misspelt', attributionOf({ consent: { ad_user_data: 'yes' } })],
      ['a consent in capitals', attributionOf({ consent: { ad_user_data: 'GRANTED' } })],
      ['an empty consent', attributionOf({ consent: { ad_user_data: '' } })],
    ] as const) {
      it(`holds for all four: ${what}`, async () => {
        for (const platform of platformNames) await site.connect(platform);
        const id = await site.submit(undefined, attribution);
        const all = await site.becomesAll(id, everywhere('SKIPPED'));
        expect(all.map(({ reason }) => reason)).to.deep.equal(Array(4).fill('no_consent'));
        nothingLeft();
      });
    }

    it('lets the workspace answer for it where it says so, and never sends what was denied', async () => {
      for (const platform of platformNames) await site.connect(platform, { consentMode: 'NOT_REQUIRED' });
      const denied = await site.submit(undefined, attributionOf({ consent: { ad_user_data: 'no' } }));
      await site.becomesAll(denied, everywhere('SKIPPED'));
      nothingLeft();
      const silent = await site.submit(undefined, attributionOf({ consent: undefined }));
      await site.becomesAll(silent, { ...everywhere('DELIVERED'), google: 'ACCEPTED' });
      for (const { conversions } of doublesOf(site)) expect(conversions).to.have.length(1);
    });

    it('heeds a denial that comes after the lead and before the send', async () => {
      const destinations: string[] = [];
      for (const platform of platformNames) destinations.push(await site.connect(platform));
      for (const id of destinations) await pause(id);
      const id = await site.submit();
      await site.becomesAll(id, everywhere('HELD'));
      const { status } = await patch(id, { attribution: { consent: { ad_user_data: 'denied' } } });
      expect(status).to.equal(200);
      for (const destination of destinations) await resume(destination);
      await site.becomesAll(id, everywhere('SKIPPED'));
      nothingLeft();
    });

    it('heeds a denial between two tries', async () => {
      await site.connect('meta');
      site.meta.next({ status: 503, body: '' });
      const id = await site.submit();
      const tried = await site.becomes(id, 'PENDING', 1);
      await patch(id, { attribution: { consent: { ad_user_data: 'denied' } } });
      await site.due(tried.id);
      expect((await site.becomes(id, 'SKIPPED')).reason).to.equal('no_consent');
      expect(site.meta.requests).to.have.length(1);
    });

    it('heeds a consent that is taken back without a denial, and what of it is taken back', async () => {
      const hidden = ['ad_user_data', 'ad_personalization'].map((name) => ({ name, label: name, type: 'hidden' }));
      site.bot = await createBot(site.server.app, site.tenant.workspaceId, { schema: [...leadForm, ...hidden] });
      const destination = await site.connect('google');
      await pause(destination);
      const data = { ...janeDoe.typed, customer_id: externalId.typed, ad_user_data: 'granted' };
      const [one, other] = [
        await site.submit({ ...data, ad_personalization: 'granted' }, null),
        await site.submit({ ...data, ad_personalization: 'granted' }, null),
      ];
      for (const id of [one, other]) await site.becomes(id, 'HELD');
      expect((await patch(one, { data: { ad_user_data: null } })).status).to.equal(200);
      expect((await patch(other, { data: { ad_personalization: null } })).status).to.equal(200);
      await resume(destination);
      expect((await site.becomes(one, 'SKIPPED')).reason).to.equal('no_consent');
      await site.becomes(other, 'ACCEPTED');
      expect(site.google.bodies()).to.have.length(1);
      expect(site.google.bodies()[0].events[0].consent).to.deep.equal({ adUserData: 'CONSENT_GRANTED' });
    });

    it('sends nothing old for a grant that comes later', async () => {
      const destination = await site.connect('meta');
      const id = await site.submit(undefined, attributionOf({ consent: undefined }));
      await site.becomes(id, 'SKIPPED');
      await patch(id, { attribution: { consent: granted } });
      await pause(destination);
      await resume(destination);
      await site.server.app.conversionWorker.chores();
      const next = await site.submit();
      await site.becomes(next, 'DELIVERED');
      await site.becomes(id, 'SKIPPED');
      expect(site.meta.conversions.map(({ key }) => key)).to.deep.equal([`Lead ${next}:Lead`]);
    });

    it('reads consent and clicks from hidden fields of the form too', async () => {
      const hidden = ['ad_user_data', 'gclid', 'fbclid'].map((name) => ({ name, label: name, type: 'hidden' }));
      site.bot = await createBot(site.server.app, site.tenant.workspaceId, { schema: [...leadForm, ...hidden] });
      await site.connect('google');
      const data = { ...janeDoe.typed, customer_id: externalId.typed, gclid: 'EAIaIQobChMI_x-Y' };
      const denied = await site.submit({ ...data, ad_user_data: 'off' }, null);
      await site.becomes(denied, 'SKIPPED');
      const agreed = await site.submit({ ...data, ad_user_data: 'granted' }, null);
      await site.becomes(agreed, 'ACCEPTED');
      const [event] = site.google.bodies()[0].events;
      expect(event.adIdentifiers.gclid).to.equal('EAIaIQobChMI_x-Y');
    });
  });

  describe('no page tells who somebody is', () => {
    for (const [what, page, sent] of [
      [
        'an address in the query',
        'https://example.com/thanks?email=jane%40doe.com&utm_source=fb',
        'https://example.com/thanks?utm_source=fb',
      ],
      ['a name and a phone in the query', 'https://example.com/?name=Jane&tel=%2B14155550132', 'https://example.com/'],
      ['a fragment', 'https://example.com/#/reset?token=s3cret', 'https://example.com/'],
      ['an address in a campaign', 'https://example.com/?utm_content=jane@doe.com', null],
      ['an address in the path', 'https://example.com/u/jane@doe.com/', null],
      ['an encoded address in the path', 'https://example.com/u/jane%40doe.com/', null],
      ['a phone in the path', 'https://example.com/call/+14155550132', null],
      ['a user and a password', 'https://jane:s3cret@example.com/', null],
    ] as const) {
      it(`leaves out ${what}`, async () => {
        await site.connect('meta');
        await site.connect('tiktok');
        await site.submit(undefined, attributionOf({ landing_page: page, referrer: page }));
        await site.meta.arrived(1);
        await site.tiktok.arrived(1);
        const [event] = site.meta.bodies()[0].data;
        const [told] = site.tiktok.bodies()[0].data;
        for (const address of [event.event_source_url, event.referrer_url, told.page?.url, told.page?.referrer]) {
          expect(address ?? null).to.be.oneOf(sent === null ? [null, 'https://example.com/'] : [sent]);
        }
      });
    }
  });

  describe('a dump of the database', () => {
    const placesOfAll = async (texts: readonly string[]) => {
      const found: Record<string, unknown> = {};
      for (const text of texts) {
        const places = await placesOf(site.server.app, text);
        if (Object.keys(places).length > 0) found[text] = places;
      }
      return found;
    };
    const rowsOf = async (query: string) => (await site.server.app.database.pool.query(query)).rows;

    it('has ip, user agent and digests nowhere, neither while a conversion is open nor after its end', async () => {
      const destinations = await Promise.all(platformNames.map(async (platform) => site.connect(platform)));
      const always = { status: 503, body: '' };
      for (const double of doublesOf(site)) double.always = always;
      const id = await site.submit();
      for (const { platform } of await site.conversions(id)) await site.double(platform).arrived(1);
      const open = await site.becomesAll(id, everywhere('PENDING'));
      expect(open).to.have.length(4);
      const personal = [ip, userAgent, ...digests];
      expect(await placesOfAll(personal)).to.deep.equal({});
      const kept = await rowsOf('select snapshot from conversions where snapshot is not null');
      expect(kept).to.have.length.of.at.least(4);

      for (const double of doublesOf(site)) double.always = 'answer';
      for (const conversion of open) await site.due(conversion.id);
      await site.becomesAll(id, { ...everywhere('DELIVERED'), google: 'ACCEPTED' });
      expect(await placesOfAll(personal)).to.deep.equal({});
      const ended = await rowsOf(
        "select 1 from conversions where snapshot is not null and status in ('DELIVERED', 'SKIPPED', 'EXPIRED')",
      );
      expect(ended).to.be.empty;
      expect(destinations).to.have.length(4);
    });

    it('has credentials nowhere but sealed, whoever gave them how', async () => {
      await site.connect('meta');
      await site.connect('linkedin');
      await site.connect('tiktok');
      const { conversionActionId, refresh } = site.google;
      await site.connect('google', {
        google: { operatingAccountId: '987-654-3210', conversionActionId, serviceAccount: serviceAccountOf(site) },
      });
      const id = await site.submit();
      await site.becomesAll(id, { ...everywhere('DELIVERED'), google: 'ACCEPTED' });
      const { private_key: key } = JSON.parse(serviceAccountOf(site)) as { private_key: string };
      const [, line = ''] = key.split('\n');
      const tokens = [site.meta.accessToken, site.linkedin.accessToken, site.tiktok.accessToken];
      expect(await placesOfAll([...tokens, line, refresh.clientSecret, 'ya29.'])).to.deep.equal({});
      const shown = await site.ask(
        `query ($id: ID!) { conversionDestinations(intakeBotId: $id) { nodes { settings credential { lastFour } } } }`,
        { id: site.bot.id },
      );
      expect(JSON.stringify(shown)).not.to.include(line);
      for (const token of tokens) expect(JSON.stringify(shown)).not.to.include(token);
    });

    it('keeps what came with a draft sealed, until it completes and no longer', async () => {
      await site.connect('meta');
      const path = `/intake-bots/${site.bot.id}/submissions`;
      const data = { ...janeDoe.typed, customer_id: externalId.typed };
      const { body } = await site.client.rest('POST', path, {
        data,
        status: 'IN_PROGRESS',
        attribution: attributionOf(),
      });
      const id: string = body.data.submission.id;
      expect(await rowsOf('select 1 from conversion_origins')).to.have.length(1);
      expect(await placesOfAll([ip, userAgent])).to.deep.equal({});
      await patch(id, { status: 'COMPLETED' });
      await site.becomes(id, 'DELIVERED');
      const [event] = site.meta.bodies()[0].data;
      expect(event.user_data).to.include({ client_ip_address: ip, client_user_agent: userAgent });
      expect(await rowsOf('select 1 from conversion_origins')).to.be.empty;
    });

    it('keeps nothing of ip and user agent where no platform would be told', async () => {
      const path = `/intake-bots/${site.bot.id}/submissions`;
      const sent = { data: janeDoe.typed, status: 'IN_PROGRESS', attribution: attributionOf() };
      await site.client.rest('POST', path, sent);
      await site.submit();
      expect(await rowsOf('select 1 from conversion_origins')).to.be.empty;
      expect(await placesOfAll([ip, userAgent])).to.deep.equal({});
    });
  });

  describe('who is erased is told of to nobody', () => {
    async function waiting(): Promise<{ id: string; conversionId: string }> {
      site.meta.next({ status: 503, body: '' });
      const id = await site.submit();
      const tried = await site.becomes(id, 'PENDING', 1);
      return { id, conversionId: tried.id };
    }
    const endOf = async (conversionId: string) => {
      const query = 'select status, reason, snapshot from conversions where id = $1';
      const { rows } = await site.server.app.database.pool.query(query, [conversionId]);
      return rows[0] as object;
    };
    const erased = { status: 'SKIPPED', reason: 'erased', snapshot: null };

    it('after the submission is deleted', async () => {
      await site.connect('meta');
      const { id, conversionId } = await waiting();
      await mutate('deleteSubmission', { id }, '__typename');
      await site.becomes(id, 'SKIPPED');
      expect(await endOf(conversionId)).to.deep.equal(erased);
      await site.server.app.conversionWorker.chores();
      expect(site.meta.requests).to.have.length(1);
    });

    it('after the contact is deleted', async () => {
      await site.connect('meta');
      const { id, conversionId } = await waiting();
      const { submission } = await site.ask('query ($id: ID!) { submission(id: $id) { contact { id } } }', { id });
      await mutate('deleteContact', { id: submission.contact.id }, '__typename');
      await site.becomes(id, 'SKIPPED');
      expect(await endOf(conversionId)).to.deep.equal(erased);
      expect(site.meta.requests).to.have.length(1);
    });

    it('while an erasure runs that has not come to the submission yet', async () => {
      const destination = await site.connect('meta');
      await pause(destination);
      const first = await site.submit();
      const id = await site.submit();
      await site.becomes(id, 'HELD');
      const { pool } = site.server.app.database;
      // More than one commit erases, and all of them earlier than the one that waits.
      await pool.query(
        `insert into submissions (id, workspace_id, intake_bot_id, contact_id, data, status, is_test, file_count,
           schema_version, created_at, updated_at)
         select left(id, 20) || lpad(n::text, 5, '0'), workspace_id, intake_bot_id, contact_id, '{}', status, is_test, 0,
           schema_version, created_at, updated_at from submissions, generate_series(1, 10001) n where id = $1`,
        [first],
      );
      const { submission } = await site.ask('query ($id: ID!) { submission(id: $id) { contact { id } } }', { id });
      const holder = await pool.connect();
      try {
        await holder.query('begin');
        await holder.query('select from submissions where id = $1 for update', [id]);
        const { deleteContact } = await site.ask(
          'mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { erasure { status } } }',
          { input: { id: submission.contact.id } },
        );
        expect(deleteContact.erasure.status).to.equal('RUNNING');
        await resume(destination);
        expect((await site.becomes(id, 'SKIPPED')).reason).to.equal('erased');
        nothingLeft();
      } finally {
        await holder.query('rollback');
        holder.release();
      }
    });

    it('after the destination is deleted, and what was refused cannot be sent again', async () => {
      const destination = await site.connect('meta');
      const { conversionId } = await waiting();
      site.meta.next(metaRefusal(100));
      const refused = await site.becomes(await site.submit(), 'REJECTED');
      await mutate('deleteConversionDestination', { id: destination }, '__typename');
      expect(await endOf(conversionId)).to.deep.equal({ ...erased, reason: 'destination_deleted' });
      expect(await endOf(refused.id)).to.deep.include({ snapshot: null });
      const { body } = await site.owner.graphql(
        'mutation ($input: ResendConversionInput!) { resendConversion(input: $input) { __typename } }',
        { input: { id: refused.id } },
      );
      expect(body.errors).to.have.length(1);
      expect(site.meta.requests).to.have.length(2);
      const rows = await site.server.app.database.pool.query(
        'select credential from conversion_destinations where id = $1',
        [destination],
      );
      expect(rows.rows[0]?.credential ?? '').to.equal('');
    });
  });
});
