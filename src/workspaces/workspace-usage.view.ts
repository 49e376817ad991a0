import { Field, Int, ObjectType } from 'type-graphql';

/** Later rooms add what they count. */
@ObjectType('WorkspaceUsage', { description: 'What is in use of what the plan limits.', simpleResolvers: true })
export class WorkspaceUsage {
  workspaceId!: string;

  @Field(() => Int, { description: 'Submissions of this calendar month (UTC), test ones aside.' })
  submissionsThisMonth!: number;
}
