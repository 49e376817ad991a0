import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bulky, Costs } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime, JSONObject } from '../platform/graphql/scalars.js';

@ObjectType('Notice', {
  description: 'Something Owners and Admins should know.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('notices')
export class Notice {
  @Field(() => ID, { description: 'The notice id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => String, { description: 'What it is about, for programs; `/docs/graphql#notices` lists the kinds.' })
  @Column({ type: 'text' })
  kind!: string;

  @Costs(bulky)
  @Field(() => String, { description: 'What it says, for people.' })
  @Column({ type: 'text' })
  text!: string;

  @Field(() => JSONObject, { description: 'What it names, for programs, by the keys that are listed with its kind.' })
  @Column({ type: 'json' })
  params!: object;

  @Field(() => DateTime, { description: 'Since when.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { nullable: true, description: 'When somebody dismissed it, once and for everybody.' })
  @Column({ name: 'dismissed_at', type: 'timestamptz', precision: 3, nullable: true })
  dismissedAt!: Date | null;
}
