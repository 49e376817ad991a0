import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../platform/actor.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime } from '../platform/graphql/scalars.js';

export const RoleEnum = { OWNER: 'OWNER', ADMIN: 'ADMIN', MEMBER: 'MEMBER' } as const;
registerEnumType(RoleEnum, {
  name: 'Role',
  description: 'What a person may do in the workspace.',
  valuesConfig: {
    OWNER: { description: 'Everything.' },
    ADMIN: { description: 'Everything but transferring or deleting the workspace.' },
    MEMBER: { description: 'Read, manage contacts and update submissions.' },
  },
});

@ObjectType('User', { description: 'A person in a workspace.', simpleResolvers: true, implements: Node })
@Entity('users')
export class User {
  @Field(() => ID, { description: 'The user id.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => String, { description: 'The e-mail address, in lower case; one account has it.' })
  @Column({ type: 'text' })
  email!: string;

  @Field(() => String, { description: 'The name others see.' })
  @Column({ type: 'text' })
  name!: string;

  @Column({ name: 'password_hash', type: 'text' })
  passwordHash!: string;

  @Field(() => RoleEnum, { description: 'What this person may do.' })
  @Column({ type: 'text' })
  role!: Role;

  @Field(() => DateTime, { description: 'When the account was created.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz', precision: 3 })
  updatedAt!: Date;
}
