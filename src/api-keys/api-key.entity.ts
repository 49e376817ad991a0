import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Scope } from '../platform/actor.js';
import { Costs, listInRow } from '../platform/graphql/field-cost.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime, ScopeScalar } from '../platform/graphql/scalars.js';

@ObjectType('ApiKey', {
  description: 'A key a program calls with. The key itself is shown once.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('api_keys')
export class ApiKey {
  @Field(() => ID, { description: 'The id of the key, not the key.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => String, { description: 'What it is for.' })
  @Column({ type: 'text' })
  name!: string;

  /** SHA-256 of the whole key. Its 154 random bits need no slow hash. */
  @Column({ type: 'bytea' })
  hash!: Buffer;

  /** SHA-256 of the secret before the last rotation, which works until `previousUntil`. */
  @Column({ name: 'previous_hash', type: 'bytea', nullable: true })
  previousHash!: Buffer | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'Until when the key before the last rotation works beside it.',
  })
  @Column({ name: 'previous_until', type: 'timestamptz', precision: 3, nullable: true })
  previousUntil!: Date | null;

  @Field(() => String, { description: 'The first characters, to tell keys apart.' })
  @Column({ type: 'text' })
  hint!: string;

  @Costs(listInRow)
  @Field(() => [ScopeScalar], { description: 'What it may do.' })
  @Column({ type: 'text', array: true })
  scopes!: Scope[];

  @Costs(listInRow)
  @Field(() => [String], { description: 'Ranges it may call from; empty: from anywhere.' })
  @Column({ name: 'allowed_cidrs', type: 'text', array: true })
  allowedCidrs!: string[];

  @Field(() => Boolean, { description: 'Whether it may run trusted documents only.' })
  @Column({ name: 'documents_only', type: 'boolean' })
  documentsOnly!: boolean;

  @Field(() => DateTime, { nullable: true, description: 'When it stops working; null: never.' })
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3, nullable: true })
  expiresAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was revoked.' })
  @Column({ name: 'revoked_at', type: 'timestamptz', precision: 3, nullable: true })
  revokedAt!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was last used, to the minute.' })
  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3, nullable: true })
  lastUsedAt!: Date | null;

  @Field(() => DateTime, { description: 'When it was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** The person who made it; null: an operator. */
  @Column({ name: 'created_by', type: 'text', collation: 'C', nullable: true })
  createdBy!: string | null;

  /** The name that the person had, kept for the time when the person is removed. */
  @Column({ name: 'created_by_name', type: 'text', nullable: true })
  createdByName!: string | null;
}
