import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../platform/actor.js';
import { enumType } from '../platform/graphql/enum-type.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime } from '../platform/graphql/scalars.js';

export const RoleEnum = enumType('Role', 'What a person may do in the workspace.', {
  OWNER: ['OWNER', 'Everything.'],
  ADMIN: ['ADMIN', 'Everything but transferring or deleting the workspace.'],
  MEMBER: ['MEMBER', 'Read, manage contacts and update submissions.'],
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
