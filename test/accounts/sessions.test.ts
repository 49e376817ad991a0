import { expect } from 'chai';
import { deleteEnded } from '../../src/accounts/purge.js';
import { sessionCookieOn } from '../../src/http/session.js';
import { newId } from '../../src/platform/id.js';
import { startServer, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { codeOf, memberOf, personAt, signIn, useSite, viewer, type Person } from '../support/people.js';

interface ShownSession {
  id: string;
  createdAt: string;
  lastUsedAt: string;
  address: string | null;
  userAgent: string | null;
  current: boolean;
}

const endSession = 'mutation ($input: EndSessionInput!) { endSession(input: $input) { session { id current } } }';
const signOutEverywhere = 'mutation { signOutEverywhere { sessionsEnded } }';

async function sessionsOf(person: Person): Promise<ShownSession[]> {
  const query = '{ viewer { sessions { id createdAt lastUsedAt address userAgent current } } }';
  return (await person.graphql(query)).body.data.viewer.sessions;
}

async function told(owner: Person, action: string): Promise<object[]> {
  const query = 'query ($f: AuditEntryFilter) { auditLog(filter: $f) { nodes { subjectId details } } }';
  return (await owner.graphql(query, { f: { action: [action] } })).body.data.auditLog.nodes;
}

/** A stream of the person's that is open. */
async function streamOf({ url }: TestServer, { cookie }: Person): Promise<Response> {
  const query = 'subscription { eventOccurred { id } }';
  return await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { Cookie: cookie ?? '', 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
  });
}

describe('sessions', () => {
  const site = useSite();

  it('begin with a cookie that scripts cannot read and other sites do not send', async () => {
    const person = personAt(site.server.url, '192.0.2.1');
    const answer = await signIn(person, ` ${site.tenant.owner.email.toUpperCase()}`, site.tenant.owner.password);
    expect(answer.body.data.signIn.viewer).to.deep.equal({
      role: 'OWNER',
      user: { id: site.tenant.owner.id, email: site.tenant.owner.email },
      workspace: { id: site.tenant.workspaceId },
    });
    const [cookie = ''] = answer.headers.getSetCookie();
    expect(cookie).to.match(/^iozen_session=[\w-]{43}; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Lax$/);
    expect((await person.graphql(viewer)).body.data.viewer.user.id).to.equal(site.tenant.owner.id);
  });

  it('bind the cookie to this host and to https wherever it is not plain http on this machine', () => {
    const written: string[] = [];
    const response = { setHeader: (_: string, value: string) => written.push(value) } as never;
    sessionCookieOn(response, 'https://api.example.com').set('t');
    sessionCookieOn(response, 'http://api.example.com').set('t');
    sessionCookieOn(response, 'http://localhost:4000').set('t');
    expect(written.map((cookie) => cookie.split('=')[0])).to.deep.equal([
      '__Host-iozen_session',
      '__Host-iozen_session',
      'iozen_session',
    ]);
    expect(written.map((cookie) => cookie.includes('; Secure'))).to.deep.equal([true, true, false]);
  });

  it('do not count without a header that other sites cannot send', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const get = async (headers: Record<string, string>) => {
      const url = `${site.server.url}/graphql?query=${encodeURIComponent('{ viewer { role } }')}`;
      const response = await fetch(url, { headers: { Cookie: owner.cookie ?? '', ...headers } });
      return { status: response.status, body: (await response.json()) as { data?: object; errors?: [] } };
    };
    expect((await get({ 'apollo-require-preflight': 'true' })).body.data).to.deep.equal({
      viewer: { role: 'OWNER' },
    });
    const refused = await get({});
    expect(refused.status).to.equal(403);
    expect(refused.body.errors).to.have.nested.property('[0].extensions.code', 'csrf_required');
  });

  it('open no REST', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const response = await fetch(`${site.server.url}/api/v1/intake-bots`, {
      headers: { Cookie: owner.cookie ?? '', 'Content-Type': 'application/json' },
    });
    expect(response.status).to.equal(401);
  });

  it('end with signOut', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const { cookie } = owner;
    expect((await owner.graphql('mutation { signOut { signedOut } }')).body.data.signOut.signedOut).to.equal(true);
    expect(owner.cookie).to.equal(null);
    owner.cookie = cookie;
    expect(codeOf(await owner.graphql(viewer))).to.equal('authentication_required');
  });

  it('are 20 for a person: a sign-in beyond ends the one unused longest, and its streams', async () => {
    const { app, url } = site.server;
    const { id, email, password } = site.tenant.owner;
    const rows = async () =>
      (await app.database.manager.query<{ id: string }[]>('select id from sessions where user_id = $1', [id])).map(
        (row) => row.id,
      );
    const early = await memberOf(app, site.tenant, 'OWNER');
    const unused = await memberOf(app, site.tenant, 'OWNER');
    const tokenOf = ({ cookie }: Pick<typeof early, 'cookie'>) => cookie?.split('=')[1] ?? '';
    const actor = await app.sessions.authenticate(tokenOf(unused), { requestId: '', address: null });
    if (actor === null) throw new Error('nobody');
    const ended = new Promise<void>((resolve) => app.revocations.onEnded(actor, () => resolve()));
    const people = Array.from({ length: 18 }, (_, index) => personAt(url, `192.0.2.${index}`));
    // Five at once: more would be slowed down.
    for (let first = 0; first < people.length; first += 5) {
      await Promise.all(people.slice(first, first + 5).map(async (person) => signIn(person, email, password)));
    }
    // The oldest, and the one used last: a moment ago, which nobody has written yet.
    expect(codeOf(await early.graphql(viewer))).to.equal(null);
    const last = personAt(url, '192.0.2.100');
    expect(codeOf(await signIn(last, email, password))).to.equal(null);
    await ended;
    expect(await rows()).to.have.length(20);
    expect(codeOf(await unused.graphql(viewer))).to.equal('authentication_required');
    for (const person of [early, ...people, last]) expect(codeOf(await person.graphql(viewer))).to.equal(null);
    const [told] = (await early.graphql('{ auditLog(filter: { action: "member.signed_in" }) { nodes { details } } }'))
      .body.data.auditLog.nodes;
    expect(told.details).to.deep.equal({ sessions_ended: 1 });
  });

  it('are shown to their person: begun when and from where, last used, and which one asks', async () => {
    const { id, email, password } = site.tenant.owner;
    const [first, second] = [personAt(site.server.url, '192.0.2.10'), personAt(site.server.url, '192.0.2.11')];
    const beganAt = Date.now();
    await signIn(first, email, password, { 'User-Agent': 'Firefox/150.0' });
    await signIn(second, email, password, { 'User-Agent': `Long/${'x'.repeat(1_000)}` });
    await memberOf(site.server.app, site.tenant, 'MEMBER');
    const sessions = await sessionsOf(second);
    expect(sessions.map(({ address, userAgent, current }) => ({ address, userAgent, current }))).to.deep.equal([
      { address: '192.0.2.11', userAgent: `Long/${'x'.repeat(395)}`, current: true },
      { address: '192.0.2.10', userAgent: 'Firefox/150.0', current: false },
    ]);
    for (const { createdAt, lastUsedAt } of sessions) {
      expect(Date.parse(createdAt)).to.be.within(beganAt - 1_000, Date.now() + 1_000);
      expect(Date.parse(lastUsedAt)).to.be.at.least(Date.parse(createdAt));
    }
    await site.server.app.database.manager.query(
      "update sessions set last_used_at = now() - interval '31 days' where user_id = $1 and address = '192.0.2.10'",
      [id],
    );
    expect(await sessionsOf(second)).to.have.length(1);
    const byKey = await clientOf(site.server.url, site.tenant.key).graphql('{ viewer { sessions { id } } }');
    expect(byKey.body).to.deep.include({ data: { viewer: { sessions: null } } });
  });

  it('end with endSession, at once in every process, and their streams', async () => {
    const { app } = site.server;
    const beside = await startServer({ role: 'api', beside: site.server });
    const owner = await memberOf(app, site.tenant, 'OWNER');
    const other = await memberOf(app, site.tenant, 'OWNER');
    const elsewhere = Object.assign(personAt(beside.url), { cookie: other.cookie });
    for (const person of [other, elsewhere]) expect(codeOf(await person.graphql(viewer))).to.equal(null);
    const streams = [other, elsewhere].map(async (person) => streamOf(person === other ? site.server : beside, person));
    const opened = await Promise.all(streams);
    const { id = '' } = (await sessionsOf(owner)).find(({ current }) => !current) ?? {};
    const endedAt = performance.now();
    const ended = await owner.graphql(endSession, { input: { id } });
    expect(ended.body.data.endSession.session).to.deep.equal({ id, current: false });
    for (const text of await Promise.all(opened.map(async (answer) => answer.text()))) {
      expect(text).to.include('authentication_required');
    }
    for (const person of [other, elsewhere]) {
      expect(codeOf(await person.graphql(viewer))).to.equal('authentication_required');
    }
    // By itself a process looks again after 20 s.
    expect(performance.now() - endedAt).to.be.lessThan(2_000);
    expect(codeOf(await owner.graphql(viewer))).to.equal(null);
    expect(await told(owner, 'session.ended')).to.deep.equal([{ subjectId: id, details: {} }]);
    await beside.stop();
  });

  it('end with endSession also where it is the one that asks, which clears its cookie', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const { cookie } = owner;
    const [{ id } = { id: '' }] = await sessionsOf(owner);
    const ended = await owner.graphql(endSession, { input: { id } });
    expect(ended.body.data.endSession.session).to.deep.equal({ id, current: true });
    expect(owner.cookie).to.equal(null);
    owner.cookie = cookie;
    expect(codeOf(await owner.graphql(viewer))).to.equal('authentication_required');
  });

  it('end for their own person alone, and once', async () => {
    const [owner, member] = [
      await memberOf(site.server.app, site.tenant, 'OWNER'),
      await memberOf(site.server.app, site.tenant, 'MEMBER'),
    ];
    const [{ id } = { id: '' }] = await sessionsOf(member);
    for (const wrong of [id, 'x', newId('session'), site.tenant.owner.id]) {
      const refused = await owner.graphql(endSession, { input: { id: wrong } });
      expect(refused.body.errors[0].extensions).to.deep.equal({
        code: 'resource_not_found',
        details: { resource: 'session' },
      });
    }
    expect(codeOf(await member.graphql(viewer))).to.equal(null);
    const second = await memberOf(site.server.app, site.tenant, 'OWNER');
    const [{ id: own } = { id: '' }] = await sessionsOf(second);
    expect(codeOf(await owner.graphql(endSession, { input: { id: own } }))).to.equal(null);
    expect(codeOf(await owner.graphql(endSession, { input: { id: own } }))).to.equal('resource_not_found');
  });

  it('end all but the one that asks with signOutEverywhere, and no sign-in of others', async () => {
    const { app } = site.server;
    const owner = await memberOf(app, site.tenant, 'OWNER');
    const others = [await memberOf(app, site.tenant, 'OWNER'), await memberOf(app, site.tenant, 'OWNER')];
    const member = await memberOf(app, site.tenant, 'MEMBER');
    for (const person of others) expect(codeOf(await person.graphql(viewer))).to.equal(null);
    const stream = await streamOf(site.server, others[0] ?? owner);
    expect((await owner.graphql(signOutEverywhere)).body.data.signOutEverywhere).to.deep.equal({ sessionsEnded: 2 });
    expect(await stream.text()).to.include('authentication_required');
    for (const person of others) expect(codeOf(await person.graphql(viewer))).to.equal('authentication_required');
    for (const person of [owner, member]) expect(codeOf(await person.graphql(viewer))).to.equal(null);
    expect((await owner.graphql(signOutEverywhere)).body.data.signOutEverywhere).to.deep.equal({ sessionsEnded: 0 });
    expect(await told(owner, 'member.signed_out_everywhere')).to.deep.equal([
      { subjectId: owner.id, details: { sessions_ended: 2 } },
    ]);
  });

  it('do not end each other: of two that ask at the same moment to end all others, one stays', async () => {
    const { app } = site.server;
    for (let round = 0; round < 5; round += 1) {
      const two = [await memberOf(app, site.tenant, 'OWNER'), await memberOf(app, site.tenant, 'OWNER')];
      const codes = (await Promise.all(two.map(async (person) => person.graphql(signOutEverywhere)))).map(codeOf);
      expect(codes).to.have.members(['authentication_required', null]);
      const stays = two[codes.indexOf(null)];
      expect(stays && codeOf(await stays.graphql(viewer))).to.equal(null);
    }
  });

  it('end after 30 days without use and after 90 days in all', async () => {
    const day = 86_400_000;
    const cases: [createdDaysAgo: number, usedDaysAgo: number, alive: boolean][] = [
      [89, 29, true],
      [40, 31, false],
      [91, 0, false],
    ];
    for (const [created, used, alive] of cases) {
      const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
      const ago = (days: number) => new Date(Date.now() - days * day);
      await site.server.app.database.manager.query(
        'update sessions set created_at = $1, last_used_at = $2 where user_id = $3',
        [ago(created), ago(used), owner.id],
      );
      expect(codeOf(await owner.graphql(viewer)), `${created} ${used}`).to.equal(
        alive ? null : 'authentication_required',
      );
      await site.server.app.database.manager.query('delete from sessions');
    }
  });

  it('and invitations that ended leave no row behind', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    await owner.graphql('mutation { inviteMember(input: { email: "gone@example.com" }) { link } }');
    await owner.graphql('mutation { inviteMember(input: { email: "coming@example.com" }) { link } }');
    const { manager } = site.server.app.database;
    await manager.query("update invitations set expires_at = now() where email = 'gone@example.com'");
    await memberOf(site.server.app, site.tenant, 'OWNER');
    await manager.query("update sessions set last_used_at = now() - interval '31 days' where hash = sha256($1)", [
      Buffer.from(owner.cookie?.split('=')[1] ?? ''),
    ]);
    await deleteEnded(site.server.app);
    const left = async (text: string, value: string) => (await manager.query<object[]>(text, [value])).length;
    expect(await left('select from sessions where user_id = $1', site.tenant.owner.id)).to.equal(1);
    expect(await left('select from invitations where workspace_id = $1', site.tenant.workspaceId)).to.equal(1);
  });

  it('slide: use is noted, once a minute at most', async () => {
    const owner = await memberOf(site.server.app, site.tenant, 'OWNER');
    const used = async () => {
      const [row] = await site.server.app.database.manager.query<{ at: Date }[]>(
        'select last_used_at as at from sessions where user_id = $1',
        [owner.id],
      );
      return row?.at.getTime() ?? 0;
    };
    await site.server.app.database.manager.query(
      "update sessions set last_used_at = now() - interval '61 seconds' where user_id = $1",
      [owner.id],
    );
    await owner.graphql(viewer);
    const deadline = Date.now() + 2_000;
    while (Date.now() - (await used()) > 30_000) expect(Date.now()).to.be.lessThan(deadline);
  });
});
