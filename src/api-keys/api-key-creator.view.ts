import { Field, ID, ObjectType } from 'type-graphql';
import { enumType, type ValueOf } from '../platform/graphql/enum-type.js';
import type { ApiKey } from './api-key.entity.js';

const CreatorKind = enumType('ApiKeyCreatorKind', 'Who can make a key.', {
  PERSON: ['person', 'A person of the workspace, who may be removed since.'],
  OPERATOR: ['operator', 'Whoever runs the server, by its command line.'],
});

@ObjectType('ApiKeyCreator', { description: 'Who made a key.', simpleResolvers: true })
export class ApiKeyCreator {
  @Field(() => CreatorKind, { description: 'A person, or the operator.' })
  kind!: ValueOf<typeof CreatorKind>;

  @Field(() => ID, { nullable: true, description: "The person's id, removed since or not; null for the operator." })
  id!: string | null;

  @Field(() => String, { description: 'The name the person had; `Operator` for the operator.' })
  name!: string;
}

export const creatorOf = ({ createdBy: id, createdByName }: ApiKey): ApiKeyCreator =>
  id === null ? { kind: 'operator', id: null, name: 'Operator' } : { kind: 'person', id, name: createdByName ?? '' };
