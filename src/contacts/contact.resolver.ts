import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import { ConnectionArgs, connectionOf, connectionType, type Connection } from '../platform/graphql/relay-connection.js';
import { Costs, listInRow } from '../platform/graphql/field-cost.js';
import { connectionPage } from '../platform/page-request.js';
import { validate } from '../platform/validate.js';
import { Contact } from './contact.entity.js';
import { ContactFilter, CreateContact, MergeContacts, UpdateContact } from './contact.input.js';
import { otherAddressesMax, type ContactService } from './contact.service.js';
import { Erasure } from './erasure.entity.js';

const ContactConnection = connectionType('Contact', Contact);

@InputType('DeleteContactInput', { description: 'The contact to delete.' })
class DeleteContactInput {
  @Field(() => ID, { description: 'The contact.' })
  id!: string;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      'Whether the submissions of the person go too, with their messages and records, and drafts that name an ' +
      'address of theirs. Needs the role ADMIN.',
  })
  eraseSubmissions?: boolean | null;
}

const CreateContactPayload = payloadType('CreateContactPayload', 'The new contact.', {
  contact: [Contact, 'The contact.'],
});

const UpdateContactPayload = payloadType('UpdateContactPayload', 'The changed contact.', {
  contact: [Contact, 'The contact as it is now.'],
});

const MergeContactsPayload = payloadType('MergeContactsPayload', 'What became of the two.', {
  contact: [Contact, 'The contact that stayed.'],
});

const DeleteContactPayload = payloadType('DeleteContactPayload', 'What was deleted.', {
  contact: [Contact, 'The contact as it was; when the answer is replayed, its id and times alone.'],
  erasure: [Erasure, 'What was erased. RUNNING: nothing shows the rest, which is erased by and by.'],
});

@Resolver(() => Contact)
export class ContactResolver {
  constructor(private readonly contacts: ContactService) {}

  @Query(() => Contact, {
    name: 'contact',
    nullable: true,
    description: 'A contact by its id. Needs `read:contacts`, or any member.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The contact id.' }) id: string,
  ): Promise<Contact> {
    return await this.contacts.get(actor, id);
  }

  @Query(() => ContactConnection, {
    name: 'contacts',
    description: 'The contacts of the workspace, newest first. Needs `read:contacts`, or any member.',
  })
  async list(
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => ContactFilter, { nullable: true, description: 'Which ones.' })
    filter?: ContactFilter | null,
  ): Promise<Connection<Contact>> {
    const page = connectionPage(args, 'contact');
    const { actor } = context;
    const found = await this.contacts.list(actor, filter ?? {}, page, context.selects('customFields'));
    return connectionOf(page, found, () => this.contacts.count(actor, filter ?? {}));
  }

  @Mutation(() => CreateContactPayload, {
    description:
      'Makes a contact, and fires `contact.created`. `conflict` (`duplicate_contact`) where another has the ' +
      'address. For people, not for keys.',
  })
  async createContact(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateContact.type, { description: 'The contact.' }) input: object,
  ): Promise<InstanceType<typeof CreateContactPayload>> {
    return { contact: await this.contacts.create(actor, () => validate(CreateContact, input, 'camelCase')) };
  }

  @Mutation(() => UpdateContactPayload, {
    description:
      'Changes a contact, and fires `contact.updated` unless nothing changes. `conflict` (`duplicate_contact`) ' +
      'where another has the address. For people, not for keys.',
  })
  async updateContact(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateContact.type, { description: 'The changes.' }) { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof UpdateContactPayload>> {
    return { contact: await this.contacts.update(actor, id, () => validate(UpdateContact, input, 'camelCase')) };
  }

  @Costs(listInRow)
  @FieldResolver(() => [String], {
    description: 'E-mail addresses, then phone numbers, of merged duplicates: the contact is found by them, too.',
  })
  async otherAddresses(@Root() { id }: Pick<Contact, 'id'>, @Ctx() context: OperationContext): Promise<string[]> {
    const found = await context.loadFor('Contact.otherAddresses', id, (actor, ids) =>
      this.contacts.otherAddresses(actor, ids),
    );
    return found ?? [];
  }

  @Mutation(() => MergeContactsPayload, {
    description:
      'Makes one contact of two, and fires `contact.updated` with `changes: ["merged"]`. ' +
      `\`validation_failed\` when it would have more than ${otherAddressesMax} other addresses. For people, not for keys.`,
  })
  async mergeContacts(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => MergeContacts.type, { description: 'The two.' })
    { id, duplicateId }: { id: string; duplicateId: string },
  ): Promise<InstanceType<typeof MergeContactsPayload>> {
    return { contact: await this.contacts.merge(actor, id, duplicateId) };
  }

  @Mutation(() => DeleteContactPayload, {
    description:
      'Deletes a contact and erases the person: from payloads kept for delivery, what receivers answered to them, ' +
      'and answers kept for retries, also of submissions that are deleted and duplicates that were merged. Open ' +
      'deliveries that name the person end as SKIPPED. For people, not for keys.',
  })
  async deleteContact(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DeleteContactInput, { description: 'Which one.' })
    { id, eraseSubmissions }: DeleteContactInput,
  ): Promise<InstanceType<typeof DeleteContactPayload>> {
    return await this.contacts.remove(actor, id, eraseSubmissions ?? false);
  }
}
