import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../platform/actor.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime } from '../platform/graphql/scalars.js';
import { RoleEnum } from './user.entity.js';

@ObjectType('Invitation', {
  description: 'A seat kept for somebody who has no account yet.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('invitations')
export class Invitation {
  @Field(() => ID, { description: 'The id of the invitation, not its token.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  /** SHA-256 of the token in the link, which is kept nowhere. */
  @Column({ type: 'bytea' })
  hash!: Buffer;

  @Field(() => String, { description: 'Whom it is for.' })
  @Column({ type: 'text' })
  email!: string;

  @Field(() => RoleEnum, { description: 'The role that goes with it.' })
  @Column({ type: 'text' })
  role!: Role;

  @Column({ name: 'invited_by', type: 'text', collation: 'C' })
  invitedBy!: string;

  @Field(() => DateTime, { description: 'When it was made.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'Until when its link works.' })
  @Column({ name: 'expires_at', type: 'timestamptz', precision: 3 })
  expiresAt!: Date;
}
