import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ActorWorkspace, Plan } from '../platform/actor.js';
import { enumType } from '../platform/graphql/enum-type.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime } from '../platform/graphql/scalars.js';

const PlanEnum = enumType('Plan', 'What a workspace has bought.', {
  FREE: ['FREE', 'No API, no webhooks.'],
  PRO: ['PRO', 'The API at 100 requests a minute and key.'],
  BUSINESS: ['BUSINESS', 'The API at 500 requests a minute and key, and outbound webhooks.'],
});

@ObjectType('Workspace', {
  description: 'A tenant: everything else belongs to exactly one.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('workspaces')
export class Workspace {
  @Field(() => ID, { description: 'The workspace id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Field(() => String, { description: 'Its name.' })
  @Column({ type: 'text' })
  name!: string;

  @Field(() => PlanEnum, { description: 'Its plan.' })
  @Column({ type: 'text' })
  plan!: Plan;

  @Field(() => DateTime, { nullable: true, description: 'When it was archived; null while it is in use.' })
  @Column({ name: 'archived_at', type: 'timestamptz', precision: 3, nullable: true })
  archivedAt!: Date | null;

  @Field(() => Boolean, { description: 'Whether agents may connect, by an API key at `/mcp`.' })
  @Column({ name: 'agents_may_connect', type: 'boolean' })
  agentsMayConnect!: boolean;

  /** What the workspace stored at the last hourly measure, in whole bytes; a double is exact to eight petabytes. */
  @Column({ name: 'stored_bytes', type: 'double precision' })
  storedBytes!: number;

  @Column({ name: 'stored_measured_at', type: 'timestamptz', precision: 3, nullable: true })
  storedMeasuredAt!: Date | null;

  @Field(() => DateTime, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When it last changed.' })
  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}

export const actorWorkspace = ({ id, plan, archivedAt, agentsMayConnect, storedBytes }: Workspace): ActorWorkspace => ({
  id,
  plan,
  archived: archivedAt !== null,
  agentsMayConnect,
  storedBytes,
});
