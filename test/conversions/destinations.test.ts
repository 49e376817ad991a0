import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { tellOfExpiringCredentials } from '../../src/conversions/credential-expiry.js';
import type { ConversionDestination } from '../../src/conversions/destination.entity.js';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import type { UpdateConversionDestination } from '../../src/conversions/destination.input.js';
import { newId } from '../../src/platform/id.js';
import type { Valid } from '../../src/platform/validate.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Answer } from '../support/client.js';
import { contactForm, createBot, createSubmission, operator } from '../support/factories.js';
import { codeOf, memberOf, type Person } from '../support/people.js';
import { placesOf } from '../support/secrets-left.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

const dayMs = 86_400_000;
const secret = 'EAAGm0PX4ZCpsBAKsecret';
const meta = { datasetId: '1234567890', accessToken: secret };
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2_048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const serviceAccount = JSON.stringify({
  type: 'service_account',
  client_email: 'leads@project.iam.gserviceaccount.com',
  private_key: privateKey,
  private_key_id: 'd0f1a2b3c4d5e6f7',
  token_uri: 'https://attacker.example/token',
});
const accounts = {
  meta,
  google: { operatingAccountId: '123-456-7890', conversionActionId: '987654321', serviceAccount },
  linkedin: { conversionUrn: 'urn:lla:llaPartnerConversion:104012', accessToken: 'AQX-linkedin-token' },
  tiktok: { eventSourceId: 'C4RABCDEF1234567', accessToken: 'tiktok-token-0001' },
};
const fields = `id platform status pauseReason settings credential { lastFour setAt expiresAt } eventName
  value { amount currency field } mapping defaultCountry consentMode testCode lastSentAt summary createdAt updatedAt
  intakeBot { id }`;

describe('a destination of conversions', () => {
  let server: TestServer;
  let tenant: Tenant;
  let owner: Person;
  let bot: SharedIntakeBot;

  before(async () => {
    server = await startServer({ role: 'api' });
  });
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    owner = await memberOf(server.app, tenant, 'OWNER');
    bot = await createBot(server.app, tenant.workspaceId);
  });
  after(async () => await server.stop());

  const typed = (name: string) => `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const call = async (name: string, input: object, selection: string, by: Person = owner): Promise<Answer<Loose>> =>
    await by.graphql(`mutation ($input: ${typed(name)}!) { ${name}(input: $input) { ${selection} } }`, { input });
  const create = async (input: object, by?: Person) =>
    await call(
      'createConversionDestination',
      { intakeBotId: bot.id, ...input },
      `conversionDestination { ${fields} }`,
      by,
    );
  const created = async (input: object = { meta }): Promise<Loose> => {
    const answer = await create(input);
    expect(answer.body.errors, JSON.stringify(answer.body.errors)).to.equal(undefined);
    return answer.body.data.createConversionDestination.conversionDestination;
  };
  const change = async (name: 'update' | 'pause' | 'resume', input: object): Promise<Loose> => {
    const answer = await call(`${name}ConversionDestination`, input, `conversionDestination { ${fields} }`);
    expect(answer.body.errors, JSON.stringify(answer.body.errors)).to.equal(undefined);
    return answer.body.data[`${name}ConversionDestination`].conversionDestination;
  };
  const issuesOf = ({ body }: Answer<Loose>): string[] =>
    (body.errors?.[0].extensions.details.issues ?? []).map(({ path, code }: Loose) => `${path} ${code}`);
  const entry = async (id: string): Promise<ConversionDestination> => {
    const actor = await operator(server.app, tenant.workspaceId);
    const [found] = await server.app.conversionDestinations.getMany(actor, [id]);
    expect(found?.id).to.equal(id);
    return found as ConversionDestination;
  };
  const notices = async (): Promise<Loose[]> =>
    (await owner.graphql('{ workspace { notices { nodes { kind text params } } } }')).body.data.workspace.notices.nodes;
  const auditOf = async (id: string): Promise<Loose[]> => {
    const query = 'query ($id: ID) { auditLog(filter: { subjectId: $id }) { nodes { action details } } }';
    return (await owner.graphql(query, { id })).body.data.auditLog.nodes.toReversed();
  };
  /** As the sender leaves it. */
  const conversion = async (destination: string, more: Record<string, unknown> = {}): Promise<string> => {
    const row = {
      id: newId('conversion'),
      workspace_id: tenant.workspaceId,
      destination_id: destination,
      intake_bot_id: bot.id,
      submission_id: newId('submission'),
      platform: 'meta',
      event_id: 'x:Lead',
      event_name: 'Lead',
      occurred_at: new Date(),
      status: 'DELIVERED',
      retry_until: new Date(),
      created_at: new Date(),
      updated_at: new Date(),
      ...more,
    };
    const names = Object.keys(row);
    await server.app.database.pool.query(
      `insert into conversions (${names.join()}) values (${names.map((_, index) => `$${index + 1}`).join()})`,
      Object.values(row),
    );
    return row.id;
  };

  it('is made of the account of one platform, with what is said of each by default', async () => {
    const made = await created();
    expect(made).to.deep.include({
      platform: 'META',
      status: 'ACTIVE',
      pauseReason: null,
      settings: { datasetId: '1234567890' },
      eventName: 'Lead',
      value: null,
      mapping: {},
      defaultCountry: null,
      consentMode: 'REQUIRED',
      testCode: null,
      lastSentAt: null,
      summary: 'No submission was completed in the last day.',
      intakeBot: { id: bot.id },
    });
    expect(made.credential).to.deep.equal({ lastFour: 'cret', setAt: made.createdAt, expiresAt: null });
    const query = 'query ($id: ID) { conversionDestinations(intakeBotId: $id) { totalCount nodes { id } } }';
    const { body } = await owner.graphql(query, { id: bot.id });
    expect(body.data.conversionDestinations).to.deep.equal({ totalCount: 1, nodes: [{ id: made.id }] });
    const other = await createBot(server.app, tenant.workspaceId);
    const none = await owner.graphql(query, { id: other.id });
    expect(none.body.data.conversionDestinations.nodes).to.deep.equal([]);
  });

  it('takes each of the four platforms, of each account its ids alone being shown', async () => {
    const made = [];
    for (const [name, account] of Object.entries(accounts)) made.push(await created({ [name]: account }));
    expect(made.map(({ platform, settings, credential }) => [platform, settings, credential.lastFour])).to.deep.equal([
      ['META', { datasetId: '1234567890' }, 'cret'],
      ['GOOGLE', { operatingAccountId: '1234567890', conversionActionId: '987654321' }, 'e6f7'],
      ['LINKEDIN', { conversionUrn: 'urn:lla:llaPartnerConversion:104012' }, 'oken'],
      ['TIKTOK', { eventSourceId: 'C4RABCDEF1234567' }, '0001'],
    ]);
    const { setAt, expiresAt } = made[2].credential;
    expect(Date.parse(expiresAt) - Date.parse(setAt)).to.equal(60 * dayMs);
    expect(made.filter(({ credential }) => credential.expiresAt !== null)).to.have.length(1);
  });

  it('keeps credentials sealed, and shows them nowhere', async () => {
    const logged = [];
    for (const [name, account] of Object.entries(accounts))
      logged.push(JSON.stringify(await created({ [name]: account })));
    const { id } = JSON.parse(logged[0] ?? '') as { id: string };
    const replaced = 'EAAG-another-secret';
    logged.push(JSON.stringify(await change('update', { id, meta: { accessToken: replaced } })));
    logged.push(JSON.stringify(await auditOf(id)), JSON.stringify(await notices()));
    for (const text of [secret, replaced, 'AQX-linkedin-token', 'tiktok-token-0001', privateKey.slice(40, 80)]) {
      expect(await placesOf(server.app, text), text).to.deep.equal({});
      expect(logged.join(), text).not.to.include(text);
    }
  });

  it('refuses none, two or parts of accounts, each by its place', async () => {
    const { tiktok, google, linkedin } = accounts;
    expect(issuesOf(await create({}))).to.deep.equal([' required']);
    expect(issuesOf(await create({ meta, tiktok }))).to.deep.equal(['tiktok not_allowed']);
    expect(issuesOf(await create({ meta: {} }))).to.have.members([
      'meta.datasetId required',
      'meta.accessToken required',
    ]);
    const refresh = { clientId: 'c', clientSecret: 's', refreshToken: 'r' };
    expect(issuesOf(await create({ google: { ...google, refresh } }))).to.deep.equal(['google.refresh not_allowed']);
    expect(issuesOf(await create({ google: { ...google, serviceAccount: '{}' } }))).to.deep.equal([
      'google.serviceAccount bad_format',
    ]);
    expect(issuesOf(await create({ linkedin: { ...linkedin, conversionUrn: '104012' } }))).to.deep.equal([
      'linkedin.conversionUrn bad_format',
    ]);
  });

  it('refuses a value, mapping, country, name or test code that no platform could be told', async () => {
    const refused = async (input: object) => issuesOf(await create({ meta, ...input }));
    expect(await refused({ value: { amount: 1, field: 'guests', currency: 'USD' } })).to.deep.equal([
      'value.field not_allowed',
    ]);
    expect(await refused({ value: { currency: 'USD' } })).to.deep.equal(['value.amount required']);
    expect(await refused({ value: { amount: -1, currency: 'USD' } })).to.deep.equal(['value.amount out_of_range']);
    expect(await refused({ value: { amount: 1, currency: 'XYZ' } })).to.deep.equal(['value.currency not_an_option']);
    expect(await refused({ value: { field: 'full_name', currency: 'USD' } })).to.deep.equal([
      'value.field not_an_option',
    ]);
    expect(await refused({ mapping: { firstName: 'full_name', city: 'nowhere' } })).to.deep.equal([
      'mapping.city not_an_option',
    ]);
    expect(await refused({ defaultCountry: 'XX' })).to.deep.equal(['defaultCountry not_an_option']);
    expect(await refused({ eventName: 'a:b' })).to.deep.equal(['eventName bad_format']);
    // A pattern that tries every way to read the letters would take longer than this test may.
    expect(await refused({ eventName: `${'a'.repeat(49)}!` })).to.deep.equal(['eventName bad_format']);
    const { google } = accounts;
    expect(issuesOf(await create({ google, testCode: 'TEST1' }))).to.deep.equal(['testCode not_allowed']);
    const taken = { value: { amount: 0, currency: 'usd' }, mapping: { email: 'email' }, defaultCountry: 'us' };
    expect(await created({ meta, ...taken, eventName: 'Qualified lead', testCode: 'TEST1' })).to.deep.include({
      value: { amount: 0, field: null, currency: 'USD' },
      mapping: { email: 'email' },
      defaultCountry: 'US',
      eventName: 'Qualified lead',
      testCode: 'TEST1',
    });
  });

  it('is one for each bot and platform, however many ask at once, until it is deleted', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, async () => create({ meta })));
    expect(answers.map(codeOf)).to.have.members(['conflict', 'conflict', 'conflict', null]);
    const refused = answers.find((answer) => codeOf(answer) === 'conflict');
    expect(refused?.body.errors[0].extensions.details).to.deep.equal({ reason: 'destination_exists' });
    const taken = answers.find((answer) => codeOf(answer) === null);
    const id: string = taken?.body.data.createConversionDestination.conversionDestination.id;
    expect(codeOf(await call('deleteConversionDestination', { id }, 'id'))).to.equal(null);
    await created({ meta });
  });

  it('is for Owners and Admins who are signed in, of a plan that has conversions', async () => {
    const member = await memberOf(server.app, tenant, 'MEMBER');
    expect(codeOf(await create({ meta }, member))).to.equal('insufficient_role');
    const { body: none } = await owner.graphql('{ conversionDestinations { nodes { id } } }');
    expect(none.data.conversionDestinations.nodes).to.deep.equal([]);
    const key = clientOf(server.url, tenant.key);
    expect(codeOf(await key.graphql('{ conversionDestinations { nodes { id } } }'))).to.equal('insufficient_role');
    const free = await createTenant(server.app, 'FREE');
    const other = await memberOf(server.app, free, 'OWNER');
    const { id } = await createBot(server.app, free.workspaceId);
    const refused = await create({ meta, intakeBotId: id }, other);
    expect(refused.body.errors[0].extensions).to.deep.include({
      code: 'feature_not_available',
      details: { feature: 'conversions' },
    });
    const { body } = await other.graphql('{ workspace { limits { conversions } } conversions { nodes { id } } }');
    expect(body.data).to.deep.equal({ workspace: { limits: { conversions: false } }, conversions: { nodes: [] } });
    const pro = await createTenant(server.app, 'PRO');
    const { id: ofPro } = await createBot(server.app, pro.workspaceId);
    expect(codeOf(await create({ meta, intakeBotId: ofPro }, await memberOf(server.app, pro, 'ADMIN')))).to.equal(null);
  });

  it('keeps what a change leaves out, the credential too, and takes no other platform’s account', async () => {
    const made = await created({ meta, mapping: { email: 'email' }, testCode: 'T1' });
    const { id } = made;
    const renamed = await change('update', { id, meta: { datasetId: '999' }, eventName: 'Contact' });
    expect(renamed).to.deep.include({ settings: { datasetId: '999' }, eventName: 'Contact', testCode: 'T1' });
    expect(renamed.credential).to.deep.equal(made.credential);
    expect(server.app.conversionDestinations.credentialOf(await entry(id))).to.deep.equal({ accessToken: secret });
    const cleared = await change('update', { id, mapping: null, testCode: null, meta: { accessToken: 'new-token' } });
    expect(cleared).to.deep.include({ mapping: {}, testCode: null, eventName: 'Contact' });
    expect(cleared.credential.lastFour).to.equal('oken');
    expect(server.app.conversionDestinations.credentialOf(await entry(id))).to.deep.equal({ accessToken: 'new-token' });
    const other = await call(
      'updateConversionDestination',
      { id, tiktok: accounts.tiktok },
      'conversionDestination { id }',
    );
    expect(issuesOf(other)).to.deep.equal(['tiktok not_allowed']);
    const same = await change('update', { id, eventName: 'Contact' });
    expect(same.updatedAt).to.equal(cleared.updatedAt);
  });

  it('tells the audit log of each change, of consent what it was', async () => {
    const { id } = await created();
    await change('update', { id, consentMode: 'NOT_REQUIRED', meta: { accessToken: 'new-token' } });
    await change('pause', { id });
    await change('resume', { id, skipHeld: true });
    await call('deleteConversionDestination', { id }, 'id');
    expect(await auditOf(id)).to.deep.equal([
      {
        action: 'conversion_destination.created',
        details: {
          intake_bot_id: bot.id,
          platform: 'meta',
          settings: { datasetId: '1234567890' },
          consent_mode: 'REQUIRED',
        },
      },
      {
        action: 'conversion_destination.updated',
        details: { changes: ['credential', 'consentMode'], consent_mode: 'NOT_REQUIRED', was: 'REQUIRED' },
      },
      { action: 'conversion_destination.paused', details: {} },
      { action: 'conversion_destination.resumed', details: { skip_held: true } },
      { action: 'conversion_destination.deleted', details: { intake_bot_id: bot.id, platform: 'meta' } },
    ]);
  });

  it('tells the audit log which of its settings changed, whichever it was', async () => {
    const { id } = await created();
    const changes: Record<keyof Valid<typeof UpdateConversionDestination>, unknown> = {
      eventName: 'Contact',
      value: { amount: 5, currency: 'EUR' },
      mapping: { email: 'email' },
      defaultCountry: 'DE',
      consentMode: 'NOT_REQUIRED',
      testCode: 'TEST1',
    };
    for (const [name, value] of Object.entries(changes)) {
      await change('update', { id, [name]: value });
      expect((await auditOf(id)).at(-1).details).to.deep.include({ changes: [name] });
    }
  });

  it('is paused by hand for good, whatever is changed, until somebody resumes it', async () => {
    const { id } = await created();
    expect(await change('pause', { id })).to.deep.include({ status: 'PAUSED', pauseReason: 'MANUAL' });
    expect(await change('update', { id, meta: { accessToken: 'new-token' } })).to.deep.include({
      status: 'PAUSED',
      pauseReason: 'MANUAL',
    });
    expect(await change('resume', { id })).to.deep.include({ status: 'ACTIVE', pauseReason: null });
  });

  it('is paused by its plan, and resumed with it unless it was paused by hand', async () => {
    const [first, second] = [await created(), await created({ tiktok: accounts.tiktok })];
    await change('pause', { id: second.id });
    const stands = async () => {
      const { body } = await owner.graphql('{ conversionDestinations { nodes { platform status pauseReason } } }');
      return body.data.conversionDestinations.nodes.map(
        (one: Loose) => `${one.platform} ${one.status} ${one.pauseReason}`,
      );
    };
    const { workspaces, conversionDestinations } = server.app;
    await workspaces.change(tenant.workspaceId, { plan: 'FREE' });
    await conversionDestinations.followWorkspaces(null);
    expect(await stands()).to.deep.equal(['TIKTOK PAUSED MANUAL', 'META PAUSED PLAN']);
    expect(
      codeOf(await call('resumeConversionDestination', { id: first.id }, 'conversionDestination { id }')),
    ).to.equal('feature_not_available');
    await workspaces.change(tenant.workspaceId, { plan: 'PRO' });
    await conversionDestinations.followWorkspaces([tenant.workspaceId]);
    expect(await stands()).to.deep.equal(['TIKTOK PAUSED MANUAL', 'META ACTIVE null']);
    expect((await auditOf(first.id)).map(({ action, details }) => [action, details.reason])).to.deep.equal([
      ['conversion_destination.created', undefined],
      ['conversion_destination.paused', 'PLAN'],
      ['conversion_destination.resumed', 'PLAN'],
    ]);
  });

  it('is paused once by a refused credential, with a notice of what to do, and mended by another one', async () => {
    const { id } = await created();
    const sentBy = await entry(id);
    const refuse = async () =>
      await server.app.database.transaction(async (tx) =>
        server.app.conversionDestinations.pausedBy(tx, sentBy, 'AUTH_BROKEN', {
          code: '190/463',
          message: 'The token has expired. Generate a new one, and save it as accessToken.',
        }),
      );
    const all = await Promise.all([refuse(), refuse(), refuse()]);
    expect(all).to.have.members([false, false, true]);
    const [notice, ...others] = await notices();
    expect(others).to.deep.equal([]);
    expect(notice).to.deep.include({
      kind: 'conversion_destination_paused',
      params: { destination_id: id, intake_bot_id: bot.id, platform: 'meta', reason: 'AUTH_BROKEN', code: '190/463' },
    });
    expect(notice.text).to.include('Contact us').and.include('save it as accessToken').and.include('7 days');
    expect(await change('update', { id, eventName: 'Contact' })).to.deep.include({ pauseReason: 'AUTH_BROKEN' });
    expect(await change('update', { id, meta: { accessToken: 'new-token' } })).to.deep.include({
      status: 'ACTIVE',
      pauseReason: null,
    });
    const [, , , mended] = await auditOf(id);
    expect(mended).to.deep.equal({
      action: 'conversion_destination.updated',
      details: { changes: ['credential'], status: 'ACTIVE' },
    });
    // What was sent with the former token is answered late.
    expect(await refuse()).to.equal(false);
    expect(await notices()).to.have.length(1);
  });

  it('tells 14 and 3 days before a token of LinkedIn ends, once each, and anew of another one', async () => {
    const { id } = await created({ linkedin: accounts.linkedin });
    await created();
    const startMs = Date.now();
    const toldIn = async (days: number): Promise<Loose[]> => {
      await tellOfExpiringCredentials(server.app, new Date(startMs + days * dayMs));
      return (await notices()).toReversed();
    };
    expect(await toldIn(45)).to.deep.equal([]);
    const [first, ...others] = await toldIn(46.5);
    expect(others).to.deep.equal([]);
    expect(first.kind).to.equal('conversion_credential_expiring');
    expect(first.params).to.deep.include({ destination_id: id, platform: 'linkedin' });
    expect(first.text).to.include('ends in 14 days, on').and.include('LinkedIn').and.include('Contact us');
    for (const days of [46.6, 50, 56.9]) expect(await toldIn(days)).to.have.length(1);
    const [, second] = await toldIn(57.5);
    expect(second.text).to.include('ends in 3 days');
    for (const days of [57.6, 59.9, 61]) expect(await toldIn(days)).to.have.length(2);
    await change('update', { id, linkedin: { accessToken: 'another-token' } });
    expect(await toldIn(46.5)).to.have.length(3);
  });

  it('is gone once it is deleted, with its credential; its log stays as long as it is kept', async () => {
    const { id } = await created();
    const told = await conversion(id, { status: 'REJECTED', ended_at: new Date() });
    expect(codeOf(await call('deleteConversionDestination', { id }, 'id'))).to.equal(null);
    for (const name of ['update', 'pause', 'resume', 'delete', 'test']) {
      const selection = { delete: 'id', test: 'ok' }[name] ?? 'conversionDestination { id }';
      const answer = await call(`${name}ConversionDestination`, { id }, selection);
      expect(answer.body.errors[0].extensions).to.deep.include({
        code: 'resource_not_found',
        details: { resource: 'conversion_destination' },
      });
    }
    const read = async () =>
      (await owner.graphql('{ conversions { nodes { id destination { id credential { lastFour } } } } }')).body.data
        .conversions.nodes;
    await server.app.conversionDestinations.forgetDeleted();
    expect(await read()).to.deep.equal([{ id: told, destination: { id, credential: null } }]);
    const { pool } = server.app.database;
    const { rows } = await pool.query('select credential from conversion_destinations where id = $1', [id]);
    expect(rows).to.deep.equal([{ credential: '' }]);
    await pool.query('delete from conversions where id = $1', [told]);
    await server.app.conversionDestinations.forgetDeleted();
    expect((await pool.query('select from conversion_destinations where id = $1', [id])).rows).to.deep.equal([]);
  });

  describe('shows its conversions', () => {
    const list = async (filter: object): Promise<Loose> => {
      const query = `query ($filter: ConversionFilter) { conversions(filter: $filter) { totalCount nodes {
        id status verdict reason platform eventId dropped nextAttemptAt createdAt endedAt submission { id }
        destination { id } attempts { at status code message traceId ms } } } }`;
      const { body } = await owner.graphql(query, { filter });
      expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
      return body.data.conversions;
    };

    it('with every attempt, by destination, bot, submission, state and time', async () => {
      // Before there is a destination that hears of it.
      const submission = await createSubmission(server.app, bot);
      const [first, second] = [await created(), await created({ tiktok: accounts.tiktok })];
      const attempts = [
        { at: '2026-11-29T10:00:00.000Z', status: 400, code: '100', message: 'No.', traceId: 'A1', ms: 12 },
      ];
      const rejected = await conversion(first.id, {
        submission_id: submission.id,
        status: 'REJECTED',
        verdict: 'REJECTED',
        attempts: JSON.stringify(attempts),
        dropped: ['ph'],
      });
      const skipped = await conversion(second.id, {
        status: 'SKIPPED',
        reason: 'no_consent',
        created_at: new Date(Date.now() - dayMs),
      });
      const { totalCount, nodes } = await list({ destinationId: first.id });
      expect(totalCount).to.equal(1);
      expect(nodes[0]).to.deep.include({
        id: rejected,
        status: 'REJECTED',
        verdict: 'REJECTED',
        reason: null,
        platform: 'META',
        dropped: ['ph'],
        submission: { id: submission.id },
        destination: { id: first.id },
        attempts,
      });
      const ids = async (filter: object) => (await list(filter)).nodes.map(({ id }: Loose) => id);
      expect(await ids({})).to.deep.equal([skipped, rejected]);
      expect(await ids({ intakeBotId: bot.id })).to.deep.equal([skipped, rejected]);
      expect(await ids({ submissionId: submission.id })).to.deep.equal([rejected]);
      expect(await ids({ status: ['SKIPPED', 'EXPIRED'] })).to.deep.equal([skipped]);
      expect(await ids({ createdAt: { gte: new Date(Date.now() - 60_000).toISOString() } })).to.deep.equal([rejected]);
      const [of] = (await list({ status: ['SKIPPED'] })).nodes;
      expect(of).to.deep.include({ verdict: 'SKIPPED', reason: 'no_consent', submission: null, attempts: [] });
      const under = `query ($id: ID!) { submission(id: $id) { conversions { totalCount nodes { id } } }
        conversionDestinations { nodes { id conversions(first: 1) { totalCount nodes { id } } } } node(id: "${rejected}") {
        __typename ... on Conversion { status attempts { code } } } }`;
      const { body } = await owner.graphql(under, { id: submission.id });
      expect(body.data).to.deep.equal({
        submission: { conversions: { totalCount: 1, nodes: [{ id: rejected }] } },
        conversionDestinations: {
          nodes: [
            { id: second.id, conversions: { totalCount: 1, nodes: [{ id: skipped }] } },
            { id: first.id, conversions: { totalCount: 1, nodes: [{ id: rejected }] } },
          ],
        },
        node: { __typename: 'Conversion', status: 'REJECTED', attempts: [{ code: '100' }] },
      });
    });

    it('to Owners and Admins alone, who read the submission otherwise as before', async () => {
      const { id } = await createSubmission(server.app, bot);
      const key = clientOf(server.url, tenant.key);
      const { body } = await key.graphql(`{ submission(id: "${id}") { id conversions { nodes { id } } } }`);
      expect(body).to.deep.include({ data: { submission: { id, conversions: null } } });
      expect(body.errors[0].extensions.code).to.equal('insufficient_role');
    });

    it('of the last day in a sentence that says what to do', async () => {
      const { id } = await created();
      const summary = async () =>
        (await owner.graphql('{ conversionDestinations { nodes { summary } } }')).body.data.conversionDestinations
          .nodes[0].summary;
      for (let count = 0; count < 3; count += 1) await conversion(id, { status: 'SKIPPED', reason: 'no_consent' });
      expect(await summary()).to.equal(
        'In the last day 3 of 3 skipped: no consent was given; send `attribution.consent`.',
      );
      await conversion(id);
      await conversion(id);
      await conversion(id, { status: 'HELD' });
      expect(await summary()).to.equal(
        'In the last day 2 of 6 delivered, 1 held until the destination is resumed, 3 skipped: no consent was given; ' +
          'send `attribution.consent`.',
      );
    });

    it('as they change, to whoever follows the destination', async () => {
      const { id } = await created();
      const other = await created({ tiktok: accounts.tiktok });
      const told = await conversion(id, { status: 'PENDING' });
      const unheard = await conversion(other.id, { status: 'PENDING' });
      const abort = new AbortController();
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        signal: abort.signal,
        headers: { Cookie: owner.cookie ?? '', 'Content-Type': 'application/json', Accept: 'text/event-stream' },
        body: JSON.stringify({
          query: `subscription { conversionUpdated(destinationId: "${id}") { id status attempts { code } } }`,
        }),
      });
      const { notifications } = server.app;
      const tell = setInterval(() => {
        for (const [destination, one] of [
          [other.id, unheard],
          [id, told],
        ])
          notifications.send('conversion-updated', `${tenant.workspaceId} ${destination} ${one}`);
      }, 50);
      let text = '';
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString();
        if (text.split('event: next').length > 2) break;
      }
      clearInterval(tell);
      abort.abort();
      expect(text).to.include(`{"conversionUpdated":{"id":"${told}","status":"PENDING","attempts":[]}}`);
      expect(text).not.to.include(unheard);
    });
  });

  it('lends a bot whose schema loses a mapped field no refusal of other changes', async () => {
    const { id } = await created({ meta, mapping: { phone: 'phone' } });
    const schema = contactForm.filter(({ name }) => name !== 'phone').map(({ min: _min, max: _max, ...item }) => item);
    const changed = await call('updateIntakeBot', { id: bot.id, schema }, 'intakeBot { id }');
    expect(changed.body.errors, JSON.stringify(changed.body.errors)).to.equal(undefined);
    expect(await change('update', { id, eventName: 'Contact' })).to.deep.include({ mapping: { phone: 'phone' } });
  });
});
