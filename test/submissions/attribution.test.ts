import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import type { Completion } from '../../src/submissions/submission.service.js';
import type { PersonOrigin } from '../../src/submissions/attribution.view.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Answer, type Client } from '../support/client.js';
import { contactForm, createBot, operator } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';
import { placesOf } from '../support/secrets-left.js';

const attributionFields = `attribution {
  fbclid fbc fbp gclid gbraid wbraid liFatId ttclid ttp msclkid
  utmSource utmMedium utmCampaign utmTerm utmContent landingPage referrer firstSeenAt lastSeenAt
  consent { adUserData adPersonalization limitedUse recordedAt } dropped
}`;
const creation = `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) {
  submission { id status updatedAt ${attributionFields} }
} }`;
const change = `mutation ($input: UpdateSubmissionInput!) { updateSubmission(input: $input) {
  submission { id status updatedAt data ${attributionFields} }
} }`;

describe('attribution', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let owner: Person;
  let bot: SharedIntakeBot;
  /** What a later room was told since the test began. */
  let completed: Completion[];
  let drafted: PersonOrigin[];
  let people = 0;

  before(async () => {
    server = await startServer({ role: 'api' });
    server.app.submissions.follow({
      completed: (_, completion) => void completed.push(completion),
      drafted: (_, __, origin) => void drafted.push(origin),
    });
  });
  after(async () => await server.stop());
  beforeEach(async () => {
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
    bot = await createBot(server.app, tenant.workspaceId, { schema: [...contactForm, ...hiddenFields] });
    [completed, drafted] = [[], []];
  });

  const hiddenFields = ['gclid', 'li_fat_id', 'utm_source', 'ad_user_data', 'ad_personalization', 'ip'].map((name) => ({
    name,
    type: 'hidden',
  }));
  const person = () => ({ full_name: 'Ada', email: `ada${++people}@example.com` });
  const path = () => `/intake-bots/${bot.id}/submissions`;
  const post = async (attribution: unknown, more: object = {}): Promise<Answer<Loose>> =>
    await key.rest('POST', path(), { data: person(), attribution, ...more });
  const created = async (attribution: unknown, more: object = {}): Promise<string> => {
    const { status, body } = await post(attribution, more);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body.data.submission.id;
  };
  const patch = async (id: string, body: object) => await key.rest('PATCH', `${path()}/${id}`, body);
  const shown = async (id: string) => {
    const { body } = await key.graphql(`{ submission(id: "${id}") { status updatedAt ${attributionFields} } }`);
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
    return body.data.submission;
  };
  /** What is known of where it came from, without what is not. */
  const known = async (id: string) => {
    const { attribution } = await shown(id);
    return attribution === null ? null : withoutNulls(attribution);
  };
  const issuesOf = ({ body }: Answer<Loose>): string[] =>
    (body.error ?? body.errors[0].extensions).details.issues.map(
      (issue: { path: string; code: string }) => `${issue.path} ${issue.code}`,
    );
  const eventsOf = async (id: string) => {
    const { rows } = await server.app.database.pool.query<{ type: string; body: string }>(
      'select type, body from events where subject_id = $1 order by id',
      [id],
    );
    return rows;
  };

  const whole = {
    fbclid: 'IwAR2F4-dbP0l7Mn1IawQQGCINEz7PYXQvwjNwB_qa2ofrHyiLjcbCRxTDMgk',
    fbc: 'fb.1.1554763741205.IwAR2F4-dbP0l7Mn1Iaw',
    fbp: 'fb.1.1558571054389.1098115397',
    gclid: 'EAIaIQobChMI_x-Y~z.0',
    gbraid: '0AAAAA_gb',
    wbraid: 'Cj8KCQ',
    li_fat_id: '1e4f2e7b-1b5c-4c4e-8d0e-5c1f1a2b3c4d',
    ttclid: 'E.C.P.CrEBZm9v',
    ttp: '94e2a4j9-h3ss-k5h5-98cc-c84n745mk400',
    msclkid: '0a1b2c3d',
    utm_source: 'Google',
    utm_medium: 'cpc',
    utm_campaign: 'Spring & Café',
    utm_term: 'crm',
    utm_content: 'a',
    landing_page: 'https://www.example.com/demo?gclid=EAIaIQobChMI_x-Y~z.0#top',
    referrer: 'https://www.google.com/',
    first_seen_at: '2026-09-14T12:02:11+02:00',
    last_seen_at: '2026-09-15T10:02:11.250Z',
    consent: { ad_user_data: 'granted', ad_personalization: 'denied', limited_use: true },
  };
  const wholeShown = (recordedAt: string) => ({
    ...Object.fromEntries(Object.entries(whole).map(([name, value]) => [camelCase(name), value])),
    firstSeenAt: '2026-09-14T10:02:11.000Z',
    lastSeenAt: '2026-09-15T10:02:11.250Z',
    consent: { adUserData: 'granted', adPersonalization: 'denied', limitedUse: true, recordedAt },
    dropped: [],
  });

  it('comes in with a submission over both doors, and is shown again as it was sent', async () => {
    const id = await created(whole);
    const byRest = await shown(id);
    expect(byRest.attribution).to.deep.equal(wholeShown(byRest.updatedAt));
    const input = Object.fromEntries(Object.entries(whole).map(([name, value]) => [camelCase(name), value]));
    const consent = { adUserData: 'granted', adPersonalization: 'denied', limitedUse: true };
    const attribution = { ...input, consent };
    const { body } = await key.graphql(creation, { input: { intakeBotId: bot.id, data: person(), attribution } });
    const { submission } = body.data.createSubmission;
    expect(submission.attribution).to.deep.equal(wholeShown(submission.updatedAt));
    expect(await shown(submission.id)).to.deep.include({ attribution: submission.attribution });
    expect(await known(await created(undefined))).to.equal(null);
    expect(await known(await created(null))).to.equal(null);
    expect(await known(await created({ gclid: null, consent: {}, utm_source: ' ' }))).to.equal(null);
  });

  it('is refused, with the path, for a key that does not exist or a value that is no text', async () => {
    const mistakes: [unknown, string[]][] = [
      [{ gcild: 'a', gclid: 'b' }, ['attribution.gcild unknown_field']],
      [{ liFatId: 'a' }, ['attribution.liFatId unknown_field']],
      [
        { recorded_at: '2026-01-01T00:00:00Z', dropped: [] },
        ['attribution.recorded_at unknown_field', 'attribution.dropped unknown_field'],
      ],
      [{ li_fat_id: 5, fbp: ['a'] }, ['attribution.fbp wrong_type', 'attribution.li_fat_id wrong_type']],
      ['gclid=a', ['attribution wrong_type']],
      [[{ gclid: 'a' }], ['attribution wrong_type']],
      [{ consent: 'granted' }, ['attribution.consent wrong_type']],
      [{ consent: { ad_user_data: true } }, ['attribution.consent.ad_user_data wrong_type']],
      [{ consent: { limited_use: 1 } }, ['attribution.consent.limited_use wrong_type']],
      [{ consent: { adUserData: 'granted' } }, ['attribution.consent.adUserData unknown_field']],
    ];
    for (const [attribution, issues] of mistakes) {
      expect(issuesOf(await post(attribution)), JSON.stringify(attribution)).to.have.members(issues);
    }
    const answer = await key.rest('POST', path(), { data: { email: 'x' }, attribution: { gcild: 'a' }, is_test: 'no' });
    expect(issuesOf(answer)).to.have.members([
      'is_test wrong_type',
      'attribution.gcild unknown_field',
      'data.full_name required',
      'data.email bad_format',
    ]);
    for (const attribution of [{ gcild: 'a' }, { gclid: 5 }, { consent: { adUserData: true } }, 'gclid=a']) {
      const input = { intakeBotId: bot.id, data: person(), attribution };
      const { body } = await key.graphql(creation, { input });
      expect(body.data ?? null, JSON.stringify(attribution)).to.equal(null);
      expect(body.errors[0].message).to.match(/attribution/);
    }
  });

  it('loses no lead to a text of the wrong form: it is left out, and named', async () => {
    const id = await created({
      gclid: 'has space',
      fbclid: 'é',
      ttclid: 'x'.repeat(1_001),
      msclkid: ` ${'y'.repeat(1_000)} `,
      utm_source: 'two\nlines',
      landing_page: 'z'.repeat(10_001),
      referrer: '😀'.repeat(10_000),
      first_seen_at: 'yesterday',
      last_seen_at: '2026-02-30T10:00:00Z',
      ip: '300.1.1.1',
      user_agent: 'u'.repeat(1_001),
      li_fat_id: 'fine',
    });
    const { dropped, ...rest } = (await known(id)) ?? {};
    expect(rest).to.deep.equal({ liFatId: 'fine', msclkid: 'y'.repeat(1_000), referrer: '😀'.repeat(10_000) });
    expect(dropped).to.have.members(
      'gclid fbclid ttclid utmSource landingPage firstSeenAt lastSeenAt ip userAgent'.split(' '),
    );
    await patch(await created({ gclid: 'has space' }, { status: 'IN_PROGRESS' }), {}).then(({ status }) =>
      expect(status).to.equal(200),
    );
  });

  it('takes whatever is given as a consent and is not `granted` as a denial', async () => {
    for (const given of ['denied', 'Granted', 'GRANTED', 'yes', 'true', ' granted', '']) {
      const consent = { ad_user_data: given, ad_personalization: given };
      const { adUserData, adPersonalization } = ((await known(await created({ consent }))) as Loose).consent;
      expect([adUserData, adPersonalization], given).to.deep.equal(['denied', 'denied']);
    }
    const { consent } = (await known(await created({ consent: { limited_use: 'true' } }))) as Loose;
    expect(consent).to.deep.include({ limitedUse: true });
    expect(consent).not.to.have.any.keys('adUserData', 'adPersonalization');
  });

  it('comes from hidden fields of the bot where the caller says nothing else, but never an ip', async () => {
    const data = { gclid: 'fromField', utm_source: 'field', ad_user_data: 'granted', ip: '203.0.113.7' };
    const id = await created({ gclid: 'fromCaller', utm_term: 'crm' }, { data: { ...person(), ...data } });
    expect(await known(id)).to.deep.include({ gclid: 'fromCaller', utmSource: 'field', utmTerm: 'crm' });
    const { consent } = (await known(id)) as Loose;
    expect(consent).to.deep.include({ adUserData: 'granted', limitedUse: false });
    expect(completed[0]).to.deep.include({ origin: null });
    expect(completed[0]?.attribution).to.deep.include({ gclid: 'fromCaller', utmSource: 'field' });

    const odd = { gclid: 'has space', li_fat_id: 5, ad_user_data: true, ad_personalization: '' };
    const other = (await known(await created(undefined, { data: { ...person(), ...odd } }))) as Loose;
    expect(other).to.have.all.keys('consent', 'dropped');
    expect(other.consent).to.deep.include({ adUserData: 'denied' });
    expect(other.consent).not.to.have.any.keys('adPersonalization');
    // An ordinary field of such a name is an answer like all others.
    const plain = await createBot(server.app, tenant.workspaceId, {
      schema: [...contactForm, { name: 'gclid', type: 'text' }],
    });
    const sent = { data: { ...person(), gclid: 'a' } };
    const { body } = await key.rest('POST', `/intake-bots/${plain.id}/submissions`, sent);
    expect(await known(body.data.submission.id)).to.equal(null);
  });

  it('follows the answers of a draft in hidden fields, and of a completed submission their consent alone', async () => {
    const data = { ...person(), gclid: 'one', ad_user_data: 'granted' };
    const id = await created({ utm_source: 'caller' }, { status: 'IN_PROGRESS', data });
    await patch(id, { data: { gclid: 'two', utm_source: 'field' } });
    expect(await known(id)).to.deep.include({ gclid: 'two', utmSource: 'caller' });
    await patch(id, { data: { gclid: null } });
    expect(await known(id)).not.to.have.any.keys('gclid');
    await patch(id, { data: { gclid: 'three' }, status: 'COMPLETED' });
    expect(completed[0]?.attribution).to.deep.include({ gclid: 'three' });
    await patch(id, { data: { gclid: 'four', ad_user_data: 'withdrawn' } });
    const { consent, ...rest } = (await known(id)) as Loose;
    expect(rest).to.deep.include({ gclid: 'three', utmSource: 'caller' });
    expect(consent).to.deep.include({ adUserData: 'denied' });
    await patch(id, { attribution: { consent: { ad_user_data: 'granted' } } });
    await patch(id, { data: { ad_user_data: 'denied' } });
    expect(((await known(id)) as Loose).consent).to.deep.include({ adUserData: 'granted' });
  });

  it('of a draft takes what is new, keeps what is not named, and stays once the submission is completed', async () => {
    const id = await created({ gclid: 'one', fbp: 'has space', utm_source: 'a' }, { status: 'IN_PROGRESS' });
    await patch(id, { attribution: { gclid: 'two', fbp: 'fb.1', ttp: 'has space' } });
    expect(await known(id)).to.deep.equal({ gclid: 'two', fbp: 'fb.1', utmSource: 'a', dropped: ['ttp'] });
    await patch(id, { attribution: { wbraid: 'last' }, status: 'COMPLETED' });
    expect(completed.map(({ attribution }) => attribution?.wbraid)).to.deep.equal(['last']);

    const refused: [object, string[]][] = [
      [{ li_fat_id: 'late' }, ['attribution.li_fat_id not_allowed']],
      [{ gclid: 'two' }, ['attribution.gclid not_allowed']],
      [{ ip: '203.0.113.7', consent: { ad_user_data: 'granted' } }, ['attribution.ip not_allowed']],
      [{ first_seen_at: 'nonsense' }, ['attribution.first_seen_at not_allowed']],
    ];
    for (const [attribution, issues] of refused) {
      expect(issuesOf(await patch(id, { attribution }))).to.have.members(issues);
    }
    expect(
      issuesOf(await patch(id, { attribution: { utm_term: 'x', utm_trem: 'x' }, status: 'IN_PROGRESS' })),
    ).to.have.members(['attribution.utm_term not_allowed', 'attribution.utm_trem unknown_field', 'status not_allowed']);
    const answer = await key.graphql(change, { input: { id, attribution: { liFatId: 'late' } } });
    expect(issuesOf(answer)).to.deep.equal(['attribution.liFatId not_allowed']);
    expect(await known(id)).to.deep.equal({
      gclid: 'two',
      fbp: 'fb.1',
      utmSource: 'a',
      wbraid: 'last',
      dropped: ['ttp'],
    });
  });

  it('has a consent that changes at any time, each kind by itself, with the moment of the change', async () => {
    const id = await created({ gclid: 'one' });
    const consents = async () => ((await known(id)) as Loose).consent;
    await patch(id, { attribution: { consent: { ad_user_data: 'granted' } } });
    const granted = await consents();
    expect(granted).to.deep.include({ adUserData: 'granted', limitedUse: false });
    expect(Date.now() - Date.parse(granted.recordedAt)).to.be.within(-1_000, 60_000);
    await patch(id, { attribution: { gclid: null, consent: { ad_user_data: 'granted', ad_personalization: null } } });
    expect(await consents()).to.deep.equal(granted);
    await key.graphql(change, {
      input: { id, attribution: { consent: { adPersonalization: 'no', limitedUse: true } } },
    });
    const later = await consents();
    expect(later).to.deep.include({ adUserData: 'granted', adPersonalization: 'denied', limitedUse: true });
    expect(Date.parse(later.recordedAt)).to.be.greaterThan(Date.parse(granted.recordedAt));
    expect(await known(id)).to.deep.include({ gclid: 'one' });
  });

  it('alone fires no event and leaves the time of the submission, and moves the version that `If-Match` compares', async () => {
    for (const status of ['IN_PROGRESS', 'COMPLETED']) {
      const id = await created(undefined, { status });
      const [before, events] = [await key.rest('GET', `${path()}/${id}`), await eventsOf(id)];
      const answer = await patch(id, { attribution: { consent: { ad_user_data: 'denied' } } });
      expect(answer.body.data.submission).to.deep.equal(before.body.data.submission);
      const after = await key.rest('GET', `${path()}/${id}`, undefined, {
        'If-None-Match': before.headers.get('etag') ?? '',
      });
      expect([after.status, await eventsOf(id)]).to.deep.equal([200, events]);
      expect(after.body).to.deep.equal(before.body);
      expect(((await known(id)) as Loose).consent).to.deep.include({ adUserData: 'denied' });
    }
    expect(completed).to.have.lengthOf(1);
  });

  it('is in no webhook body and in no answer over REST', async () => {
    const id = await created({ gclid: 'secretClick' });
    await patch(id, { data: { topic: 'Sales' } });
    const bodies = (await eventsOf(id)).map(({ body }) => body).join();
    expect(bodies).to.include('submission.updated').and.not.to.include('attribution').and.not.to.include('secretClick');
    for (const address of [path(), `${path()}/${id}`]) {
      const { body } = await key.rest('GET', address);
      expect(JSON.stringify(body)).not.to.include('attribution').and.not.to.include('secretClick');
    }
  });

  it("hands the person's ip and user agent to who follows, and keeps them nowhere", async () => {
    const [ip, userAgent] = ['2001:db8::77', `Mozilla/5.0 (${randomUUID()})`];
    await created({ ip, user_agent: userAgent });
    expect(completed[0]).to.deep.include({ attribution: null, origin: { ip, userAgent } });
    const id = await created({ user_agent: userAgent }, { status: 'IN_PROGRESS' });
    await patch(id, { attribution: { ip } });
    await patch(id, { data: { topic: 'Sales' } });
    expect(drafted).to.deep.equal([
      { ip: null, userAgent },
      { ip, userAgent: null },
    ]);
    await patch(id, { status: 'COMPLETED' });
    expect(completed[1]).to.deep.include({ origin: null });
    for (const text of [ip, userAgent]) expect(await placesOf(server.app, text)).to.deep.equal({});
  });

  it('is answered again under an idempotency key, and no second time taken', async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const body = { data: person(), attribution: { gclid: 'one', ip: '203.0.113.7' } };
    const [first, second] = [
      await key.rest('POST', path(), body, headers),
      await key.rest('POST', path(), body, headers),
    ];
    expect([second.status, second.body]).to.deep.equal([200, first.body]);
    const other = { ...body, attribution: { gclid: 'two', ip: '203.0.113.7' } };
    expect((await key.rest('POST', path(), other, headers)).status).to.equal(409);
    expect(completed).to.have.lengthOf(1);
  });

  it('counts as stored; where nothing more may be stored a consent still is', async () => {
    const measured = async () => {
      await server.app.storage.measure();
      return (await server.app.workspaces.find(tenant.workspaceId)).storedBytes;
    };
    const id = await created(undefined, { status: 'IN_PROGRESS' });
    const before = await measured();
    await patch(id, { attribution: { landing_page: `https://example.com/${randomUUID().repeat(200)}` } });
    expect((await measured()) - before).to.be.greaterThan(100);
    const full = 501 * 1_024 ** 3;
    await server.app.database.pool.query('update workspaces set stored_bytes = $2 where id = $1', [
      tenant.workspaceId,
      full,
    ]);
    // Whoever asks next is looked up again.
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'PRO' });
    await server.app.workspaces.change(tenant.workspaceId, { plan: 'BUSINESS' });
    const refusal = await patch(id, { attribution: { utm_source: 'more' } });
    expect([refusal.status, refusal.body.error.details.resource]).to.deep.equal([429, 'storage']);
    const denial = await patch(id, { attribution: { landing_page: 'x', consent: { ad_user_data: 'denied' } } });
    expect([denial.status, ((await known(id)) as Loose).consent.adUserData]).to.deep.equal([200, 'denied']);
  });

  it('is blank once its person is erased or merged away, though the submission stays', async () => {
    const erase = `mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { erasure { status } } }`;
    const click = `click${randomUUID()}`;
    const headers = { 'Idempotency-Key': randomUUID() };
    const input = { intakeBotId: bot.id, data: person(), attribution: { gclid: click } };
    const { body } = await key.graphql(creation, { input }, headers);
    expect(await placesOf(server.app, click)).to.deep.equal({ submissions: 1, sealed: 1 });
    await owner.graphql(erase, { input: { id: completed[0]?.submission.contactId } });
    expect(await placesOf(server.app, click)).to.deep.equal({});
    expect(await known(body.data.createSubmission.submission.id)).to.equal(null);

    const [kept, merged] = [await created({ gclid: 'kept' }), await created({ gclid: 'merged' })];
    const [into, from] = completed.slice(1).map(({ submission }) => submission.contactId ?? '');
    await server.app.contacts.merge(await operator(server.app, tenant.workspaceId), into ?? '', from ?? '');
    expect([await known(kept), await known(merged)]).to.deep.equal([{ gclid: 'kept', dropped: [] }, null]);
  });
});

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Without keys of which nothing is known, here and within. */
const withoutNulls = (object: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(object).flatMap(([name, value]: [string, unknown]) =>
      value === null ? [] : [[name, typeof value === 'object' && !Array.isArray(value) ? withoutNulls(value) : value]],
    ),
  );
