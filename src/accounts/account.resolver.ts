import { Arg, Ctx, Field, FieldResolver, Int, Mutation, ObjectType, Query, Resolver, Root } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import { Costs, hashesPassword } from '../platform/graphql/field-cost.js';
import { DateTime } from '../platform/graphql/scalars.js';
import { validate } from '../platform/validate.js';
import { Workspace } from '../workspaces/workspace.entity.js';
import type { WorkspaceService } from '../workspaces/workspace.service.js';
import { ChangePassword, SignIn } from './account.input.js';
import type { AccountService } from './account.service.js';
import { User } from './user.entity.js';
import { Viewer, viewerOf } from './viewer.view.js';

const whoCalls = [Viewer, 'Who calls from now on.'] as const;
const SignInPayload = payloadType('SignInPayload', 'Who signed in.', { viewer: whoCalls });
const ChangePasswordPayload = payloadType('ChangePasswordPayload', 'Who changed it.', { viewer: whoCalls });
const SignOutPayload = payloadType('SignOutPayload', 'The end of a session.', {
  signedOut: [Boolean, 'True.'],
});

@ObjectType('RateLimit', { description: "The caller's budget, which both APIs share.", simpleResolvers: true })
class RateLimit {
  @Field(() => Int, { description: 'Points in any 60 seconds.' })
  limit!: number;

  @Field(() => Int, { description: 'Points left, this operation taken.' })
  remaining!: number;

  @Field(() => DateTime, { description: 'When `remaining` next grows.' })
  resetAt!: Date;
}

@Resolver(() => Viewer)
export class AccountResolver {
  constructor(
    private readonly accounts: AccountService,
    private readonly workspaces: WorkspaceService,
  ) {}

  @Query(() => Viewer, { description: 'Who calls.' })
  viewer(@Ctx('actor') actor: Actor): Viewer {
    return viewerOf(actor);
  }

  @FieldResolver(() => User, { nullable: true, description: 'The person; null for a key.' })
  async user(@Root() { actor }: Viewer): Promise<User | null> {
    return actor.kind === 'user' ? await this.accounts.get(actor) : null;
  }

  @FieldResolver(() => Workspace, { description: 'Where the caller belongs.' })
  async workspace(@Root() { actor }: Viewer): Promise<Workspace> {
    return await this.workspaces.get(actor);
  }

  @Query(() => RateLimit, { nullable: true, description: "The caller's budget." })
  rateLimit(@Ctx() { actor, transport }: OperationContext): RateLimit | null {
    if (actor === null || transport.rateLimit === null) return null;
    const { limit, remaining, resetAtMs } = transport.rateLimit;
    return { limit, remaining, resetAt: new Date(resetAtMs) };
  }

  @Costs(hashesPassword)
  @Mutation(() => SignInPayload, {
    description:
      'Begins a session and sets its cookie. `invalid_credentials` for a wrong e-mail or password, without ' +
      'saying which; `rate_limit_exceeded` after too many. For anybody.',
  })
  async signIn(
    @Ctx() { transport }: OperationContext,
    @Arg('input', () => SignIn.type, { description: 'Who.' }) input: object,
  ): Promise<InstanceType<typeof SignInPayload>> {
    const { actor, token } = await this.accounts.signIn(() => validate(SignIn, input, 'camelCase'), transport.origin);
    transport.cookie?.set(token);
    return { viewer: viewerOf(actor) };
  }

  @Mutation(() => SignOutPayload, { description: 'Ends the session, in every process. For people, not for keys.' })
  async signOut(@Ctx() { actor, transport }: OperationContext): Promise<InstanceType<typeof SignOutPayload>> {
    await this.accounts.signOut(actor);
    transport.cookie?.clear();
    return { signedOut: true };
  }

  @Costs(hashesPassword)
  @Mutation(() => ChangePasswordPayload, {
    description:
      'Changes the password; every session of the account ends, and the caller gets a new one. ' +
      '`invalid_credentials` for a wrong `currentPassword`. For people, not for keys.',
  })
  async changePassword(
    @Ctx() { actor, transport }: OperationContext,
    @Arg('input', () => ChangePassword.type, { description: 'Both passwords.' }) input: object,
  ): Promise<InstanceType<typeof ChangePasswordPayload>> {
    const changed = await this.accounts.changePassword(actor, () => validate(ChangePassword, input, 'camelCase'));
    transport.cookie?.set(changed.token);
    return { viewer: viewerOf(changed.actor) };
  }
}
