import { Field, ObjectType } from 'type-graphql';
import type { Actor, Role, Scope } from '../platform/actor.js';
import { Costs, listInRow } from '../platform/graphql/field-cost.js';
import { ScopeScalar } from '../platform/graphql/scalars.js';
import { RoleEnum } from './user.entity.js';

@ObjectType('Viewer', { description: 'Who calls: a person or a key.', simpleResolvers: true })
export class Viewer {
  actor!: Actor;

  @Field(() => RoleEnum, { nullable: true, description: "The person's role; null for a key." })
  role!: Role | null;

  @Costs(listInRow)
  @Field(() => [ScopeScalar], { nullable: true, description: "The key's scopes; null for a person." })
  scopes!: readonly Scope[] | null;
}

export const viewerOf = (actor: Actor): Viewer => ({ actor, role: actor.role, scopes: actor.scopes });
