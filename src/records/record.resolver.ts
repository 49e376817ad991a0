import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { Contact } from '../contacts/contact.entity.js';
import type { ContactService } from '../contacts/contact.service.js';
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
import { invalid } from '../platform/errors.js';
import { Costs } from '../platform/graphql/field-cost.js';
import { connectionPage } from '../platform/page-request.js';
import { validate } from '../platform/validate.js';
import { RecordEntity, type LinkedRecord } from './record.entity.js';
import { CreateRecord, LinkRecordContact, RecordFilter, UpdateRecord } from './record.input.js';
import { linksReadMax, type RecordService } from './record.service.js';

const linksDefault = 20;

const RecordConnection = connectionType('Record', RecordEntity);

/** A link as the record's row has it; the contact itself is looked up where an operation selects it. */
@ObjectType('RecordContact', { description: 'A person in a role of a record.', simpleResolvers: true })
class RecordContactLink {
  @Field(() => String, { description: 'The role, such as `submitter`.' })
  role!: string;

  id!: string;
}

const CreateRecordPayload = payloadType('CreateRecordPayload', 'The new record.', {
  record: [RecordEntity, 'The record.'],
});

const UpdateRecordPayload = payloadType('UpdateRecordPayload', 'The changed record.', {
  record: [RecordEntity, 'The record as it is now.'],
});

const LinkRecordContactPayload = payloadType('LinkRecordContactPayload', 'The linked record.', {
  record: [RecordEntity, 'The record as it is now.'],
});

@Resolver(() => RecordEntity)
export class RecordResolver {
  constructor(private readonly records: RecordService) {}

  @Query(() => RecordEntity, {
    name: 'record',
    nullable: true,
    description: 'A record by its id. Needs `read:records`, or any member.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The record id.' }) id: string,
  ): Promise<RecordEntity> {
    return await this.records.get(actor, id);
  }

  @Query(() => RecordConnection, {
    name: 'records',
    description: 'The records of the workspace, newest first. Needs `read:records`, or any member.',
  })
  async list(
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => RecordFilter, { nullable: true, description: 'Which ones.' })
    filter?: RecordFilter | null,
  ): Promise<Connection<RecordEntity>> {
    const page = connectionPage(args, 'record');
    const { actor } = context;
    const found = await this.records.list(actor, filter ?? {}, page, context.selects('data'));
    return connectionOf(page, found, () => this.records.count(actor, filter ?? {}));
  }

  @Costs({ rows: { argument: 'first', byDefault: linksDefault, max: linksReadMax } })
  @FieldResolver(() => [RecordContactLink], { description: 'The people it is about.' })
  contacts(
    @Root() { contacts }: Pick<LinkedRecord, 'contacts'>,
    @Arg('first', () => Int, { nullable: true, defaultValue: linksDefault, description: 'How many, at most 100.' })
    first: number | null,
  ): RecordContactLink[] {
    const size = first ?? linksDefault;
    if (size < 1) throw invalid('first', 'out_of_range', 'must be a whole number from 1 to 100');
    return contacts.slice(0, size);
  }

  @Mutation(() => CreateRecordPayload, { description: 'Makes a record; fires nothing. For Owners and Admins.' })
  async createRecord(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateRecord.type, { description: 'The record.' }) input: object,
  ): Promise<InstanceType<typeof CreateRecordPayload>> {
    return { record: await this.records.create(actor, () => validate(CreateRecord, input, 'camelCase')) };
  }

  @Mutation(() => UpdateRecordPayload, { description: 'Changes a record; fires nothing. For Owners and Admins.' })
  async updateRecord(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateRecord.type, { description: 'The changes.' }) { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof UpdateRecordPayload>> {
    return { record: await this.records.update(actor, id, () => validate(UpdateRecord, input, 'camelCase')) };
  }

  @Mutation(() => LinkRecordContactPayload, {
    description:
      'Links a record to a contact; the same link twice changes nothing. `plan_limit_exceeded` ' +
      '(`record_contacts`) beyond 100. For Owners and Admins.',
  })
  async linkRecordContact(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => LinkRecordContact.type, { description: 'The link.' })
    { recordId, contactId, ...input }: { recordId: string; contactId: string },
  ): Promise<InstanceType<typeof LinkRecordContactPayload>> {
    const read = () => validate(LinkRecordContact, input, 'camelCase');
    return { record: await this.records.link(actor, recordId, contactId, read) };
  }
}

@Resolver(() => RecordContactLink)
export class RecordContactResolver {
  constructor(private readonly contacts: ContactService) {}

  @FieldResolver(() => Contact, { nullable: true, description: 'The person. Needs `read:contacts`, too.' })
  contact(@Root() { id }: Pick<RecordContactLink, 'id'>, @Ctx() context: OperationContext): Promise<Contact | null> {
    return context.load('contact', id, (actor, ids) =>
      this.contacts.getMany(actor, ids, context.selects('customFields')),
    );
  }
}

@Resolver(() => Contact)
export class ContactRecords {
  constructor(private readonly service: RecordService) {}

  @FieldResolver(() => RecordConnection, {
    nullable: true,
    description: 'Records about the person, newest first. Needs `read:records`, too.',
  })
  async records(
    @Root() { id }: Pick<Contact, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => RecordFilter, { nullable: true, description: 'Which ones.' })
    filter?: RecordFilter | null,
  ): Promise<Connection<RecordEntity>> {
    return await connectionUnder(context, id, args, {
      field: 'Contact.records',
      kind: 'record',
      filter: filter ?? {},
      pages: (actor, ids, page) => this.service.pagesUnder(actor, ids, filter ?? {}, page, context.selects('data')),
      counts: (actor, ids) => this.service.countsUnder(actor, ids, filter ?? {}),
    });
  }
}
