import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { lineOf, notesIn, openNote, type SealedNote } from '../../src/contacts/erasure-note.js';
import { Secrets } from '../../src/platform/secrets.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf } from '../support/client.js';
import { createBot, operator } from '../support/factories.js';
import { memberOf, type Person } from '../support/people.js';
import { cloneDatabase } from '../support/postgres.js';
import { ended, iozen, launch } from '../support/process.js';
import { placesOf } from '../support/secrets-left.js';

const creation = `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) {
  submission { id contact { id } }
} }`;
const contactCreation = `mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }`;
const merging = `mutation ($input: MergeContactsInput!) { mergeContacts(input: $input) { contact { id } } }`;
const deletion = `mutation ($input: DeleteContactInput!) { deleteContact(input: $input) { erasure { id status } } }`;

describe('erasures that are made again in a database restored from before', () => {
  let lost: TestServer;
  let tenant: Tenant;
  let botId: string;
  let directory: string;
  let database: Awaited<ReturnType<typeof cloneDatabase>>;
  let backup: typeof database;
  const emails = ['alone', 'first', 'second', 'draft', 'kept'];
  const ids: Record<string, string> = {};
  let erasureIds: string[];

  const asked = async (by: Person, query: string, input: object) => {
    const { body } = await by.graphql(query, { input });
    expect(body.errors, JSON.stringify(body.errors)).to.equal(undefined);
    return body.data;
  };
  const env = (key = lost.secretsKey) => ({ DATABASE_URL: backup.url, SECRETS_KEY: key });
  const replay = async (file: string, key?: string) => {
    const { code, stdout, stderr } = await iozen(['erasures', 'replay', file, '--json'], env(key));
    return { code, stderr, summary: JSON.parse(stdout || 'null') as Record<string, unknown> };
  };
  const listed = async (): Promise<SealedNote[]> => await lost.app.erasureNotes.notes();

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'iozen-replay-'));
    database = await cloneDatabase();
    lost = await startServer({ databaseUrl: database.url });
    tenant = await createTenant(lost.app);
    const owner = await memberOf(lost.app, tenant, 'OWNER');
    botId = (await createBot(lost.app, tenant.workspaceId, { record_type: 'lead' })).id;
    const submit = async (name: string, status = 'COMPLETED') => {
      const data = { full_name: `${name}Person`, email: `${name}Secret@example.com` };
      const { createSubmission } = await asked(owner, creation, { intakeBotId: botId, data, status });
      ids[name] = createSubmission.submission.contact?.id;
    };
    for (const name of emails) await submit(name, name === 'draft' ? 'IN_PROGRESS' : 'COMPLETED');

    // The backup; a database that somebody is connected to cannot be copied.
    const { secretsKey } = lost;
    await lost.stop();
    backup = await cloneDatabase(new URL(database.url).pathname.slice(1));
    lost = await startServer({ databaseUrl: database.url, env: { SECRETS_KEY: secretsKey } });
    lost.secretsKey = secretsKey;

    const again = await memberOf(lost.app, tenant, 'OWNER');
    await asked(again, merging, { id: ids['first'], duplicateId: ids['second'] });
    const made = await asked(again, contactCreation, { email: 'draftSecret@example.com' });
    ids['draft'] = made.createContact.contact.id;
    erasureIds = [];
    for (const erased of ['alone', 'first', 'draft']) {
      const { deleteContact } = await asked(again, deletion, { id: ids[erased], eraseSubmissions: true });
      erasureIds.push(deleteContact.erasure.id);
    }
  });
  after(async () => {
    await lost.stop();
    await backup.drop();
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  it('are listed with whom they name sealed, so that a list tells nobody of anybody', async () => {
    const file = join(directory, 'list.ndjson');
    const of = { DATABASE_URL: lost.databaseUrl, SECRETS_KEY: lost.secretsKey };
    const added = JSON.parse((await iozen(['erasures', 'export', file, '--json'], of)).stdout) as object;
    expect(added).to.deep.equal({ added: 3, total: 3 });
    const text = await readFile(file, 'utf8');
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    expect(text.toLowerCase()).to.not.include('secret').and.not.include('@');
    for (const id of Object.values(ids)) expect(text).to.not.include(id);
    const again = JSON.parse((await iozen(['erasures', 'export', file, '--json'], of)).stdout) as object;
    expect(again).to.deep.equal({ added: 0, total: 3 });
    expect(await readFile(file, 'utf8')).to.equal(text);
    for (const name of ['aloneSecret', 'firstSecret', 'secondSecret', 'draftSecret']) {
      expect(await placesOf(lost.app, name), name).to.deep.equal({});
    }
  });

  it('are found in a log among other lines, each once', async () => {
    const [note] = await listed();
    if (note === undefined) throw new Error('there is none');
    const line = lineOf(note).trim();
    const lines = ['{"msg":"ready"}', `2026-01-01 host iozen: ${line}`, line, '{"erasure":null}', '{"erasure": broken'];
    const all = (async function* () {
      yield* lines;
    })();
    expect(await notesIn(all)).to.deep.equal([note]);
  });

  it('are refused where a line was changed or its key is missing, while all others are made', async () => {
    const [alone, first] = await listed();
    if (alone === undefined || first === undefined) throw new Error('there are none');
    const file = join(directory, 'forged.ndjson');
    const otherKey = randomBytes(32);
    const opened = openNote(lost.app.secrets, alone);
    const context = `erasure:${first.id}:${first.workspace_id}:${first.created_at}`;
    const foreign = { ...first, sealed: new Secrets([otherKey]).seal(JSON.stringify(opened), context) };
    // Somebody without the key would have another workspace's person erased.
    await writeFile(file, lineOf({ ...alone, id: erasureIds[2] ?? '' }) + lineOf(foreign) + lineOf(alone));
    const { code, stderr, summary } = await replay(file);
    expect(code).to.equal(1);
    expect(summary).to.deep.include({ read: 3, replayed: 1 });
    expect(stderr)
      .to.match(/c\w+: it was changed/)
      .and.match(/SECRETS_KEY has no key with the fingerprint [0-9a-f]{8}/);
  });

  it('erase who is back, also duplicates that were merged later and drafts, once, and nobody else', async () => {
    const file = join(directory, 'whole.ndjson');
    await writeFile(file, (await listed()).map(lineOf).join(''));
    // With a newer key in front, as after a rotation.
    const rotated = `${randomBytes(32).toString('base64')},${lost.secretsKey}`;
    const first = await replay(file, rotated);
    expect(first).to.deep.include({ code: 0, stderr: '' });
    expect(first.summary).to.deep.equal({ read: 3, replayed: 2, running: 0, known: 1, foreign: 0, unreadable: [] });
    const second = await replay(file, rotated);
    expect(second.summary).to.deep.include({ replayed: 0, known: 3 });

    const restored = await startServer({ databaseUrl: backup.url, env: { SECRETS_KEY: rotated } });
    try {
      for (const name of ['alone', 'first', 'second', 'draft']) {
        expect(await placesOf(restored.app, `${name}Secret`), name).to.deep.equal({});
        expect(await placesOf(restored.app, `${name}Person`), name).to.deep.equal({});
      }
      const { body } = await clientOf(restored.url, tenant.key).graphql('{ contacts(first: 10) { nodes { email } } }');
      expect(body.data.contacts.nodes).to.deep.equal([{ email: 'keptsecret@example.com' }]);
      const actor = await operator(restored.app, tenant.workspaceId);
      const known = await restored.app.erasures.getMany(actor, erasureIds);
      expect(known.map(({ status }) => status)).to.deep.equal(['DONE', 'DONE', 'DONE']);
      expect((await restored.app.audit.verify(tenant.workspaceId, null)).ok).to.equal(true);
    } finally {
      await restored.stop();
    }
  });

  it('are counted on stderr while they are made, and stdout stays JSON', async () => {
    const file = join(directory, 'whole.ndjson');
    const other = new pg.Client(backup.url);
    await other.connect();
    try {
      await other.query('begin; lock table erasures in access exclusive mode');
      const child = launch(['erasures', 'replay', file, '--json'], env());
      const end = ended(child);
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      while (!said.includes(' of ') && child.exitCode === null) await wait(20);
      await other.query('rollback');
      const { stdout } = await end;
      expect(said).to.match(/^erasures replay: 0 of 3 erasures, \d+ s\n/m);
      expect(JSON.parse(stdout)).to.deep.include({ read: 3, known: 3 });
    } finally {
      await other.end();
    }
  });

  it('leave what a person who came back said after the erasure', async () => {
    const restored = await startServer({ databaseUrl: backup.url, env: { SECRETS_KEY: lost.secretsKey } });
    try {
      const key = clientOf(restored.url, tenant.key);
      const data = { full_name: 'Back', email: 'draftSecret@example.com' };
      const input = { intakeBotId: botId, data, status: 'IN_PROGRESS' };
      const { body } = await key.graphql(creation, { input });
      expect(body.errors).to.equal(undefined);
      const draft = (await listed()).at(-1);
      if (draft === undefined) throw new Error('there is none');
      await restored.app.database.pool.query('delete from erasures where id = $1', [draft.id]);
      const actor = await operator(restored.app, tenant.workspaceId);
      await restored.app.contacts.replayErasure(actor, openNote(restored.app.secrets, draft));
      expect(await placesOf(restored.app, 'draftSecret')).to.have.property('submissions', 1);
    } finally {
      await restored.stop();
    }
  });
});
