/** One file because it is the list of what GraphQL has of submissions; most of its lines are descriptions. */
import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Contact } from '../contacts/contact.entity.js';
import type { ContactService } from '../contacts/contact.service.js';
import { EventConnection } from '../events/event.entity.js';
import type { EventService, ListedEvent } from '../events/event.service.js';
import { IntakeBot } from '../intake-bots/intake-bot.entity.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionType,
  connectionUnder,
  type Connection,
} from '../platform/graphql/relay-connection.js';
import { connectionPage } from '../platform/page-request.js';
import { validate } from '../platform/validate.js';
import { Message, Submission } from './submission.entity.js';
import {
  AddSubmissionMessage,
  CreateSubmission,
  DeleteSubmission,
  UpdateSubmission,
  SubmissionFilterInput,
} from './submission.input.js';
import { wideIn } from './submission-lists.js';
import type { SubmissionService } from './submission.service.js';

const SubmissionConnection = connectionType('Submission', Submission);
const MessageConnection = connectionType('Message', Message);

const CreateSubmissionPayload = payloadType('CreateSubmissionPayload', 'The new submission.', {
  submission: [Submission, 'The submission.'],
});

const UpdateSubmissionPayload = payloadType('UpdateSubmissionPayload', 'The changed submission.', {
  submission: [Submission, 'The submission as it is now.'],
});

const AddSubmissionMessagePayload = payloadType('AddSubmissionMessagePayload', 'The new message.', {
  message: [Message, 'The message.'],
});

const DeleteSubmissionPayload = payloadType('DeleteSubmissionPayload', 'What was deleted.', {
  submission: [Submission, 'The submission as it was.'],
});

@Resolver(() => Submission)
export class SubmissionResolver {
  constructor(
    private readonly submissions: SubmissionService,
    private readonly intakeBots: IntakeBotService,
    private readonly contacts: ContactService,
    private readonly eventLog: EventService,
  ) {}

  @Query(() => Submission, {
    name: 'submission',
    nullable: true,
    description: 'A submission by its id. Needs `read:submissions`, or any member.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The submission id.' }) id: string,
  ): Promise<Submission> {
    return await this.submissions.get(actor, id);
  }

  @Query(() => SubmissionConnection, {
    name: 'submissions',
    description: 'Submissions, newest first. Needs `read:submissions`, or any member.',
  })
  async list(
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('intakeBotId', () => ID, { nullable: true, description: 'Of this bot; of all when absent.' })
    intakeBotId?: string | null,
    @Arg('filter', () => SubmissionFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: SubmissionFilterInput | null,
  ): Promise<Connection<Submission>> {
    const page = connectionPage(args, 'submission');
    const { actor } = context;
    const found = await this.submissions.search(actor, intakeBotId ?? null, filter ?? {}, page, wideIn(context));
    return connectionOf(page, found, () =>
      this.submissions.count(actor, { ...filter, intakeBotId: intakeBotId ?? null }),
    );
  }

  @FieldResolver(() => IntakeBot, { nullable: true, description: 'The bot it answers. Needs `read:intake-bots`, too.' })
  intakeBot(
    @Root() { intakeBotId }: Pick<Submission, 'intakeBotId'>,
    @Ctx() context: OperationContext,
  ): Promise<IntakeBot | null> {
    return context.load('intakeBot', intakeBotId, (actor, ids) =>
      this.intakeBots.getMany(actor, ids, context.selects('schema')),
    );
  }

  @FieldResolver(() => Contact, {
    nullable: true,
    description: 'The person behind it, once it is completed. Needs `read:contacts`, too.',
  })
  contact(
    @Root() { contactId }: Pick<Submission, 'contactId'>,
    @Ctx() context: OperationContext,
  ): Promise<Contact | null> | null {
    if (contactId === null) return null;
    return context.load('contact', contactId, (actor, ids) =>
      this.contacts.getMany(actor, ids, context.selects('customFields')),
    );
  }

  @FieldResolver(() => MessageConnection, { nullable: true, description: 'The conversation, newest first.' })
  async messages(
    @Root() { id }: Pick<Submission, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<Message>> {
    return await connectionUnder(context, id, args, {
      field: 'Submission.messages',
      kind: 'message',
      pages: (actor, ids, page) => this.submissions.messagePages(actor, ids, page, context.selects('content')),
      counts: (actor, ids) => this.submissions.messageCounts(actor, ids),
    });
  }

  @FieldResolver(() => EventConnection, {
    nullable: true,
    description: 'What happened to it, newest first. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async events(
    @Root() { id }: Pick<Submission, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<ListedEvent>> {
    return await connectionUnder(context, id, args, {
      field: 'Submission.events',
      kind: 'event',
      pages: (actor, ids, page) => this.eventLog.pagesOf(actor, ids, page),
      counts: (actor, ids) => this.eventLog.countsOf(actor, ids),
    });
  }

  @Mutation(() => CreateSubmissionPayload, {
    description:
      'Takes a submission. COMPLETED fires `submission.completed`, finds or makes the contact, and makes a ' +
      'record where the bot has a `recordType`. `validation_failed` names all that is wrong with the answers, ' +
      'and `intakeBot.status` where the bot is not ACTIVE; `plan_limit_exceeded` (`submissions`) beyond those ' +
      'of the month. Needs `write:intake-bots`, or an Owner or Admin.',
  })
  async createSubmission(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateSubmission.type, { description: 'The submission.' })
    { intakeBotId, ...input }: { intakeBotId: string },
  ): Promise<InstanceType<typeof CreateSubmissionPayload>> {
    const read = () => validate(CreateSubmission, input, 'camelCase');
    return { submission: await this.submissions.create(actor, intakeBotId, read) };
  }

  @Mutation(() => UpdateSubmissionPayload, {
    description:
      'Changes a submission. Completing fires `submission.completed`, any other change of data or status ' +
      '`submission.updated`, and what changes nothing fires nothing. Needs `write:intake-bots`, or any member.',
  })
  async updateSubmission(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateSubmission.type, { description: 'The changes.' }) { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof UpdateSubmissionPayload>> {
    return {
      submission: await this.submissions.update(actor, id, () => validate(UpdateSubmission, input, 'camelCase')),
    };
  }

  @Mutation(() => AddSubmissionMessagePayload, {
    description:
      'Adds to the conversation behind a submission; fires nothing. `plan_limit_exceeded` (`messages`) beyond ' +
      '500, `validation_failed` beyond 4 MiB together. Needs `write:intake-bots`, or an Owner or Admin.',
  })
  async addSubmissionMessage(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => AddSubmissionMessage.type, { description: 'The message.' })
    { submissionId, ...input }: { submissionId: string },
  ): Promise<InstanceType<typeof AddSubmissionMessagePayload>> {
    const read = () => validate(AddSubmissionMessage, input, 'camelCase');
    return { message: await this.submissions.addMessage(actor, submissionId, read) };
  }

  @Mutation(() => DeleteSubmissionPayload, {
    description:
      'Deletes a submission and its conversation; fires nothing. The contact, the record and events with what ' +
      'they said stay. Needs `write:intake-bots`, or an Owner or Admin.',
  })
  async deleteSubmission(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DeleteSubmission.type, { description: 'Which one.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof DeleteSubmissionPayload>> {
    return { submission: await this.submissions.remove(actor, id) };
  }
}

@Resolver(() => Message)
export class MessageResolver {
  constructor(private readonly submissions: SubmissionService) {}

  @FieldResolver(() => Submission, { nullable: true, description: 'The submission it belongs to.' })
  submission(
    @Root() { submissionId }: Pick<Message, 'submissionId'>,
    @Ctx() context: OperationContext,
  ): Promise<Submission | null> {
    return context.load('submission', submissionId, (actor, ids) =>
      this.submissions.getMany(actor, ids, wideIn(context)),
    );
  }
}

@Resolver(() => IntakeBot)
export class IntakeBotSubmissions {
  constructor(private readonly service: SubmissionService) {}

  @FieldResolver(() => SubmissionConnection, {
    nullable: true,
    description: 'The submissions to it, newest first. Needs `read:submissions`, too.',
  })
  async submissions(
    @Root() { id }: Pick<IntakeBot, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => SubmissionFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: SubmissionFilterInput | null,
  ): Promise<Connection<Submission>> {
    return await connectionUnder(context, id, args, {
      field: 'IntakeBot.submissions',
      kind: 'submission',
      filter: filter ?? {},
      pages: (actor, ids, page) =>
        this.service.pagesUnder(actor, 'intakeBot', ids, filter ?? {}, page, wideIn(context)),
      counts: (actor, ids) => this.service.countsUnder(actor, 'intakeBot', ids, filter ?? {}),
    });
  }
}

@Resolver(() => Contact)
export class ContactSubmissions {
  constructor(private readonly service: SubmissionService) {}

  @FieldResolver(() => SubmissionConnection, {
    nullable: true,
    description: 'What the person submitted, newest first. Needs `read:submissions`, too.',
  })
  async submissions(
    @Root() { id }: Pick<Contact, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => SubmissionFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: SubmissionFilterInput | null,
  ): Promise<Connection<Submission>> {
    return await connectionUnder(context, id, args, {
      field: 'Contact.submissions',
      kind: 'submission',
      filter: filter ?? {},
      pages: (actor, ids, page) => this.service.pagesUnder(actor, 'contact', ids, filter ?? {}, page, wideIn(context)),
      counts: (actor, ids) => this.service.countsUnder(actor, 'contact', ids, filter ?? {}),
    });
  }
}
