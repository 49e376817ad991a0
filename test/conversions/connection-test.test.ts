import { expect } from 'chai';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { GoogleDouble } from '../platforms/google.js';
import { LinkedInDouble, linkedinRefusal } from '../platforms/linkedin.js';
import { MetaDouble, metaRefusal } from '../platforms/meta.js';
import { TikTokDouble, tiktokAnswer } from '../platforms/tiktok.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import type { Answer } from '../support/client.js';
import { conversionsOf, createDestination, granted, settled } from '../support/conversions.js';
import { createBot, createSubmission } from '../support/factories.js';
import { codeOf, memberOf, type Person } from '../support/people.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

describe('what an owner asks of a destination', () => {
  let server: TestServer;
  let meta: MetaDouble;
  let google: GoogleDouble;
  let linkedin: LinkedInDouble;
  let tiktok: TikTokDouble;
  let tenant: Tenant;
  let owner: Person;
  let bot: SharedIntakeBot;

  before(async () => {
    [meta, google, linkedin, tiktok] = await Promise.all([
      MetaDouble.start(),
      GoogleDouble.start(),
      LinkedInDouble.start(),
      TikTokDouble.start(),
    ]);
    server = await startServer({
      env: {
        CONVERSIONS_META_URL: meta.url,
        CONVERSIONS_GOOGLE_URL: google.url,
        CONVERSIONS_GOOGLE_TOKEN_URL: google.tokenUrl,
        CONVERSIONS_LINKEDIN_URL: linkedin.url,
        CONVERSIONS_TIKTOK_URL: tiktok.url,
      },
    });
  });
  beforeEach(async () => {
    for (const double of [meta, google, linkedin, tiktok]) double.reset();
    tenant = await createTenant(server.app);
    owner = await memberOf(server.app, tenant, 'OWNER');
    bot = await createBot(server.app, tenant.workspaceId);
  });
  afterEach(() => {
    for (const double of [meta, google, linkedin, tiktok]) double.assertClean();
  });
  after(async () => {
    await server.stop();
    await Promise.all([meta, google, linkedin, tiktok].map(async (double) => double.stop()));
  });

  const accounts = {
    meta: () => ({ meta: { datasetId: meta.datasetId, accessToken: meta.accessToken } }),
    google: () => ({
      google: {
        operatingAccountId: google.operatingAccountId,
        conversionActionId: google.conversionActionId,
        refresh: google.refresh,
      },
    }),
    linkedin: () => ({ linkedin: { conversionUrn: linkedin.conversionUrn, accessToken: linkedin.accessToken } }),
    tiktok: () => ({ tiktok: { eventSourceId: tiktok.eventSourceId, accessToken: tiktok.accessToken } }),
  };
  const made = async (input: object): Promise<string> => (await createDestination(server.app, bot, input)).id;
  const ask = async (name: string, input: object, selection: string): Promise<Answer<Loose>> => {
    const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
    return await owner.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`, { input });
  };
  const test = async (id: string, more: object = {}): Promise<Loose> => {
    const answer = await ask('testConversionDestination', { id, ...more }, 'ok verdict message sent');
    return answer.body.data?.testConversionDestination ?? answer.body.errors[0].extensions;
  };
  const standing = async (): Promise<Loose> => {
    const query = `{ conversionDestinations { nodes { status lastSentAt summary } } workspace { notices { nodes { kind } } } }`;
    const { conversionDestinations, workspace } = (await owner.graphql(query)).body.data;
    return { ...conversionDestinations.nodes[0], notices: workspace.notices.nodes };
  };

  describe('a test of the connection', () => {
    it('shows Meta a made-up person under the test code, once it is known that this counts', async () => {
      const id = await made({ ...accounts.meta(), testCode: 'TEST123' });
      expect(await test(id)).to.deep.include({ code: 'validation_failed' });
      expect(meta.requests).to.deep.equal([]);
      const { ok, verdict, sent } = await test(id, { acceptRealConversion: true });
      expect({ ok, verdict }).to.deep.equal({ ok: true, verdict: 'DELIVERED' });
      expect(meta.conversions.map(({ test: isTest }) => isTest)).to.deep.equal([true]);
      expect(sent).to.have.property('test_event_code', 'TEST123');
      expect(JSON.stringify(sent))
        .not.to.match(/[0-9a-f]{20}/)
        .and.not.to.include(meta.accessToken);
      expect(sent.data[0].user_data.em[0]).to.match(/^[0-9a-f]{8}\W*$/);
      expect(await conversionsOf(server.app, '')).to.deep.equal([]);
      expect(await standing()).to.deep.equal({
        status: 'ACTIVE',
        lastSentAt: null,
        summary: 'No submission was completed in the last day.',
        notices: [],
      });
    });

    it('sends Meta and TikTok nothing without a test code, and says so', async () => {
      const { ok, verdict, message, sent } = await test(await made(accounts.meta()), { acceptRealConversion: true });
      expect({ ok, verdict, sent }).to.deep.equal({ ok: false, verdict: null, sent: null });
      expect(message).to.match(/^testCode: /);
      expect((await test(await made(accounts.tiktok()))).message).to.match(/^testCode: /);
      expect([meta.requests, tiktok.requests]).to.deep.equal([[], []]);
    });

    it('has Google validate, and count nothing', async () => {
      const { ok, verdict } = await test(await made(accounts.google()));
      expect({ ok, verdict }).to.deep.equal({ ok: true, verdict: 'DELIVERED' });
      expect(google.bodies().map(({ validateOnly }) => validateOnly)).to.deep.equal([true]);
      expect(google.conversions).to.deep.equal([]);
    });

    it('sends LinkedIn a real conversion only where that is accepted, and names the rule that it hides', async () => {
      const id = await made(accounts.linkedin());
      const refused = await test(id, { acceptRealConversion: false });
      expect(refused.details.issues).to.deep.equal([
        {
          path: 'acceptRealConversion',
          code: 'required',
          message: 'must be true: LinkedIn counts what it is sent as a test',
        },
      ]);
      expect(linkedin.requests).to.deep.equal([]);
      expect(await test(id, { acceptRealConversion: true })).to.deep.include({ ok: true, verdict: 'DELIVERED' });
      linkedin.next(linkedinRefusal(403, { code: 'ACCESS_DENIED', message: 'Not enough permissions' }));
      const hidden = await test(id, { acceptRealConversion: true });
      expect(hidden).to.deep.include({ ok: false, verdict: 'CONFIG_BROKEN' });
      expect(hidden.message).to.include('Not enough permissions').and.include('conversionUrn');
    });

    it('takes TikTok’s 200 with a code for the refusal that it is', async () => {
      const id = await made({ ...accounts.tiktok(), testCode: 'TEST9' });
      tiktok.next(tiktokAnswer(40105, 'Access token is incorrect or has been revoked.'));
      const { ok, verdict, message } = await test(id);
      expect({ ok, verdict }).to.deep.equal({ ok: false, verdict: 'AUTH_BROKEN' });
      expect(message).to.include('incorrect or has been revoked').and.include('accessToken');
      expect(await test(id)).to.deep.include({ ok: true, verdict: 'DELIVERED' });
    });

    it('pauses nothing and tells no notice of what it finds; the audit log has who tried', async () => {
      const id = await made({ ...accounts.meta(), testCode: 'TEST1' });
      meta.next(metaRefusal(190, { subcode: 463, message: 'Session has expired' }));
      expect(await test(id, { acceptRealConversion: true })).to.deep.include({ ok: false, verdict: 'AUTH_BROKEN' });
      expect(await standing()).to.deep.include({ status: 'ACTIVE', notices: [] });
      const { body } = await owner.graphql(`{ auditLog(first: 1) { nodes { action subjectId details } } }`);
      expect(body.data.auditLog.nodes).to.deep.equal([
        { action: 'conversion_destination.tested', subjectId: id, details: { platform: 'meta' } },
      ]);
    });

    it('is made ten times a minute at most, of a paused destination too', async () => {
      const id = await made(accounts.google());
      expect(codeOf(await ask('pauseConversionDestination', { id }, 'conversionDestination { id }'))).to.equal(null);
      for (let count = 0; count < 10; count += 1) expect(await test(id)).to.deep.include({ ok: true });
      const refused = await test(id);
      expect(refused.code).to.equal('rate_limit_exceeded');
      expect(refused.details.retry_after).to.be.within(1, 60);
      expect(google.requests).to.have.length(10);
    });
  });

  it('sends what was held while it was paused, or drops it, as the owner says', async () => {
    const id = await made(accounts.meta());
    const submit = async () => (await createSubmission(server.app, bot, { attribution: granted })).id;
    const pause = async () => await ask('pauseConversionDestination', { id }, 'conversionDestination { status }');
    const resume = async (skipHeld: boolean) =>
      codeOf(await ask('resumeConversionDestination', { id, skipHeld }, 'conversionDestination { status }'));
    await pause();
    const held = [await submit(), await submit()];
    for (const one of held) await settled(server.app, one, ({ status }) => status === 'HELD');
    expect((await standing()).summary).to.equal('In the last day 2 of 2 held until the destination is resumed.');
    expect(await resume(false)).to.equal(null);
    for (const one of held) await settled(server.app, one, ({ status }) => status === 'DELIVERED');
    expect(meta.conversions).to.have.length(2);
    await pause();
    const dropped = await submit();
    await settled(server.app, dropped, ({ status }) => status === 'HELD');
    expect(await resume(true)).to.equal(null);
    const [{ reason } = { reason: null }] = await settled(server.app, dropped, ({ status }) => status === 'SKIPPED');
    expect(reason).to.equal('held_dropped');
    expect(meta.conversions).to.have.length(2);
  });

  it('skips what comes while the plan has no conversions, and goes on at once when it has them again', async () => {
    await made(accounts.meta());
    const { workspaces } = server.app;
    const stands = async (status: string) => {
      for (const endMs = performance.now() + 10_000; (await standing()).status !== status;)
        if (performance.now() > endMs) throw new Error(`it is not ${status}`);
    };
    await workspaces.change(tenant.workspaceId, { plan: 'FREE' });
    await stands('PAUSED');
    const skipped = await createSubmission(server.app, bot, { attribution: granted });
    const [{ reason } = { reason: null }] = await settled(server.app, skipped.id, ({ status }) => status === 'SKIPPED');
    expect(reason).to.equal('plan');
    await workspaces.change(tenant.workspaceId, { plan: 'BUSINESS' });
    await stands('ACTIVE');
    const { id } = await createSubmission(server.app, bot, { attribution: granted });
    await settled(server.app, id, ({ status }) => status === 'DELIVERED');
  });

  it('sends a rejected conversion once more, with the same event id, and no other', async () => {
    await made(accounts.meta());
    meta.next(metaRefusal(100, { message: 'Invalid parameter' }));
    const { id } = await createSubmission(server.app, bot, { attribution: granted });
    const [rejected] = await settled(server.app, id, ({ status }) => status === 'REJECTED');
    const resend = async () => await ask('resendConversion', { id: rejected?.id }, 'conversion { id status eventId }');
    const answer = await resend();
    expect(answer.body.data.resendConversion.conversion).to.deep.include({ id: rejected?.id, eventId: `${id}:Lead` });
    await settled(server.app, id, ({ status }) => status === 'DELIVERED');
    expect(meta.conversions.map(({ key }) => key)).to.have.length(1);
    const again = await resend();
    expect(again.body.errors[0].extensions).to.deep.include({ code: 'conflict', details: { reason: 'not_rejected' } });
    const { body } = await owner.graphql('{ auditLog(first: 1) { nodes { action subjectId } } }');
    expect(body.data.auditLog.nodes).to.deep.equal([{ action: 'conversion.resent', subjectId: rejected?.id }]);
  });
});
