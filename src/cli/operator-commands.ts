import { createReadStream } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { generatePassword } from '../accounts/password.js';
import { CreateApiKey } from '../api-keys/api-key.input.js';
import { App } from '../app.js';
import { lineOf, notesIn, openNote, type ErasureNote, type SealedNote } from '../contacts/erasure-note.js';
import { CreateIntakeBot } from '../intake-bots/intake-bot.input.js';
import { operatorOf, scopes, type Actor, type Plan } from '../platform/actor.js';
import { documentsMax, requireTrustable } from '../graphql/trustable.js';
import { graphqlSchema } from '../graphql/schema.js';
import { sha256 } from '../graphql/documents.js';
import { readConfig } from '../platform/config.js';
import { errorCode, Failure, notFound } from '../platform/errors.js';
import { isId } from '../platform/id.js';
import { createLog } from '../platform/log.js';
import { validate } from '../platform/validate.js';
import { plans } from '../workspaces/plans.js';
import { UpdateWorkspace } from '../workspaces/workspace.input.js';
import { actorWorkspace } from '../workspaces/workspace.entity.js';
import { readManifest } from './document-manifest.js';
import { fileProblem, jsonIn } from './given-file.js';
import type { Options } from './options.js';
import type { Progress } from './progress.js';
import { UsageError } from './usage-error.js';

export const migrate = answering(async (app) => ({ applied: app.applied }));
export const createWorkspace = answering(makeWorkspace);
export const setPlan = answering(
  async (app, { workspace = '', plan = '' }) => await app.workspaces.change(workspace, { plan: planOf(plan) }),
);
export const archiveWorkspace = answering(
  async (app, { workspace = '' }) => await app.workspaces.change(workspace, { archived: true }),
);
export const createKey = answering(makeKey);
export const revokeKey = answering(endKey);
export const resetPassword = answering(async (app, { email = '' }) => await app.accounts.resetPassword(email));
export const verifyAudit = answering(checkLog, brokenAt('log'));
export const digestAudit = answering(redoDigests, brokenAt('chain of digests'));
export const listErasures = answering(async (app) => ({ erasures: await app.erasureNotes.all() }));
export const exportErasures = answering(addErasures);
export const replayErasures = answering(redoErasures, ({ unreadable }) =>
  unreadable.length === 0 ? null : `These were not replayed:\n${unreadable.map((line) => `  ${line}`).join('\n')}`,
);
export const createBot = answering(makeBot);
export const trustDocuments = answering(trustManifest);

/**
 * A command that opens the database, prints an answer and closes the database again, beside a running server or without.
 * `failure` says in words why an answer is to end the command with 1; null when it is not.
 */
function answering<Answer extends object>(
  answer: (app: App, options: Options, progress: Progress) => Promise<Answer>,
  failure: (answer: Answer) => string | null = () => null,
): (options: Options, json: boolean, progress: Progress) => Promise<number> {
  return async (options, json, progress) => {
    const app = await App.open(readConfig(), createLog('silent'), 'command', progress.counting('migrations'));
    try {
      const result = await answer(app, options, progress);
      progress.end();
      process.stdout.write(json ? `${JSON.stringify(result)}\n` : readable(result));
      const failed = failure(result);
      if (failed === null) return 0;
      process.stderr.write(`${failed}\n`);
      return 1;
    } finally {
      await app.stop();
    }
  };
}

async function makeWorkspace(app: App, { name: given = '', plan = '', 'owner-email': email = '' }: Options) {
  const { name = '' } = validate(UpdateWorkspace, { name: given }, 'snake_case');
  const password = generatePassword();
  const planName = planOf(plan);
  return await app.database.transaction(async (tx) => {
    const workspace = await app.workspaces.create(tx, name, planName);
    const owner = {
      workspaceId: workspace.id,
      email,
      name: email.split('@')[0] ?? '',
      role: 'OWNER',
      password,
    } as const;
    const user = await app.accounts.create(tx, owner);
    const everything = { name: 'First key', scopes: [...scopes], allowedCidrs: [], documentsOnly: false };
    const made = plans[planName].api ? await app.apiKeys.insert(tx, workspace.id, everything) : null;
    return {
      workspace_id: workspace.id,
      owner: { user_id: user.id, email: user.email, password },
      api_key: made?.secret ?? null,
    };
  });
}

async function makeKey(app: App, { workspace = '', name, scopes: list = '', 'expires-at': expiresAt }: Options) {
  const raw = {
    name,
    scopes: list.split(',').map((scope) => scope.trim()),
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
  };
  const actor = await operatorIn(app, workspace);
  const { apiKey, secret } = await app.apiKeys.create(actor, () => validate(CreateApiKey, raw, 'snake_case'));
  return { id: apiKey.id, key: secret };
}

async function endKey(app: App, { id = '' }: Options) {
  const key = await app.apiKeys.find(id);
  const revoked = await app.apiKeys.revoke(await operatorIn(app, key.workspaceId), id);
  return { id: revoked.id, revoked_at: revoked.revokedAt };
}

async function checkLog(app: App, { workspace = '', length, head }: Options, progress: Progress) {
  if ((length === undefined) !== (head === undefined)) throw new UsageError('--length and --head go together');
  if (length !== undefined && !/^[1-9]\d{0,14}$/.test(length)) throw new UsageError('--length must be a number from 1');
  const { workspaceId } = await operatorIn(app, workspace);
  const kept = head === undefined ? null : { length: Number(length), head };
  const { ok, firstBad, missingKey, ...rest } = await app.audit.verify(workspaceId, kept, progress.counting('entries'));
  return { ...rest, ok, first_bad: firstBad, ...(missingKey !== undefined && { missing_key: missingKey }) };
}

async function redoDigests(app: App, { day }: Options, progress: Progress) {
  if (day !== undefined && !/^\d{4}-\d\d-\d\d$/.test(day)) throw new UsageError('--day must be like 2026-01-31');
  const made = await app.auditDigests.recompute(day ?? null, progress.counting('digests'));
  if (made === null) throw new Error(day === undefined ? 'There is no digest yet.' : `There is no digest of ${day}.`);
  const { firstBad, missingKey, ...rest } = made;
  return { ...rest, first_bad: firstBad, ...(missingKey !== undefined && { missing_key: missingKey }) };
}

/** Says in words where a chain or a digest is broken; null where the answer says that none is. */
function brokenAt(what: string) {
  return (answer: { ok: boolean; first_bad: string | null; missing_key?: string }): string | null => {
    if (answer.ok) return null;
    if (answer.missing_key === undefined) return `The ${what} is broken at ${answer.first_bad}.`;
    return `SECRETS_KEY has no key with the fingerprint ${answer.missing_key}, which signed ${answer.first_bad}: put it back.`;
  };
}

async function addErasures(app: App, { file = '' }: Options) {
  const kept = await notesOf(file, true);
  const known = new Set(kept.map(({ id }) => id));
  const added = (await app.erasureNotes.notes()).filter(({ id }) => !known.has(id));
  // Appended, as an operator may point the export of a restored database at the list that is yet to be replayed.
  try {
    await appendFile(file, added.map(lineOf).join(''), { mode: 0o600, flush: true });
  } catch (error) {
    throw fileProblem(file, error);
  }
  return { added: added.length, total: kept.length + added.length };
}

async function redoErasures(app: App, { file = '' }: Options, progress: Progress) {
  const notes = await notesOf(file, false);
  const summary = { read: notes.length, replayed: 0, running: 0, known: 0, foreign: 0, unreadable: [] as string[] };
  const tell = progress.counting('erasures');
  for (const [done, sealed] of notes.toSorted((one, other) => (one.id < other.id ? -1 : 1)).entries()) {
    tell(done, notes.length);
    let note: ErasureNote;
    try {
      note = openNote(app.secrets, sealed);
    } catch (error) {
      const missing = app.secrets.missingKey(sealed.sealed);
      const why = missing === null ? 'it was changed' : `SECRETS_KEY has no key with the fingerprint ${missing}`;
      summary.unreadable.push(`${sealed.id}: ${why} (${error instanceof Error ? error.message : 'no reason'})`);
      continue;
    }
    const actor = await operatorIn(app, note.workspaceId).catch((error: unknown) => {
      if (error instanceof Failure && error.code === 'resource_not_found') return null;
      throw error;
    });
    if (actor === null) {
      summary.foreign += 1;
      continue;
    }
    const erasure = await app.contacts.replayErasure(actor, note);
    if (erasure === null) summary.known += 1;
    else summary[erasure.status === 'DONE' ? 'replayed' : 'running'] += 1;
  }
  return summary;
}

/** @param mayLack whether a file that is not there counts as an empty one */
async function notesOf(file: string, mayLack: boolean): Promise<SealedNote[]> {
  try {
    return await notesIn(createInterface({ input: createReadStream(file), crlfDelay: Infinity }));
  } catch (error) {
    if (mayLack && errorCode(error) === 'ENOENT') return [];
    throw fileProblem(file, error);
  }
}

async function makeBot(app: App, { workspace = '', name, schema = '', status, 'record-type': recordType }: Options) {
  const { value: items, issues } = await jsonIn(schema);
  const inSchema = issues.map((issue) => ({ ...issue, path: `schema.${issue.path}` }));
  const raw = { name, schema: items, ...(status && { status }), ...(recordType && { record_type: recordType }) };
  const actor = await operatorIn(app, workspace);
  const bot = await app.intakeBots.create(actor, () => validate(CreateIntakeBot, raw, 'snake_case', inSchema));
  return { id: bot.id, status: bot.status };
}

async function trustManifest(app: App, { workspace = '', file = '' }: Options, progress: Progress) {
  const { value } = await jsonIn(file);
  const manifest = readManifest(value);
  if (manifest === null)
    throw new UsageError(`${file} must hold documents by their ids, Apollo's manifest, or a list of texts`);
  const { texts, otherwiseNamed } = manifest;
  const actor = await operatorIn(app, workspace);
  await requireTrustable(graphqlSchema(app), texts);
  const tell = progress.counting('documents');
  for (let from = 0; from < texts.length; from += documentsMax) {
    tell(from, texts.length);
    await app.trustedDocuments.trust(actor, texts.slice(from, from + documentsMax));
  }
  return {
    trusted: texts.length,
    document_ids: texts.map((text) => `sha256:${sha256(text)}`),
    ...(otherwiseNamed > 0 && {
      warning: `${otherwiseNamed} ids in the file are not the SHA-256 of their text: clients must send what document_ids lists`,
    }),
  };
}

async function operatorIn(app: App, workspaceId: string): Promise<Actor> {
  if (!isId(workspaceId, 'workspace')) throw notFound('workspace');
  return operatorOf(actorWorkspace(await app.workspaces.find(workspaceId)));
}

/** One of those that the command's entry names. */
const planOf = (text: string) => text.toUpperCase() as Plan;

function readable(value: object, indent = ''): string {
  return Object.entries(value)
    .map(([key, inner]: [string, unknown]) => `${indent}${key}:${readableValue(inner, indent)}`)
    .join('');
}

function readableValue(value: unknown, indent: string): string {
  if (value instanceof Date) return ` ${value.toISOString()}\n`;
  if (Array.isArray(value)) {
    const isOfObjects = value.some((one) => typeof one === 'object');
    if (!isOfObjects) return ` ${value.join(', ') || 'none'}\n`;
    return `\n${value.map((one: object) => readable(one, `${indent}  `)).join('\n')}`;
  }
  if (value !== null && typeof value === 'object') return `\n${readable(value, `${indent}  `)}`;
  return ` ${String(value)}\n`;
}
