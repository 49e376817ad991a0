import { Field, Float, Int, ObjectType } from 'type-graphql';
import { DateTime } from '../platform/graphql/scalars.js';

/** What a workspace uses: later rooms add fields for what they count. */
@ObjectType('WorkspaceUsage', { description: 'What is in use of what the plan limits.', simpleResolvers: true })
export class WorkspaceUsage {
  workspaceId!: string;

  @Field(() => Int, { description: 'Submissions of this calendar month (UTC), test ones aside.' })
  submissionsThisMonth!: number;

  @Field(() => Float, {
    description: 'Bytes of everything that is kept, events included, as they lie on disk; measured by the hour.',
  })
  storedBytes!: number;

  @Field(() => DateTime, { nullable: true, description: 'When the bytes were measured; null: not yet.' })
  storedMeasuredAt!: Date | null;
}
