import { Field, ID, Int, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bulky, Costs, counted, listInRow } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime, JSONObject } from '../platform/graphql/scalars.js';

@ObjectType('Contact', { description: 'A person known by e-mail or phone.', simpleResolvers: true, implements: Node })
@Entity('contacts')
export class Contact {
  @Field(() => ID, { description: 'The contact id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => String, {
    nullable: true,
    description: 'E-mail address, in the form in which addresses are compared; one contact of a workspace has it.',
  })
  @Column({ type: 'text', nullable: true })
  email!: string | null;

  @Field(() => String, { nullable: true, description: 'Phone number in E.164; one contact of a workspace has it.' })
  @Column({ type: 'text', nullable: true })
  phone!: string | null;

  @Field(() => String, { nullable: true, description: 'First name.' })
  @Column({ name: 'first_name', type: 'text', nullable: true })
  firstName!: string | null;

  @Field(() => String, { nullable: true, description: 'Last name.' })
  @Column({ name: 'last_name', type: 'text', nullable: true })
  lastName!: string | null;

  @Costs(listInRow)
  @Field(() => [String], { description: 'Tags, in no particular order.' })
  @Column({ type: 'text', array: true })
  tags!: string[];

  @Costs(bulky)
  @Field(() => JSONObject, { description: 'Whatever else is known.' })
  @Column({ name: 'custom_fields', type: 'json' })
  customFields!: Record<string, unknown>;

  @Field(() => DateTime, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When it last changed.' })
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;

  /** Counted by the statement that reads the contact; no column. */
  @Costs(counted)
  @Field(() => Int, { description: 'How many submissions it has.' })
  submissionCount!: number;
}

/** What a contact says of the person, empty: who begins, or who is erased. A new column of the person's belongs in it. */
export const nobody: Omit<Contact, 'id' | 'workspaceId' | 'createdAt' | 'updatedAt' | 'submissionCount'> = {
  email: null,
  phone: null,
  firstName: null,
  lastName: null,
  tags: [],
  customFields: {},
};
