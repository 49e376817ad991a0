import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bulky, Costs } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime, JSONObject } from '../platform/graphql/scalars.js';

@ObjectType('Record', {
  description: 'Structured data about something, often made from a submission.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('records')
export class RecordEntity {
  @Field(() => ID, { description: 'The record id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => String, { description: 'What it is, such as `lead`.' })
  @Column({ name: 'record_type', type: 'text' })
  recordType!: string;

  @Costs(bulky)
  @Field(() => JSONObject, { description: 'Its values.' })
  @Column({ type: 'json' })
  data!: Record<string, unknown>;

  @Field(() => ID, { nullable: true, description: 'The submission it was made from, if any.' })
  @Column({ name: 'submission_id', type: 'text', collation: 'C', nullable: true })
  submissionId!: string | null;

  @Field(() => DateTime, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When it last changed.' })
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}

/** A record with the contacts that it is linked to, each in a role. */
export type LinkedRecord = RecordEntity & { contacts: { id: string; role: string }[] };

@Entity('record_contacts')
export class RecordContact {
  @PrimaryColumn({ name: 'record_id', type: 'text', collation: 'C' })
  recordId!: string;

  @PrimaryColumn({ name: 'contact_id', type: 'text', collation: 'C' })
  contactId!: string;

  @PrimaryColumn({ type: 'text' })
  role!: string;
}
