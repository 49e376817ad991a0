import { Arg, Args, Ctx, Field, FieldResolver, ID, InputType, ObjectType, Query, Resolver, Root } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { ConnectionArgs, connectionOf, DateTimeRange, type Connection } from '../platform/graphql/relay-connection.js';
import { bulky, Costs, listInRow } from '../platform/graphql/field-cost.js';
import { connectionPage } from '../platform/page-request.js';
import { JSONObject } from '../platform/graphql/scalars.js';
import { eventSchemas } from './event-schema.view.js';
import { exampleEvent } from './example.view.js';
import { describeEventType, eventTypes, EventTypeScalar, type EventType } from './event-type.js';
import { EventEntity, EventConnection } from './event.entity.js';
import type { EventFilter, EventService, ListedEvent } from './event.service.js';

@InputType('EventFilter', { description: 'Which events to list.' })
class EventFilterInput implements EventFilter {
  @Field(() => [EventTypeScalar], { nullable: true, description: 'Of one of these types.' })
  type?: EventType[] | null;

  @Field(() => ID, { nullable: true, description: 'Of this object.' })
  subjectId?: string | null;

  @Field(() => DateTimeRange, { nullable: true, description: 'Happened within.' })
  createdAt?: DateTimeRange | null;
}

@ObjectType('EventTypeInfo', { description: 'A type of event.', simpleResolvers: true })
class EventTypeInfo {
  @Field(() => EventTypeScalar, { description: 'Its name.' })
  type!: EventType;

  @Field(() => String, { description: 'When it fires.' })
  description!: string;

  @Costs(bulky)
  @Field(() => JSONObject, { description: 'Such an event as an endpoint would get it, about nobody.' })
  example!: Record<string, unknown>;

  @Costs(bulky)
  @Field(() => JSONObject, {
    description: 'What such an event says, as JSON Schema (2020-12); a `payloadQuery` selects of its `data`.',
  })
  schema!: Record<string, unknown>;
}

@Resolver(() => EventEntity)
export class EventResolver {
  constructor(private readonly eventLog: EventService) {}

  @Costs(listInRow)
  @Query(() => [EventTypeInfo], { description: 'What a subscriber may listen to.' })
  eventTypes(@Ctx('actor') _actor: Actor): EventTypeInfo[] {
    return eventTypes.map((type) => ({
      type,
      description: describeEventType[type],
      example: exampleEvent(type),
      schema: eventSchemas[type],
    }));
  }

  @Query(() => EventEntity, {
    name: 'event',
    nullable: true,
    description: 'An event by its id. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The event id.' }) id: string,
  ): Promise<ListedEvent> {
    return await this.eventLog.get(actor, id);
  }

  @Query(() => EventConnection, {
    name: 'events',
    description:
      'What happened, the last first, in the order of fan-out: with `last` and `before`, nothing is ever ' +
      'skipped. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => EventFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: EventFilterInput | null,
  ): Promise<Connection<ListedEvent>> {
    const page = connectionPage(args, 'event');
    return connectionOf(page, await this.eventLog.list(actor, filter ?? {}, page), () =>
      this.eventLog.count(actor, filter ?? {}),
    );
  }

  @Costs(bulky)
  @FieldResolver(() => JSONObject, {
    nullable: true,
    description:
      'What subscribers were sent, frozen when it happened: `id`, `type`, `created_at` and `data`, as `eventTypes` ' +
      'describes it. Needs the read scope of the object inside, too.',
  })
  async payload(
    @Root() { id, type }: Pick<EventEntity, 'id' | 'type'>,
    @Ctx() context: OperationContext,
  ): Promise<Record<string, unknown> | null> {
    this.eventLog.requirePayload(context.actor, type);
    const found = await context.load('event body', id, (actor, ids) => this.eventLog.bodies(actor, ids));
    return found === null ? null : (JSON.parse(found.body) as Record<string, unknown>);
  }
}
