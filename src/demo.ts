import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from './app.js';
import { generatePassword } from './accounts/password.js';
import { adasAnswers, formFields, intakeBot, othersAnswers } from './events/demo-set.view.js';
import { User } from './accounts/user.entity.js';
import { newApiKeyText } from './api-keys/api-key-text.js';
import { operatorOf, scopes } from './platform/actor.js';
import type { PageRequest } from './platform/page-request.js';
import { validate } from './platform/validate.js';
import { CreateIntakeBot } from './intake-bots/intake-bot.input.js';
import { CreateSubmission } from './submissions/submission.input.js';
import { actorWorkspace } from './workspaces/workspace.entity.js';

interface Demo {
  email: string;
  password: string;
  apiKey: string;
  intakeBotId: string;
}

const ownerEmail = 'owner@example.com';
/** Of processes that start on one empty database at the same time, one makes the demo. */
const lockKey = '7813540922';

/** Stands in a file from before the workspace is made until the sign-in was shown, so that a crash loses no sign-in. */
interface SignIn {
  password: string;
  apiKey: string;
}

/**
 * Fills an empty embedded database with a workspace to try things in, and shows how to sign in. Where a crash cuts this
 * short, the next start goes on with it: it shows the same sign-in, and the sign-in works.
 */
export async function showDemoOnce(app: App, dataDir: string, show: (text: string) => Promise<void>): Promise<void> {
  const file = join(dataDir, 'first-start.json');
  if (!existsSync(file) && !(await app.workspaces.isEmpty())) return;
  const client = await app.database.pool.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    const isEmpty = await app.workspaces.isEmpty();
    if (!isEmpty && !existsSync(file)) return;
    const signIn = await keptSignIn(file);
    if (isEmpty) await makeWorkspace(app, signIn);
    const demo = await completed(app, signIn);
    if (demo !== null) await show(describeDemo(demo, app.publicUrl));
    await rm(file);
  } finally {
    await client.query('select pg_advisory_unlock($1)', [lockKey]).catch(() => undefined);
    client.release();
  }
}

async function keptSignIn(file: string): Promise<SignIn> {
  if (!existsSync(file)) {
    const draft = `${file}.new`;
    const made: SignIn = { password: generatePassword(), apiKey: newApiKeyText() };
    await writeFile(draft, JSON.stringify(made), { mode: 0o600, flush: true });
    await rename(draft, file);
  }
  return JSON.parse(await readFile(file, 'utf8')) as SignIn;
}

/** Makes the workspace, its Owner and a key in one commit: a workspace that exists has somebody who can sign in. */
async function makeWorkspace(app: App, { password, apiKey }: SignIn): Promise<void> {
  const owner = { email: ownerEmail, name: 'Demo Owner', role: 'OWNER', password } as const;
  await app.database.transaction(async (tx) => {
    const { id } = await app.workspaces.create(tx, 'Demo', 'BUSINESS');
    await app.accounts.create(tx, { ...owner, workspaceId: id });
    const key = { name: 'Demo', scopes: [...scopes], allowedCidrs: [], documentsOnly: false };
    await app.apiKeys.insert(tx, id, key, undefined, apiKey);
  });
}

/** Adds what the demo still lacks; null where an operator made another workspace before there was a demo. */
async function completed(app: App, { password, apiKey }: SignIn): Promise<Demo | null> {
  const owner = await app.database.manager.findOneBy(User, { email: ownerEmail });
  if (owner === null) return null;
  const actor = operatorOf(actorWorkspace(await app.workspaces.find(owner.workspaceId)));
  const first: PageRequest = { limit: 1, cursor: null, direction: 'older' };
  const [known] = (await app.intakeBots.list(actor, {}, first)).rows;
  const { name, description, status } = intakeBot;
  const input = { name, description, status, schema: formFields };
  const bot =
    known ??
    (await app.intakeBots.create(actor, () =>
      validate(CreateIntakeBot, { ...input, record_type: 'lead' }, 'snake_case'),
    ));
  const made = await app.submissions.count(actor, { intakeBotId: bot.id });
  for (const data of [adasAnswers, ...othersAnswers].slice(made)) {
    await app.submissions.create(actor, bot.id, () => validate(CreateSubmission, { data }, 'snake_case'));
  }
  return { email: ownerEmail, password, apiKey, intakeBotId: bot.id };
}

/** What the first start prints: the address on top is the one to open first. */
function describeDemo({ email, password, apiKey, intakeBotId }: Demo, publicUrl: string): string {
  const lines = [
    ['Console', `${publicUrl}/console`],
    ['Owner', email],
    ['Password', password],
    ['API key', apiKey],
    ['GraphQL', `${publicUrl}/graphql`],
    ['Explorer', `${publicUrl}/graphql/explorer`],
    ['REST', `${publicUrl}/api/v1`],
    ['Documentation', `${publicUrl}/docs`],
    ['Intake bot', intakeBotId],
  ].map(([name = '', value = '']) => `  ${name.padEnd(13)}  ${value}\n`);
  return `\nioZen is ready, with a demo workspace. This is shown once:\n\n${lines.join('')}\n`;
}
