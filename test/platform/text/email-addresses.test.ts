import { expect } from 'chai';
import * as fc from 'fast-check';
import { dataSourceFor } from '../../../ormconfig.js';
import { StoredThings1790000000010 } from '../../../migrations/1790000000010-stored-things.js';
import { isEmail, normalEmail } from '../../../src/platform/text/email-address.js';
import { migrate } from '../../../src/platform/postgres/migrate.js';
import { anyCharacter } from '../../support/any-character.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../../support/app.js';
import { clientOf, type Client } from '../../support/client.js';
import { cpuMsOf } from '../../support/cpu-time.js';
import { createBot } from '../../support/factories.js';
import { codeOf, memberOf, personAt, signIn, type Person } from '../../support/people.js';
import { cloneDatabase } from '../../support/postgres.js';

describe('e-mail addresses', () => {
  let server: TestServer;
  let tenant: Tenant;
  let key: Client;
  let owner: Person;
  let path: string;

  before(async () => {
    server = await startServer({ role: 'api', env: { TRUSTED_PROXIES: '127.0.0.0/8' } });
    tenant = await createTenant(server.app);
    key = clientOf(server.url, tenant.key);
    owner = await memberOf(server.app, tenant, 'OWNER');
    const bot = await createBot(server.app, tenant.workspaceId, {
      schema: [
        { name: 'email', type: 'email' },
        { name: 'phone', type: 'phone' },
        { name: 'name', type: 'textarea' },
      ],
    });
    path = `/intake-bots/${bot.id}/submissions`;
  });
  after(async () => await server.stop());

  const submit = async (data: object) => await key.rest('POST', path, { data });
  const found = async (email: string): Promise<{ id: string; email: string }[]> => {
    const query = 'query ($email: String) { contacts(filter: { email: $email }) { nodes { id email } } }';
    return (await owner.graphql(query, { email })).body.data.contacts.nodes;
  };
  const createContact = async (input: object) =>
    await owner.graphql('mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }', {
      input,
    });
  const updateContact = async (input: object) =>
    await owner.graphql('mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { id } } }', {
      input,
    });
  const invite = async (email: string) =>
    await owner.graphql('mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { token } }', {
      input: { email },
    });

  const longest = `${'x'.repeat(64)}@${'y'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(58)}.io`;
  const accepted = [
    'r&d@example.com',
    'jörg@müller.example',
    `o'hara=x@x.io`,
    '\u200b\u2066Ada.King@Example.COM\u2069 ',
    longest,
  ];
  const refused = [
    `y${longest}`,
    longest.replace('.io', '.com'),
    'a@b',
    'a@b..io',
    'a@b_c.io',
    'a b@c.io',
    '<a@b.io>',
    `a@${'ü'.repeat(63)}.io`,
  ];

  it('are taken by every door or by none: answers, contacts, members and the command', async () => {
    expect(longest).to.have.length(254);
    for (const [emails, taken] of [
      [accepted, true],
      [refused, false],
    ] as const) {
      for (const email of emails) {
        const member = {
          workspaceId: tenant.workspaceId,
          email,
          name: 'M',
          role: 'MEMBER',
          password: 'long enough',
        } as const;
        const doors = [
          (await submit({ email })).status === 200,
          codeOf(await createContact({ email })) !== 'validation_failed',
          codeOf(await invite(email)) === null,
          await server.app.database
            .transaction(async (tx) => server.app.accounts.create(tx, member))
            .then(
              () => true,
              () => false,
            ),
        ];
        expect(doors, email).to.deep.equal([taken, taken, taken, taken]);
      }
    }
    for (const email of accepted) {
      const [contact] = await found(email);
      expect(codeOf(await updateContact({ id: contact?.id, email })), email).to.equal(null);
      expect(codeOf(await updateContact({ id: contact?.id, email: contact?.email })), email).to.equal(null);
    }
  });

  const mailboxes: [guarantee: string, one: string, others: string[]][] = [
    [
      'with invisible characters, spaces and capitals',
      'ada@example.com',
      ['\u200bada@example.com', 'a\u00adda@exa\u2060mple.com', '\ufeff ADA@Example.com\u00a0'],
    ],
    [
      'with a domain in letters or in ASCII',
      'bob@xn--bcher-kva.example',
      ['bob@bücher.example', 'Bob@BÜCHER.example', 'bob@bu\u0308cher.example', 'bob@XN--BCHER-KVA.EXAMPLE'],
    ],
    [
      'with letters composed or not',
      'jos\u00e9@example.com',
      ['jose\u0301@example.com', 'JOSE\u0301@example.com', 'jose\u200b\u0301@example.com'],
    ],
  ];
  for (const [guarantee, one, others] of mailboxes) {
    it(`name one contact ${guarantee}`, async () => {
      expect((await submit({ email: one })).status).to.equal(200);
      const [contact] = await found(one);
      expect(contact?.email).to.equal(one);
      for (const other of others) {
        const { body } = await submit({ email: other });
        const kept = await key.rest('GET', `${path}/${body.data.submission.id}`);
        expect(kept.body.data.submission.data.email).to.equal(other);
        expect(await found(other), other).to.deep.equal([contact]);
        expect(codeOf(await createContact({ email: other })), other).to.equal('conflict');
      }
    });
  }

  it('name one account at sign-in and among members, and one lock, however they are written', async () => {
    const { email, password } = (await createTenant(server.app)).owner;
    const pasted = `\u200b ${email.toUpperCase()}\u00a0`;
    expect(codeOf(await signIn(personAt(server.url, '203.0.113.20'), pasted, password))).to.equal(null);
    expect(codeOf(await invite(`\u200b${tenant.owner.email} `))).to.equal('conflict');
    expect((await server.app.accounts.resetPassword(pasted)).email).to.equal(email);
    const thief = personAt(server.url, '203.0.113.21');
    const tries = Array.from({ length: 11 }, async (_, tried) =>
      codeOf(await signIn(thief, `nobody@exa${'\u200b'.repeat(tried)}mple.com`, 'wrong')),
    );
    expect(await Promise.all(tries)).to.have.members([
      ...Array<string>(10).fill('invalid_credentials'),
      'rate_limit_exceeded',
    ]);
  }).timeout(30_000);

  it('give a contact no name longer than a person may give it', async () => {
    const name = `${'ß'.repeat(199)}😀 King`;
    expect((await submit({ email: 'long.name@example.com', name })).status).to.equal(200);
    const [contact] = await found('long.name@example.com');
    const { body } = await owner.graphql('query ($id: ID!) { contact(id: $id) { firstName lastName } }', {
      id: contact?.id,
    });
    expect(body.data.contact).to.deep.equal({ firstName: 'ß'.repeat(199), lastName: null });
    expect(codeOf(await updateContact({ id: contact?.id, ...body.data.contact }))).to.equal(null);
  });

  it('beside them: a Mexican number with and without its old 1 is one number', async () => {
    expect((await submit({ phone: '+52 1 55 1234 5678' })).status).to.equal(200);
    expect((await submit({ phone: '+52 55 1234-5678' })).status).to.equal(200);
    const query = '{ contacts(filter: { phone: "+5215512345678" }) { nodes { phone submissionCount } } }';
    const { nodes } = (await owner.graphql(query)).body.data.contacts;
    expect(nodes).to.deep.equal([{ phone: '+525512345678', submissionCount: 2 }]);
  });

  it('keep their form once they have it, whatever was sent', () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 40 }),
      fc
        .tuple(
          fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
          fc.string({ unit: 'grapheme', maxLength: 10 }),
        )
        .map(([local, domain]) => `${local}@${domain}.io`),
    );
    fc.assert(
      fc.property(text, (sent) => {
        const normal = normalEmail(sent);
        expect(normalEmail(normal)).to.equal(normal);
        expect(isEmail(normal)).to.equal(isEmail(sent));
      }),
    );
  });

  it('cost little to refuse, a megabyte of them or the marks of one', () => {
    for (const text of [
      `a${'\u0315\u0300'.repeat(500_000)}@b.io`,
      `${'a'.repeat(1_000_000)}@b.io`,
      '@'.repeat(1_000_000),
      `a@${'b.'.repeat(500_000)}io`,
    ]) {
      expect(cpuMsOf(() => expect(isEmail(text)).to.equal(false))).to.be.below(100);
    }
  });
});

describe('e-mail addresses from before they had one form', () => {
  it('are found by it, and where two rows would share it both stay, each account with its password', async () => {
    const database = await cloneDatabase();
    const source = await dataSourceFor(database.url).initialize();
    const migrations = async () => await source.query<{ name: string }[]>('select name from migrations');
    while ((await migrations()).some(({ name }) => name === StoredThings1790000000010.name))
      await source.undoLastMigration();
    await source.query(`
      insert into workspaces values ('w', 'W', 'PRO', null, now(), now());
      insert into contacts (id, workspace_id, email, created_at, updated_at) values
        ('c1', 'w', 'bob@bücher.example', now(), now()), ('c2', 'w', 'eve@example.com', now(), now()),
        ('c3', 'w', U&'\\200beve@example.com', now(), now()), ('c4', 'w', null, now(), now());
      insert into users values
        ('u1', 'w', U&'\\200bann@example.com', 'A', 'x', 'OWNER', now(), now()),
        ('u2', 'w', 'tom@example.com', 'T', 'x', 'OWNER', now(), now()),
        ('u3', 'w', U&'tom@\\200bexample.com', 'T', 'x', 'OWNER', now(), now());
    `);
    expect(await migrate(source)).to.include(StoredThings1790000000010.name);
    const emails = async (table: string) =>
      (await source.query<{ email: string }[]>(`select email from ${table} order by id`)).map(({ email }) => email);
    expect(await emails('contacts')).to.deep.equal([
      'bob@xn--bcher-kva.example',
      'eve@example.com',
      '\u200beve@example.com',
      null,
    ]);
    expect(await emails('users')).to.deep.equal(['ann@example.com', 'tom@example.com', 'tom@\u200bexample.com']);
    await source.destroy();

    const env = { DATABASE_URL: database.url };
    const server = await startServer({ role: 'api', env });
    const passwords = new Map<string, string>();
    for (const email of await accounts(server))
      passwords.set(email, (await server.app.accounts.resetPassword(email)).password);
    expect([...passwords.keys()]).to.have.length(3);
    for (const [email, password] of passwords) {
      expect(codeOf(await signIn(personAt(server.url), email, password)), JSON.stringify(email)).to.equal(null);
    }
    await server.stop();
    await database.drop();
  }).timeout(30_000);

  const accounts = async ({ app }: TestServer) => {
    const rows = await app.database.manager.query<{ email: string }[]>('select email from users order by id');
    return rows.map(({ email }) => email);
  };
});
