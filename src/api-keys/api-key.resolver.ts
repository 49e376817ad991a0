import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Query, Resolver, Root } from 'type-graphql';
import { RemovedMember } from '../accounts/removed-member.view.js';
import { Viewer } from '../accounts/viewer.view.js';
import type { Actor } from '../platform/actor.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import { ConnectionArgs, connectionOf, connectionType, type Connection } from '../platform/graphql/relay-connection.js';
import { Costs, partOfRow } from '../platform/graphql/field-cost.js';
import { connectionPage } from '../platform/page-request.js';
import { validate } from '../platform/validate.js';
import { WorkspaceUsage } from '../workspaces/workspace-usage.view.js';
import { ApiKeyCreator, creatorOf } from './api-key-creator.view.js';
import { ApiKey } from './api-key.entity.js';
import { CreateApiKey, RevokeApiKey, RotateApiKey } from './api-key.input.js';
import type { ApiKeyService } from './api-key.service.js';

const ApiKeyConnection = connectionType('ApiKey', ApiKey);

const apiKey = [ApiKey, 'The key as it is now.'] as const;
const secret = [String, 'The key itself, shown this once.'] as const;
const CreateApiKeyPayload = payloadType('CreateApiKeyPayload', 'The new key.', { apiKey, secret });
const RotateApiKeyPayload = payloadType('RotateApiKeyPayload', 'The key with its new secret.', { apiKey, secret });
const RevokeApiKeyPayload = payloadType('RevokeApiKeyPayload', 'The revoked key.', {
  apiKey: [ApiKey, 'The key as it is now.'],
});

@Resolver(() => ApiKey)
export class ApiKeyResolver {
  constructor(private readonly apiKeys: ApiKeyService) {}

  @Query(() => ApiKeyConnection, {
    name: 'apiKeys',
    description: 'The keys of the workspace, ended ones too, newest first. For Owners and Admins.',
  })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<ApiKey>> {
    actor.requireRole('ADMIN');
    const page = connectionPage(args, 'apiKey');
    return connectionOf(page, await this.apiKeys.list(actor, page), async () => this.apiKeys.count(actor));
  }

  @Costs(partOfRow)
  @FieldResolver(() => ApiKeyCreator, { description: 'Who made it; it stays when the person is removed.' })
  createdBy(@Root() key: ApiKey): ApiKeyCreator {
    return creatorOf(key);
  }

  @Mutation(() => CreateApiKeyPayload, {
    description:
      'Makes a key. `plan_limit_exceeded` (`api_keys`) beyond those of the plan, `rate_limit_exceeded` where ' +
      '30 were made or rotated in the workspace within an hour. For Owners and Admins.',
  })
  async createApiKey(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateApiKey.type, { description: 'The key.' }) input: object,
  ): Promise<InstanceType<typeof CreateApiKeyPayload>> {
    return await this.apiKeys.create(actor, () => validate(CreateApiKey, input, 'camelCase'));
  }

  @Mutation(() => RotateApiKeyPayload, {
    description:
      'Gives a key a new secret. `conflict` (`api_key_ended`) of one that is no more, and (`too_many_secrets`) ' +
      'where five earlier ones still work; `rate_limit_exceeded` where 30 were made or rotated in the ' +
      'workspace within an hour. For Owners and Admins.',
  })
  async rotateApiKey(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => RotateApiKey.type, { description: 'Which one.' }) { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof RotateApiKeyPayload>> {
    return await this.apiKeys.rotate(actor, id, () => validate(RotateApiKey, input, 'camelCase'));
  }

  @Mutation(() => RevokeApiKeyPayload, {
    description: 'Ends a key and all its secrets, in every process. For Owners and Admins.',
  })
  async revokeApiKey(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => RevokeApiKey.type, { description: 'Which one.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof RevokeApiKeyPayload>> {
    return { apiKey: await this.apiKeys.revoke(actor, id) };
  }
}

/** The forward view of a viewer. */
@Resolver(() => Viewer)
export class ViewerApiKey {
  constructor(private readonly apiKeys: ApiKeyService) {}

  @FieldResolver(() => ApiKey, { nullable: true, description: 'The key; null for a person.' })
  async apiKey(@Root() { actor }: Viewer): Promise<ApiKey | null> {
    return await this.apiKeys.ownOf(actor);
  }
}

/** The forward view of a removal. */
@Resolver(() => RemovedMember)
export class RemovedMemberApiKeys {
  constructor(private readonly apiKeys: ApiKeyService) {}

  // As many as the largest plan has.
  @Costs({ flat: 10 })
  @FieldResolver(() => [ApiKey], {
    description:
      'Keys that the person made or rotated and that go on working: whoever was shown a secret may have kept it. ' +
      'Revoke what only this person used, rotate the rest.',
  })
  async apiKeysMade(@Root() { member }: RemovedMember, @Ctx('actor') actor: Actor): Promise<ApiKey[]> {
    return await this.apiKeys.madeBy(actor, member.id);
  }
}

/** The forward view of a workspace. */
@Resolver(() => WorkspaceUsage)
export class WorkspaceUsageApiKeys {
  constructor(private readonly apiKeys: ApiKeyService) {}

  @FieldResolver(() => Int, { name: 'apiKeys', description: 'Live keys.' })
  async count(@Root() { workspaceId }: WorkspaceUsage): Promise<number> {
    return await this.apiKeys.countLive(workspaceId);
  }
}
