import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Actor } from '../../platform/actor.js';
import { Costs, listInRow } from '../../platform/graphql/field-cost.js';
import { payloadType } from '../../platform/graphql/payload-type.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionType,
  type Connection,
} from '../../platform/graphql/relay-connection.js';
import { connectionPage } from '../../platform/page-request.js';
import { validate } from '../../platform/validate.js';
import { WebhookEndpoint } from './endpoint.entity.js';
import {
  CreateWebhookEndpoint,
  DeleteWebhookEndpoint,
  PauseWebhookEndpoint,
  ResumeWebhookEndpoint,
  RotateWebhookSecret,
  UpdateWebhookEndpoint,
} from './endpoint.input.js';
import type { WebhookEndpointService } from './endpoint.service.js';

const WebhookEndpointConnection = connectionType('WebhookEndpoint', WebhookEndpoint);

const webhookEndpoint = [WebhookEndpoint, 'The endpoint as it is now.'] as const;
const secret = [String, 'What deliveries are signed with: `whsec_…`. Shown here and never again.'] as const;
const withSecret = { webhookEndpoint, secret };
const CreateWebhookEndpointPayload = payloadType('CreateWebhookEndpointPayload', 'The new endpoint.', withSecret);
const RotateWebhookSecretPayload = payloadType(
  'RotateWebhookSecretPayload',
  'The endpoint and its new secret.',
  withSecret,
);
const UpdateWebhookEndpointPayload = payloadType('UpdateWebhookEndpointPayload', 'The changed endpoint.', {
  webhookEndpoint,
});
const PauseWebhookEndpointPayload = payloadType('PauseWebhookEndpointPayload', 'The paused endpoint.', {
  webhookEndpoint,
});
const ResumeWebhookEndpointPayload = payloadType('ResumeWebhookEndpointPayload', 'The resumed endpoint.', {
  webhookEndpoint,
});
const DeleteWebhookEndpointPayload = payloadType('DeleteWebhookEndpointPayload', 'What was deleted.', {
  id: [ID, 'The id it had.'],
  webhookEndpoint: [WebhookEndpoint, 'The endpoint as it was.'],
});

@Resolver(() => WebhookEndpoint)
export class WebhookEndpointResolver {
  constructor(private readonly endpoints: WebhookEndpointService) {}

  @Query(() => WebhookEndpoint, {
    name: 'webhookEndpoint',
    nullable: true,
    description: 'An endpoint by its id. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The endpoint id.' }) id: string,
  ): Promise<WebhookEndpoint> {
    return await this.endpoints.get(actor, id);
  }

  @Query(() => WebhookEndpointConnection, {
    name: 'webhookEndpoints',
    description: 'The endpoints of the workspace, newest first. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<WebhookEndpoint>> {
    const page = connectionPage(args, 'webhookEndpoint');
    return connectionOf(page, await this.endpoints.list(actor, page), () => this.endpoints.count(actor));
  }

  @Costs(listInRow)
  @FieldResolver(() => [String], {
    description: 'The names of the headers of yours that every delivery has; their values are shown to nobody.',
  })
  customHeaderNames(@Root() endpoint: WebhookEndpoint): string[] {
    return this.endpoints.customHeaderNames(endpoint);
  }

  @Mutation(() => CreateWebhookEndpointPayload, {
    description:
      'Registers an endpoint. `feature_not_available` (`webhooks`) where the plan has none, ' +
      '`plan_limit_exceeded` (`webhooks`) beyond 50. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async createWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateWebhookEndpoint.type, { description: 'The endpoint.' }) input: object,
  ): Promise<InstanceType<typeof CreateWebhookEndpointPayload>> {
    return await this.endpoints.create(actor, () => validate(CreateWebhookEndpoint, input, 'camelCase'));
  }

  @Mutation(() => UpdateWebhookEndpointPayload, {
    description:
      'Changes an endpoint. What is held or waits goes to the new URL. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async updateWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateWebhookEndpoint.type, { description: 'The changes.' })
    { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof UpdateWebhookEndpointPayload>> {
    const read = () => validate(UpdateWebhookEndpoint, input, 'camelCase');
    return { webhookEndpoint: await this.endpoints.update(actor, id, read) };
  }

  @Mutation(() => DeleteWebhookEndpointPayload, {
    description: 'Deletes an endpoint; what is open ends as SKIPPED. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async deleteWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DeleteWebhookEndpoint.type, { description: 'Which.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof DeleteWebhookEndpointPayload>> {
    return { id, webhookEndpoint: await this.endpoints.remove(actor, id) };
  }

  @Mutation(() => PauseWebhookEndpointPayload, {
    description:
      'Holds the events of an endpoint, for 30 days, until it is resumed. Needs `manage:webhooks`, or an Owner ' +
      'or Admin.',
  })
  async pauseWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => PauseWebhookEndpoint.type, { description: 'Which.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof PauseWebhookEndpointPayload>> {
    return { webhookEndpoint: await this.endpoints.pause(actor, id) };
  }

  @Mutation(() => ResumeWebhookEndpointPayload, {
    description:
      'Sends what is held, the oldest alone at first, then the others in order. `feature_not_available` ' +
      '(`webhooks`) where the plan has none. Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async resumeWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => ResumeWebhookEndpoint.type, { description: 'Which, and how.' })
    { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof ResumeWebhookEndpointPayload>> {
    const read = () => validate(ResumeWebhookEndpoint, input, 'camelCase');
    return { webhookEndpoint: await this.endpoints.resume(actor, id, read) };
  }

  @Mutation(() => RotateWebhookSecretPayload, {
    description:
      'Gives an endpoint a new secret. `conflict` (`too_many_secrets`) where ten secrets of it sign already. ' +
      'Needs `manage:webhooks`, or an Owner or Admin.',
  })
  async rotateWebhookSecret(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => RotateWebhookSecret.type, { description: 'Which, and how.' })
    { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof RotateWebhookSecretPayload>> {
    return await this.endpoints.rotateSecret(actor, id, () => validate(RotateWebhookSecret, input, 'camelCase'));
  }
}
