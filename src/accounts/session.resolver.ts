import { Arg, Ctx, FieldResolver, Int, Mutation, Resolver, Root } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import { Costs } from '../platform/graphql/field-cost.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import { EndSession } from './account.input.js';
import type { AccountService } from './account.service.js';
import { Session } from './session.entity.js';
import { liveSessionsMax } from './session.service.js';
import { Viewer } from './viewer.view.js';

const EndSessionPayload = payloadType('EndSessionPayload', 'The session that ended.', {
  session: [Session, 'The session as it was.'],
});

const SignOutEverywherePayload = payloadType('SignOutEverywherePayload', 'What ended.', {
  sessionsEnded: [Int, 'How many sessions ended.'],
});

@Resolver(() => Session)
export class SessionResolver {
  constructor(private readonly accounts: AccountService) {}

  @FieldResolver(() => Boolean, { description: 'Whether it is the one that asks.' })
  current(@Root() { id }: Session, @Ctx('actor') actor: Actor): boolean {
    return id === actor.credentialId;
  }

  @Mutation(() => EndSessionPayload, {
    description: "Ends one of the caller's own sessions and its streams, in every process. For people, not for keys.",
  })
  async endSession(
    @Ctx() { actor, transport }: OperationContext,
    @Arg('input', () => EndSession.type, { description: 'Which one.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof EndSessionPayload>> {
    const session = await this.accounts.endSession(actor, id);
    if (id === actor.credentialId) transport.cookie?.clear();
    return { session };
  }

  @Mutation(() => SignOutEverywherePayload, {
    description:
      "Ends the caller's sessions and their streams, in every process, but the one that asks. For people, not " +
      'for keys.',
  })
  async signOutEverywhere(@Ctx('actor') actor: Actor): Promise<InstanceType<typeof SignOutEverywherePayload>> {
    return { sessionsEnded: await this.accounts.signOutEverywhere(actor) };
  }
}

/** The forward view of a viewer. */
@Resolver(() => Viewer)
export class ViewerSessions {
  constructor(private readonly accounts: AccountService) {}

  @Costs({ flat: liveSessionsMax })
  @FieldResolver(() => [Session], {
    nullable: true,
    description: "The person's sessions, 20 at most, the newest first; null for a key.",
  })
  async sessions(@Root() { actor }: Viewer): Promise<Session[] | null> {
    return actor.kind === 'user' ? await this.accounts.listSessions(actor) : null;
  }
}
