import { Field, ObjectType } from 'type-graphql';
import { User } from './user.entity.js';

@ObjectType('RemoveMemberPayload', { description: 'The removed member.', simpleResolvers: true })
export class RemovedMember {
  @Field(() => User, { description: 'The person as they were.' })
  member!: User;
}
