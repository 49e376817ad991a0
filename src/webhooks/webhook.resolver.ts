import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  ID,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import { Event } from '../events/event.entity.js';
import type { EventService, ListedEvent } from '../events/event.service.js';
import type { Actor } from '../platform/actor.js';
import type { CallContext } from '../platform/call-context.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionType,
  connectionUnder,
  type Connection,
} from '../platform/connection.js';
import { connectionPage } from '../platform/page.js';
import { validate } from '../platform/validate.js';
import { Replay, ReplayConnection } from './replay.entity.js';
import { StartReplay } from './replay.input.js';
import type { ReplayService } from './replay.service.js';
import { WebhookAttempt, WebhookDelivery, WebhookDeliveryConnection } from './webhook-delivery.entity.js';
import type { WebhookDeliveryService } from './webhook-delivery.service.js';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';
import {
  CreateWebhookEndpoint,
  ResumeWebhookEndpoint,
  RotateWebhookSecret,
  SendTestEvent,
  UpdateWebhookEndpoint,
} from './webhook-endpoint.input.js';
import type { WebhookEndpointService } from './webhook-endpoint.service.js';
import {
  CancelReplayInput,
  CreateWebhookEndpointInput,
  DeleteWebhookEndpointInput,
  PauseWebhookEndpointInput,
  RedeliverInput,
  ResumeWebhookEndpointInput,
  RotateWebhookSecretInput,
  SendTestEventInput,
  StartReplayInput,
  UpdateWebhookEndpointInput,
  WebhookDeliveryFilterInput,
} from './webhook.input-types.js';

const WebhookEndpointConnection = connectionType('WebhookEndpoint', WebhookEndpoint);

@ObjectType()
abstract class WebhookEndpointPayload {
  @Field(() => WebhookEndpoint, { description: 'The endpoint as it is now.' })
  webhookEndpoint!: WebhookEndpoint;
}

@ObjectType()
abstract class WithSecretPayload extends WebhookEndpointPayload {
  @Field(() => String, { description: 'What deliveries are signed with: `whsec_…`. Shown here and never again.' })
  secret!: string;
}

@ObjectType('CreateWebhookEndpointPayload', { description: 'The new endpoint.', simpleResolvers: true })
class CreateWebhookEndpointPayload extends WithSecretPayload {}

@ObjectType('RotateWebhookSecretPayload', { description: 'The endpoint and its new secret.', simpleResolvers: true })
class RotateWebhookSecretPayload extends WithSecretPayload {}

@ObjectType('UpdateWebhookEndpointPayload', { description: 'The changed endpoint.', simpleResolvers: true })
class UpdateWebhookEndpointPayload extends WebhookEndpointPayload {}

@ObjectType('PauseWebhookEndpointPayload', { description: 'The paused endpoint.', simpleResolvers: true })
class PauseWebhookEndpointPayload extends WebhookEndpointPayload {}

@ObjectType('ResumeWebhookEndpointPayload', { description: 'The resumed endpoint.', simpleResolvers: true })
class ResumeWebhookEndpointPayload extends WebhookEndpointPayload {}

@ObjectType('DeleteWebhookEndpointPayload', { description: 'What was deleted.', simpleResolvers: true })
class DeleteWebhookEndpointPayload {
  @Field(() => ID, { description: 'The id it had.' })
  id!: string;
}

@ObjectType('SendTestEventPayload', { description: 'What came of it.', simpleResolvers: true })
class SendTestEventPayload {
  @Field(() => WebhookAttempt, { description: 'The whole attempt.' })
  attempt!: WebhookAttempt;
}

@ObjectType('RedeliverPayload', { description: 'What was made.', simpleResolvers: true })
class RedeliverPayload {
  @Field(() => WebhookDelivery, { description: 'The new delivery of the same event.' })
  webhookDelivery!: WebhookDelivery;
}

@ObjectType()
abstract class ReplayPayload {
  @Field(() => Replay, { description: 'The replay as it is now.' })
  replay!: Replay;
}

@ObjectType('StartReplayPayload', { description: 'The new replay.', simpleResolvers: true })
class StartReplayPayload extends ReplayPayload {}

@ObjectType('CancelReplayPayload', { description: 'The stopped replay.', simpleResolvers: true })
class CancelReplayPayload extends ReplayPayload {}

@Resolver(() => WebhookEndpoint)
export class WebhookEndpointResolver {
  constructor(
    private readonly endpoints: WebhookEndpointService,
    private readonly deliveries: WebhookDeliveryService,
  ) {}

  @Query(() => WebhookEndpoint, { name: 'webhookEndpoint', nullable: true, description: 'An endpoint by its id.' })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The endpoint id.' }) id: string,
  ): Promise<WebhookEndpoint> {
    return await this.endpoints.get(actor, id);
  }

  @Query(() => WebhookEndpointConnection, {
    name: 'webhookEndpoints',
    description: 'The endpoints of the workspace, newest first.',
  })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<WebhookEndpoint>> {
    const page = connectionPage(args, 'webhookEndpoint');
    return connectionOf(page, await this.endpoints.list(actor, page), () => this.endpoints.count(actor));
  }

  @FieldResolver(() => Int, { description: 'How many deliveries wait until it is resumed.' })
  async heldCount(@Root() { id }: Pick<WebhookEndpoint, 'id'>, @Ctx() context: CallContext): Promise<number> {
    const counts = (actor: Actor, ids: readonly string[]) => this.deliveries.heldCounts(actor, ids);
    return (await context.loadFor('WebhookEndpoint.heldCount', id, counts)) ?? 0;
  }

  @FieldResolver(() => WebhookDeliveryConnection, {
    name: 'deliveries',
    description: 'What was sent to it, or will be.',
  })
  async deliveriesOf(
    @Root() { id }: Pick<WebhookEndpoint, 'id'>,
    @Ctx() context: CallContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<WebhookDelivery>> {
    return await connectionUnder(context, id, args, {
      field: 'WebhookEndpoint.deliveries',
      kind: 'webhookDelivery',
      pages: (actor, ids, page) => this.deliveries.pagesOfEndpoints(actor, ids, page),
      counts: (actor, ids) => this.deliveries.countsOfEndpoints(actor, ids),
    });
  }

  @Mutation(() => CreateWebhookEndpointPayload, { description: 'Registers an endpoint.' })
  async createWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateWebhookEndpointInput, { description: 'The endpoint.' }) input: CreateWebhookEndpointInput,
  ): Promise<CreateWebhookEndpointPayload> {
    return await this.endpoints.create(actor, () => validate(CreateWebhookEndpoint, input, 'camelCase'));
  }

  @Mutation(() => UpdateWebhookEndpointPayload, { description: 'Changes an endpoint.' })
  async updateWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateWebhookEndpointInput, { description: 'The changes.' })
    { id, ...input }: UpdateWebhookEndpointInput,
  ): Promise<UpdateWebhookEndpointPayload> {
    const read = () => validate(UpdateWebhookEndpoint, input, 'camelCase');
    return { webhookEndpoint: await this.endpoints.update(actor, id, read) };
  }

  @Mutation(() => DeleteWebhookEndpointPayload, { description: 'Deletes an endpoint; what is open ends as skipped.' })
  async deleteWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DeleteWebhookEndpointInput, { description: 'Which.' }) { id }: DeleteWebhookEndpointInput,
  ): Promise<DeleteWebhookEndpointPayload> {
    return await this.endpoints.remove(actor, id);
  }

  @Mutation(() => PauseWebhookEndpointPayload, { description: 'Holds the events of an endpoint.' })
  async pauseWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => PauseWebhookEndpointInput, { description: 'Which.' }) { id }: PauseWebhookEndpointInput,
  ): Promise<PauseWebhookEndpointPayload> {
    return { webhookEndpoint: await this.endpoints.pause(actor, id) };
  }

  @Mutation(() => ResumeWebhookEndpointPayload, {
    description: 'Sends what is held, the oldest alone at first, then the others in order.',
  })
  async resumeWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => ResumeWebhookEndpointInput, { description: 'Which, and how.' })
    { id, ...input }: ResumeWebhookEndpointInput,
  ): Promise<ResumeWebhookEndpointPayload> {
    const read = () => validate(ResumeWebhookEndpoint, input, 'camelCase');
    return { webhookEndpoint: await this.endpoints.resume(actor, id, read) };
  }

  @Mutation(() => RotateWebhookSecretPayload, { description: 'Gives an endpoint a new secret.' })
  async rotateWebhookSecret(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => RotateWebhookSecretInput, { description: 'Which, and how.' })
    { id, ...input }: RotateWebhookSecretInput,
  ): Promise<RotateWebhookSecretPayload> {
    return await this.endpoints.rotateSecret(actor, id, () => validate(RotateWebhookSecret, input, 'camelCase'));
  }

  @Mutation(() => SendTestEventPayload, { description: 'Posts an example at once; ten a minute at most.' })
  async sendTestEvent(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => SendTestEventInput, { description: 'Where, and of which type.' })
    { endpointId, ...input }: SendTestEventInput,
  ): Promise<SendTestEventPayload> {
    const read = () => validate(SendTestEvent, input, 'camelCase');
    return { attempt: await this.endpoints.sendTestEvent(actor, endpointId, read) };
  }
}

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryResolver {
  constructor(
    private readonly deliveries: WebhookDeliveryService,
    private readonly endpoints: WebhookEndpointService,
    private readonly events: EventService,
  ) {}

  @Query(() => WebhookDelivery, { name: 'webhookDelivery', nullable: true, description: 'A delivery by its id.' })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The delivery id.' }) id: string,
  ): Promise<WebhookDelivery> {
    return await this.deliveries.get(actor, id);
  }

  @Query(() => WebhookDeliveryConnection, {
    name: 'webhookDeliveries',
    description: 'The deliveries of the workspace, newest first; finished ones for 30 days.',
  })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => WebhookDeliveryFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: WebhookDeliveryFilterInput | null,
  ): Promise<Connection<WebhookDelivery>> {
    const page = connectionPage(args, 'webhookDelivery');
    return connectionOf(page, await this.deliveries.list(actor, filter ?? {}, page), () =>
      this.deliveries.count(actor, filter ?? {}),
    );
  }

  @FieldResolver(() => Event, { nullable: true, description: 'What it tells of.' })
  async event(
    @Root() { eventId }: Pick<WebhookDelivery, 'eventId'>,
    @Ctx() context: CallContext,
  ): Promise<ListedEvent | null> {
    return await context.load('event', eventId, (actor, ids) => this.events.getMany(actor, ids));
  }

  @FieldResolver(() => WebhookEndpoint, {
    nullable: true,
    description: 'Where it goes; a deleted one too, for a while.',
  })
  async endpoint(
    @Root() { endpointId }: Pick<WebhookDelivery, 'endpointId'>,
    @Ctx() context: CallContext,
  ): Promise<WebhookEndpoint | null> {
    return await context.load('webhookEndpoint', endpointId, (actor, ids) => this.endpoints.getMany(actor, ids));
  }

  @FieldResolver(() => [WebhookAttempt], { description: 'Its attempts, the first one first.' })
  async attempts(
    @Root() { id, endpointId }: Pick<WebhookDelivery, 'id' | 'endpointId'>,
    @Ctx() context: CallContext,
  ): Promise<WebhookAttempt[]> {
    const found = await context.loadFor('WebhookDelivery.attempts', `${endpointId} ${id}`, async (actor, keys) => {
      const deliveries = keys.map((key) => ({ endpointId: key.split(' ')[0] ?? '', id: key.split(' ')[1] ?? '' }));
      const attempts = await this.deliveries.attempts(actor, deliveries);
      return new Map(keys.map((key) => [key, attempts.get(key.split(' ')[1] ?? '') ?? []]));
    });
    return found ?? [];
  }

  @Mutation(() => RedeliverPayload, { description: 'Sends the same event once more: the same id and bytes.' })
  async redeliver(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => RedeliverInput, { description: 'Which.' }) { deliveryId }: RedeliverInput,
  ): Promise<RedeliverPayload> {
    return { webhookDelivery: await this.deliveries.redeliver(actor, deliveryId) };
  }
}

@Resolver(() => WebhookAttempt)
export class WebhookAttemptResolver {
  constructor(private readonly deliveries: WebhookDeliveryService) {}

  @FieldResolver(() => String, {
    nullable: true,
    description: 'The first 16 KiB of the answer. Needs the read scope of the object inside the event, too.',
  })
  responseBody(
    @Root() attempt: Pick<WebhookAttempt, 'answer' | 'eventType'>,
    @Ctx('actor') actor: Actor,
  ): string | null {
    return this.deliveries.responseBody(actor, attempt);
  }
}

/** `Event.deliveries`: the forward view of an earlier room's type. */
@Resolver(() => Event)
export class EventDeliveries {
  constructor(private readonly deliveries: WebhookDeliveryService) {}

  @FieldResolver(() => WebhookDeliveryConnection, {
    name: 'deliveries',
    description: 'Its deliveries, to all endpoints.',
  })
  async deliveriesOf(
    @Root() { id }: Pick<Event, 'id'>,
    @Ctx() context: CallContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<WebhookDelivery>> {
    return await connectionUnder(context, id, args, {
      field: 'Event.deliveries',
      kind: 'webhookDelivery',
      pages: (actor, ids, page) => this.deliveries.pagesOfEvents(actor, ids, page),
      counts: (actor, ids) => this.deliveries.countsOfEvents(actor, ids),
    });
  }
}

@Resolver(() => Replay)
export class ReplayResolver {
  constructor(
    private readonly replays: ReplayService,
    private readonly endpoints: WebhookEndpointService,
  ) {}

  @Query(() => Replay, { name: 'replay', nullable: true, description: 'A replay by its id.' })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The replay id.' }) id: string,
  ): Promise<Replay> {
    return await this.replays.get(actor, id);
  }

  @Query(() => ReplayConnection, { name: 'replays', description: 'The replays of the workspace, newest first.' })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<Replay>> {
    const page = connectionPage(args, 'replay');
    return connectionOf(page, await this.replays.list(actor, page), () => this.replays.count(actor));
  }

  @FieldResolver(() => WebhookEndpoint, { nullable: true, description: 'Where it sends to.' })
  async endpoint(
    @Root() { endpointId }: Pick<Replay, 'endpointId'>,
    @Ctx() context: CallContext,
  ): Promise<WebhookEndpoint | null> {
    return await context.load('webhookEndpoint', endpointId, (actor, ids) => this.endpoints.getMany(actor, ids));
  }

  @Mutation(() => StartReplayPayload, { description: 'Sends events of a range of time once more; one at a time.' })
  async startReplay(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => StartReplayInput, { description: 'Which events, and where to.' })
    { endpointId, ...input }: StartReplayInput,
  ): Promise<StartReplayPayload> {
    return { replay: await this.replays.start(actor, endpointId, () => validate(StartReplay, input, 'camelCase')) };
  }

  @Mutation(() => CancelReplayPayload, { description: 'Stops a replay; what was made stays.' })
  async cancelReplay(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CancelReplayInput, { description: 'Which.' }) { id }: CancelReplayInput,
  ): Promise<CancelReplayPayload> {
    return { replay: await this.replays.cancel(actor, id) };
  }
}
