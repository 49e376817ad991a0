import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { DateTime } from '../platform/graphql/scalars.js';

@ObjectType('Session', {
  description: 'One sign-in of a person, in one browser. It is gone when it ends.',
  simpleResolvers: true,
})
@Entity('sessions')
export class Session {
  @Field(() => ID, { description: 'The id of the session, which opens nothing.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  /** SHA-256 of the token in the cookie. Its 256 random bits need no slow hash. */
  @Column({ type: 'bytea' })
  hash!: Buffer;

  @Column({ name: 'user_id', type: 'text', collation: 'C' })
  userId!: string;

  @Field(() => DateTime, { description: 'When it was begun.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When it was last used; noted once a minute at most.' })
  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3 })
  lastUsedAt!: Date;

  @Field(() => String, { nullable: true, description: 'The address it was begun from, where that is known.' })
  @Column({ type: 'text', nullable: true })
  address!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'How the browser that began it names itself, at most 400 characters, where that is known.',
  })
  @Column({ name: 'user_agent', type: 'text', nullable: true })
  userAgent!: string | null;
}
