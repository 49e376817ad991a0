import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bulky, Costs } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime, JSONObject } from '../platform/graphql/scalars.js';

/** Everything that is recorded; an action begins with the name of the thing that it changes. */
const auditActions = [
  'workspace.created',
  'workspace.updated',
  'workspace.agents_switched',
  'workspace.plan_changed',
  'workspace.archived',
  'member.invited',
  'invitation.revoked',
  'invitation.voided',
  'member.joined',
  'member.role_changed',
  'member.removed',
  'member.password_changed',
  'member.signed_in',
  'member.signed_out_everywhere',
  'session.ended',
  'ownership.transferred',
  'api_key.created',
  'api_key.rotated',
  'api_key.revoked',
  'webhook_endpoint.created',
  'webhook_endpoint.updated',
  'webhook_endpoint.paused',
  'webhook_endpoint.resumed',
  'webhook_endpoint.deleted',
  'webhook_secret.rotated',
  'webhook_delivery.redelivered',
  'replay.started',
  'replay.cancelled',
  'conversion_destination.created',
  'conversion_destination.updated',
  'conversion_destination.paused',
  'conversion_destination.resumed',
  'conversion_destination.deleted',
  'conversion_destination.tested',
  'conversion.resent',
  'trusted_documents.added',
  'trusted_documents.removed',
  'contact.merged',
  'contact.deleted',
  'submission.deleted',
] as const;
export type AuditAction = (typeof auditActions)[number];

@ObjectType('AuditEntry', {
  description: 'Who did what to which thing, from where.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('audit_entries')
export class AuditEntry {
  @Field(() => ID, { description: 'The id of the entry.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  /** The place of the entry in the chain of its workspace, from 1. */
  @Column({ type: 'bigint' })
  number!: string;

  @Field(() => DateTime, { description: 'When.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => String, { description: '`user`, `key`, `operator` (the command line) or `system`.' })
  @Column({ name: 'actor_kind', type: 'text' })
  actorKind!: string;

  @Field(() => String, { description: 'The id of the person or the key; else the same as the kind.' })
  @Column({ name: 'actor_id', type: 'text' })
  actorId!: string;

  @Field(() => String, { nullable: true, description: 'The address the call came from.' })
  @Column({ type: 'text', nullable: true })
  address!: string | null;

  @Field(() => String, { description: `What was done: ${auditActions.map((action) => `\`${action}\``).join(', ')}.` })
  @Column({ type: 'text' })
  action!: AuditAction;

  @Field(() => ID, { description: 'The id of the thing it was done to.' })
  @Column({ name: 'subject_id', type: 'text' })
  subjectId!: string;

  @Costs(bulky)
  @Field(() => JSONObject, { description: 'What there is to say of it, never a secret.' })
  @Column({ type: 'json' })
  details!: object;

  /** The MAC over this entry and the MAC of the one before, under `SECRETS_KEY`. */
  @Column({ type: 'text' })
  mac!: string;
}
