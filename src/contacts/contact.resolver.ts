import { Arg, Args, Ctx, Field, ID, InputType, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionType,
  DateTimeRange,
  type Connection,
} from '../platform/connection.js';
import { connectionPage } from '../platform/page.js';
import { JSONObject } from '../platform/scalars.js';
import { validate } from '../platform/validate.js';
import { Contact } from './contact.entity.js';
import { CreateContact, UpdateContact } from './contact.input.js';
import type { ContactFilter, ContactService } from './contact.service.js';

const ContactConnection = connectionType('Contact', Contact);

@InputType('ContactFilter', { description: 'Which contacts to list.' })
class ContactFilterInput implements ContactFilter {
  @Field(() => String, { nullable: true, description: 'With this e-mail address, however it is written.' })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'With this phone number, in E.164.' })
  phone?: string | null;

  @Field(() => String, { nullable: true, description: 'With this tag.' })
  tag?: string | null;

  @Field(() => DateTimeRange, { nullable: true, description: 'Created within.' })
  createdAt?: DateTimeRange | null;
}

@InputType('CreateContactInput', { description: 'A new contact; it needs an e-mail address or a phone number.' })
class CreateContactInput {
  @Field(() => String, {
    nullable: true,
    description:
      'E-mail address, at most 254 characters; kept in lower case, without invisible characters, its domain in ASCII.',
  })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'Phone number; kept in E.164.' })
  phone?: string | null;

  @Field(() => String, { nullable: true, description: 'First name, at most 200 characters.' })
  firstName?: string | null;

  @Field(() => String, { nullable: true, description: 'Last name, at most 200 characters.' })
  lastName?: string | null;

  @Field(() => [String], { nullable: true, description: 'At most 100 tags of 50 characters.' })
  tags?: string[];

  @Field(() => JSONObject, { nullable: true, description: 'Whatever else is known.' })
  customFields?: Record<string, unknown>;
}

@InputType('UpdateContactInput', { description: 'What to change of a contact; what is absent stays, null empties.' })
class UpdateContactInput {
  @Field(() => ID, { description: 'The contact.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'E-mail address.' })
  email?: string | null;

  @Field(() => String, { nullable: true, description: 'Phone number.' })
  phone?: string | null;

  @Field(() => String, { nullable: true, description: 'First name.' })
  firstName?: string | null;

  @Field(() => String, { nullable: true, description: 'Last name.' })
  lastName?: string | null;

  @Field(() => [String], { nullable: true, description: 'All tags anew.' })
  tags?: string[];

  @Field(() => JSONObject, { nullable: true, description: 'Merged into what is there; null removes a value.' })
  customFields?: Record<string, unknown>;
}

@InputType('MergeContactsInput', { description: 'Two contacts that are one person.' })
class MergeContactsInput {
  @Field(() => ID, { description: 'The contact that stays; what it has is kept.' })
  id!: string;

  @Field(() => ID, { description: 'The contact that goes; what it has fills what the other lacks.' })
  duplicateId!: string;
}

@InputType('DeleteContactInput', { description: 'The contact to delete.' })
class DeleteContactInput {
  @Field(() => ID, { description: 'The contact.' })
  id!: string;
}

@ObjectType('CreateContactPayload', { description: 'The new contact.', simpleResolvers: true })
class CreateContactPayload {
  @Field(() => Contact, { description: 'The contact.' })
  contact!: Contact;
}

@ObjectType('UpdateContactPayload', { description: 'The changed contact.', simpleResolvers: true })
class UpdateContactPayload {
  @Field(() => Contact, { description: 'The contact as it is now.' })
  contact!: Contact;
}

@ObjectType('MergeContactsPayload', { description: 'What became of the two.', simpleResolvers: true })
class MergeContactsPayload {
  @Field(() => Contact, { description: 'The contact that stayed.' })
  contact!: Contact;
}

@ObjectType('DeleteContactPayload', { description: 'What was deleted.', simpleResolvers: true })
class DeleteContactPayload {
  @Field(() => Contact, { description: 'The contact as it was.' })
  contact!: Contact;
}

@Resolver(() => Contact)
export class ContactResolver {
  constructor(private readonly contacts: ContactService) {}

  @Query(() => Contact, { name: 'contact', nullable: true, description: 'A contact by its id.' })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The contact id.' }) id: string,
  ): Promise<Contact> {
    return await this.contacts.get(actor, id);
  }

  @Query(() => ContactConnection, { name: 'contacts', description: 'The contacts of the workspace, newest first.' })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => ContactFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: ContactFilterInput | null,
  ): Promise<Connection<Contact>> {
    const page = connectionPage(args, 'contact');
    return connectionOf(page, await this.contacts.list(actor, filter ?? {}, page), () =>
      this.contacts.count(actor, filter ?? {}),
    );
  }

  @Mutation(() => CreateContactPayload, { description: 'Makes a contact. For people, not for keys.' })
  async createContact(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateContactInput, { description: 'The contact.' }) input: CreateContactInput,
  ): Promise<CreateContactPayload> {
    return { contact: await this.contacts.create(actor, () => validate(CreateContact, input, 'camelCase')) };
  }

  @Mutation(() => UpdateContactPayload, { description: 'Changes a contact. For people, not for keys.' })
  async updateContact(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateContactInput, { description: 'The changes.' }) { id, ...input }: UpdateContactInput,
  ): Promise<UpdateContactPayload> {
    return { contact: await this.contacts.update(actor, id, () => validate(UpdateContact, input, 'camelCase')) };
  }

  @Mutation(() => MergeContactsPayload, { description: 'Makes one contact of two. For people, not for keys.' })
  async mergeContacts(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => MergeContactsInput, { description: 'The two.' }) { id, duplicateId }: MergeContactsInput,
  ): Promise<MergeContactsPayload> {
    return { contact: await this.contacts.merge(actor, id, duplicateId) };
  }

  @Mutation(() => DeleteContactPayload, {
    description: 'Deletes a contact and blanks it in everything kept for delivery. For people, not for keys.',
  })
  async deleteContact(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DeleteContactInput, { description: 'Which one.' }) { id }: DeleteContactInput,
  ): Promise<DeleteContactPayload> {
    return { contact: await this.contacts.remove(actor, id) };
  }
}
