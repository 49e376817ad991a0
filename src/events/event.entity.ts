import { Field, ID, ObjectType } from 'type-graphql';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { connectionType } from '../platform/graphql/relay-connection.js';
import { Node } from '../platform/graphql/node.js';
import { DateTime } from '../platform/graphql/scalars.js';
import { EventTypeScalar, type EventType } from './event-type.js';

@ObjectType('Event', {
  description: 'Something that happened, as it was then.',
  simpleResolvers: true,
  implements: Node,
})
@Entity('events', { synchronize: false })
export class EventEntity {
  @Field(() => ID, { description: 'The event id, `evt_…`: the same over all deliveries, retries and replays.' })
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  @Column({ name: 'workspace_id', type: 'text', collation: 'C' })
  workspaceId!: string;

  @Field(() => EventTypeScalar, { description: 'What happened.' })
  @Column({ type: 'text' })
  type!: EventType;

  /** The object it happened to. */
  @Column({ name: 'subject_id', type: 'text', collation: 'C' })
  subjectId!: string;

  /** The JSON text that goes out, byte for byte. */
  @Column({ type: 'text' })
  body!: string;

  @Field(() => DateTime, { description: 'When it happened.' })
  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;
}

export const EventConnection = connectionType('Event', EventEntity);
