import type { App } from '../../src/app.js';
import { CreateIntakeBot } from '../../src/intake-bots/intake-bot.input.js';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { operatorOf, type Actor } from '../../src/platform/actor.js';
import { validate } from '../../src/platform/validate.js';
import type { Submission } from '../../src/submissions/submission.entity.js';
import { CreateSubmission } from '../../src/submissions/submission.input.js';
import { actorWorkspace } from '../../src/workspaces/workspace.entity.js';

export const contactForm = [
  { name: 'full_name', label: 'Name', type: 'text', required: true },
  { name: 'email', label: 'E-mail', type: 'email', required: true },
  { name: 'phone', label: 'Phone', type: 'phone' },
  { name: 'topic', label: 'Topic', type: 'select', options: ['Sales', 'Support'] },
  { name: 'guests', label: 'Guests', type: 'number', min: 1, max: 10 },
];

/** Acts as the workspace's operator, past any door. */
export async function operator(app: App, workspaceId: string): Promise<Actor> {
  return operatorOf(actorWorkspace(await app.workspaces.find(workspaceId)));
}

export async function createBot(app: App, workspaceId: string, raw: object = {}): Promise<SharedIntakeBot> {
  const input = { name: 'Contact us', status: 'ACTIVE', schema: contactForm, ...raw };
  return await app.intakeBots.create(await operator(app, workspaceId), () =>
    validate(CreateIntakeBot, input, 'snake_case'),
  );
}

let people = 0;

export async function createSubmission(app: App, bot: SharedIntakeBot, raw: object = {}): Promise<Submission> {
  const data = { full_name: 'Ada Lovelace', email: `ada${++people}@example.com` };
  const actor = await operator(app, bot.workspaceId);
  return await app.submissions.create(actor, bot.id, () => validate(CreateSubmission, { data, ...raw }, 'snake_case'));
}
