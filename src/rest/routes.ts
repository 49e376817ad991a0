import type { ContactService } from '../contacts/contact.service.js';
import { contactView } from '../contacts/contact.view.js';
import { PatchIntakeBot } from '../intake-bots/intake-bot.input.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import { intakeBotSummaryView, intakeBotView, schemaView } from '../intake-bots/intake-bot.view.js';
import type { RecordService } from '../records/record.service.js';
import { recordView } from '../records/record.view.js';
import { CreateSubmission, UpdateSubmission } from '../submissions/submission.input.js';
import type { SubmissionService } from '../submissions/submission.service.js';
import { submissionCreatedView, submissionListedView, submissionView } from '../submissions/submission.view.js';
import { get, list, patch, post, type Route } from './route.js';

export interface RestServices {
  intakeBots: IntakeBotService;
  submissions: SubmissionService;
  contacts: ContactService;
  records: RecordService;
}

/** The published contract, line by line. */
export function restRoutes({ intakeBots, submissions, contacts, records }: RestServices): Route[] {
  return [
    list(
      '/intake-bots',
      'read:intake-bots',
      'intakeBot',
      (actor, page) => intakeBots.list(actor, {}, page()),
      (found) => ({
        intake_bots: found.rows.map(intakeBotSummaryView),
      }),
    ),
    get(
      '/intake-bots/:id',
      'read:intake-bots',
      (actor, { id }) => intakeBots.get(actor, id),
      (found) => ({
        intake_bot: intakeBotView(found),
      }),
    ),
    patch(
      '/intake-bots/:id',
      'write:intake-bots',
      PatchIntakeBot,
      (actor, { id }, input) => intakeBots.update(actor, id, input),
      (found) => ({
        intake_bot: intakeBotView(found),
      }),
    ),
    list(
      '/intake-bots/:id/submissions',
      'read:submissions',
      'submission',
      (actor, page, { id }) => submissions.listOf(actor, id, page),
      (found) => ({
        submissions: found.rows.map(submissionListedView),
        schema: schemaView(found.schema),
      }),
    ),
    get(
      '/intake-bots/:id/submissions/:submissionId',
      'read:submissions',
      (actor, { id, submissionId }) => submissions.getOf(actor, id, submissionId),
      (found) => ({
        submission: submissionView(found),
      }),
    ),
    post(
      '/intake-bots/:id/submissions',
      'write:intake-bots',
      CreateSubmission,
      (actor, { id }, input) => submissions.create(actor, id, input),
      (made) => ({
        submission: submissionCreatedView(made),
      }),
    ),
    patch(
      '/intake-bots/:id/submissions/:submissionId',
      'write:intake-bots',
      UpdateSubmission,
      (actor, { id, submissionId }, input) => submissions.update(actor, submissionId, input, id),
      (found) => ({
        submission: submissionView(found),
      }),
    ),
    list(
      '/contacts',
      'read:contacts',
      'contact',
      (actor, page) => contacts.list(actor, {}, page()),
      (found) => ({
        contacts: found.rows.map(contactView),
      }),
    ),
    get(
      '/contacts/:id',
      'read:contacts',
      (actor, { id }) => contacts.get(actor, id),
      (found) => ({
        contact: contactView(found),
      }),
    ),
    list(
      '/records',
      'read:records',
      'record',
      (actor, page) => records.list(actor, {}, page()),
      (found) => ({
        records: found.rows.map(recordView),
      }),
    ),
    get(
      '/records/:id',
      'read:records',
      (actor, { id }) => records.get(actor, id),
      (found) => ({
        record: recordView(found),
      }),
    ),
  ];
}
