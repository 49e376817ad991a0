import type { App } from './app.js';
import { generatePassword } from './accounts/password.js';
import { operatorOf, scopes } from './platform/actor.js';
import { validate } from './platform/validate.js';
import { CreateIntakeBot } from './intake-bots/intake-bot.input.js';
import { CreateSubmission } from './submissions/submission.input.js';
import { actorWorkspace } from './workspaces/workspace.entity.js';

export interface Demo {
  email: string;
  password: string;
  apiKey: string;
  intakeBotId: string;
}

const schema = [
  { name: 'full_name', label: 'What is your name?', type: 'text', required: true, max_length: 200 },
  { name: 'email', label: 'Where can we reach you?', type: 'email', required: true },
  { name: 'phone', label: 'Your phone number, if you like', type: 'phone' },
  { name: 'topic', label: 'What is it about?', type: 'select', required: true, options: ['Sales', 'Support', 'Other'] },
  { name: 'message', label: 'Tell us more', type: 'textarea', max_length: 2_000 },
];

const answers = [
  { full_name: 'Ada Lovelace', email: 'ada@example.com', topic: 'Sales', message: 'Do you have a plan for analysts?' },
  { full_name: 'Grace Hopper', email: 'grace@example.com', phone: '+1 212 555 0147', topic: 'Support' },
  { full_name: 'Alan Turing', email: 'alan@example.com', topic: 'Other', message: 'Can machines fill in forms?' },
];

/** A workspace to try things in, for an empty database of our own. */
export async function seedDemo(app: App): Promise<Demo> {
  const password = generatePassword();
  const owner = { email: 'owner@example.com', name: 'Demo Owner', role: 'OWNER', password } as const;
  const { workspace, secret } = await app.database.transaction(async (tx) => {
    const made = await app.workspaces.create(tx, 'Demo', 'BUSINESS');
    await app.accounts.create(tx, { ...owner, workspaceId: made.id });
    const key = { name: 'Demo', scopes: [...scopes], allowedCidrs: [], documentsOnly: false };
    return { workspace: made, ...(await app.apiKeys.insert(tx, made.id, key)) };
  });
  const actor = operatorOf(actorWorkspace(workspace));
  const bot = await app.intakeBots.create(actor, () =>
    validate(
      CreateIntakeBot,
      {
        name: 'Contact us',
        description: 'The first thing visitors see.',
        status: 'ACTIVE',
        schema,
        record_type: 'lead',
      },
      'snake_case',
    ),
  );
  for (const data of answers) {
    await app.submissions.create(actor, bot.id, () => validate(CreateSubmission, { data }, 'snake_case'));
  }
  return { email: owner.email, password, apiKey: secret, intakeBotId: bot.id };
}

export const describeDemo = (demo: Demo, publicUrl: string) => `
ioZen is ready, with a demo workspace. This is shown once:

  GraphQL     ${publicUrl}/graphql
  Explorer    ${publicUrl}/graphql/explorer
  REST        ${publicUrl}/api/v1
  Reference   ${publicUrl}/api/v1/docs
  Owner       ${demo.email}
  Password    ${demo.password}
  API key     ${demo.apiKey}
  Intake bot  ${demo.intakeBotId}

`;
