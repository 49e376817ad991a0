import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Actor } from '../../platform/actor.js';
import type { OperationContext } from '../../platform/graphql/operation-context.js';
import { payloadType } from '../../platform/graphql/payload-type.js';
import { ConnectionArgs, connectionOf, type Connection } from '../../platform/graphql/relay-connection.js';
import { connectionPage } from '../../platform/page-request.js';
import { validate } from '../../platform/validate.js';
import { Replay, ReplayConnection } from './replay.entity.js';
import { CancelReplay, StartReplay } from './replay.input.js';
import type { ReplayService } from './replay.service.js';
import { WebhookEndpoint } from '../endpoints/endpoint.entity.js';
import type { WebhookEndpointService } from '../endpoints/endpoint.service.js';

const replay = [Replay, 'The replay as it is now.'] as const;
const StartReplayPayload = payloadType('StartReplayPayload', 'The new replay.', { replay });
const CancelReplayPayload = payloadType('CancelReplayPayload', 'The stopped replay.', { replay });

@Resolver(() => Replay)
export class ReplayResolver {
  constructor(
    private readonly replays: ReplayService,
    private readonly endpoints: WebhookEndpointService,
  ) {}

  @Query(() => Replay, {
    name: 'replay',
    nullable: true,
    description: 'A replay by its id. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The replay id.' }) id: string,
  ): Promise<Replay> {
    return await this.replays.get(actor, id);
  }

  @Query(() => ReplayConnection, {
    name: 'replays',
    description: 'The replays of the workspace, newest first. Needs `manage:webhooks`, or an Owner or Admin.',
  })
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
    @Ctx() context: OperationContext,
  ): Promise<WebhookEndpoint | null> {
    return await context.load('webhookEndpoint', endpointId, (actor, ids) => this.endpoints.getMany(actor, ids));
  }

  @Mutation(() => StartReplayPayload, {
    description:
      'Sends events of a range of time once more, the oldest first, as new deliveries. `conflict` ' +
      '(`replay_running`) while another replay of the endpoint runs. Needs `manage:webhooks` and the read ' +
      'scopes of all that the endpoint listens to, or an Owner or Admin.',
  })
  async startReplay(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => StartReplay.type, { description: 'Which events, and where to.' })
    { endpointId, ...input }: { endpointId: string },
  ): Promise<InstanceType<typeof StartReplayPayload>> {
    return { replay: await this.replays.start(actor, endpointId, () => validate(StartReplay, input, 'camelCase')) };
  }

  @Mutation(() => CancelReplayPayload, {
    description:
      'Stops a replay; what was made stays. One that has ended stays as it is. Needs `manage:webhooks`, or an ' +
      'Owner or Admin.',
  })
  async cancelReplay(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CancelReplay.type, { description: 'Which.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof CancelReplayPayload>> {
    return { replay: await this.replays.cancel(actor, id) };
  }
}
