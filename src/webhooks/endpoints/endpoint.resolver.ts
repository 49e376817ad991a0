import { Arg, Args, Ctx, Field, ID, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { Actor } from '../../platform/actor.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionType,
  type Connection,
} from '../../platform/graphql/relay-connection.js';
import { connectionPage } from '../../platform/postgres/keyset-page.js';
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

@Resolver(() => WebhookEndpoint)
export class WebhookEndpointResolver {
  constructor(private readonly endpoints: WebhookEndpointService) {}

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

  @Mutation(() => CreateWebhookEndpointPayload, { description: 'Registers an endpoint.' })
  async createWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateWebhookEndpoint.type, { description: 'The endpoint.' }) input: object,
  ): Promise<CreateWebhookEndpointPayload> {
    return await this.endpoints.create(actor, () => validate(CreateWebhookEndpoint, input, 'camelCase'));
  }

  @Mutation(() => UpdateWebhookEndpointPayload, { description: 'Changes an endpoint.' })
  async updateWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateWebhookEndpoint.type, { description: 'The changes.' })
    { id, ...input }: { id: string },
  ): Promise<UpdateWebhookEndpointPayload> {
    const read = () => validate(UpdateWebhookEndpoint, input, 'camelCase');
    return { webhookEndpoint: await this.endpoints.update(actor, id, read) };
  }

  @Mutation(() => DeleteWebhookEndpointPayload, { description: 'Deletes an endpoint; what is open ends as skipped.' })
  async deleteWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DeleteWebhookEndpoint.type, { description: 'Which.' }) { id }: { id: string },
  ): Promise<DeleteWebhookEndpointPayload> {
    return await this.endpoints.remove(actor, id);
  }

  @Mutation(() => PauseWebhookEndpointPayload, { description: 'Holds the events of an endpoint.' })
  async pauseWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => PauseWebhookEndpoint.type, { description: 'Which.' }) { id }: { id: string },
  ): Promise<PauseWebhookEndpointPayload> {
    return { webhookEndpoint: await this.endpoints.pause(actor, id) };
  }

  @Mutation(() => ResumeWebhookEndpointPayload, {
    description: 'Sends what is held, the oldest alone at first, then the others in order.',
  })
  async resumeWebhookEndpoint(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => ResumeWebhookEndpoint.type, { description: 'Which, and how.' })
    { id, ...input }: { id: string },
  ): Promise<ResumeWebhookEndpointPayload> {
    const read = () => validate(ResumeWebhookEndpoint, input, 'camelCase');
    return { webhookEndpoint: await this.endpoints.resume(actor, id, read) };
  }

  @Mutation(() => RotateWebhookSecretPayload, { description: 'Gives an endpoint a new secret.' })
  async rotateWebhookSecret(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => RotateWebhookSecret.type, { description: 'Which, and how.' })
    { id, ...input }: { id: string },
  ): Promise<RotateWebhookSecretPayload> {
    return await this.endpoints.rotateSecret(actor, id, () => validate(RotateWebhookSecret, input, 'camelCase'));
  }
}
