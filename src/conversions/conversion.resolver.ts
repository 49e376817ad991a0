import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root, Subscription } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import { nowMs } from '../platform/clock.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionUnder,
  type Connection,
} from '../platform/graphql/relay-connection.js';
import { DateTime } from '../platform/graphql/scalars.js';
import { subscribedLater } from '../platform/graphql/subscription-source.js';
import { connectionPage } from '../platform/page-request.js';
import { Submission } from '../submissions/submission.entity.js';
import type { SubmissionService } from '../submissions/submission.service.js';
import { Conversion, ConversionConnection, ConversionVerdictEnum } from './conversion.entity.js';
import { ConversionFilterInput, ResendConversion } from './conversion.input.js';
import type { ConversionParent, ConversionService } from './conversion.service.js';
import { ConversionDestination } from './destination.entity.js';
import type { ConversionDestinationService } from './destination.service.js';

const ResendConversionPayload = payloadType('ResendConversionPayload', 'What is sent once more.', {
  conversion: [Conversion, 'The conversion as it is now.'],
});

@Resolver(() => Conversion)
export class ConversionResolver {
  constructor(
    private readonly conversions: ConversionService,
    private readonly destinations: ConversionDestinationService,
    private readonly submissions: SubmissionService,
  ) {}

  @Query(() => ConversionConnection, {
    name: 'conversions',
    description: 'The conversions of the workspace, newest first; ended ones for 30 days. For Owners and Admins.',
  })
  async list(
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => ConversionFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: ConversionFilterInput | null,
  ): Promise<Connection<Conversion>> {
    const page = connectionPage(args, 'conversion');
    const { actor } = context;
    const found = await this.conversions.list(actor, filter ?? {}, page, context.selects('attempts'));
    return connectionOf(page, found, () => this.conversions.count(actor, filter ?? {}));
  }

  @FieldResolver(() => ConversionVerdictEnum, {
    nullable: true,
    description: 'What the last answer means; null before there was one.',
  })
  verdict(@Root() { status, verdict }: Conversion): keyof typeof ConversionVerdictEnum | null {
    return status === 'SKIPPED' ? 'SKIPPED' : verdict;
  }

  @FieldResolver(() => DateTime, {
    nullable: true,
    description: 'Not before; null when it is due now, held or over.',
  })
  nextAttemptAt(@Root() { status, nextAttemptAt }: Conversion): Date | null {
    const isLater = nextAttemptAt !== null && nextAttemptAt.getTime() > nowMs();
    return isLater && status !== 'SENDING' ? nextAttemptAt : null;
  }

  @FieldResolver(() => Submission, { nullable: true, description: 'What it tells of; null once that is gone.' })
  async submission(
    @Root() { submissionId }: Pick<Conversion, 'submissionId'>,
    @Ctx() context: OperationContext,
  ): Promise<Submission | null> {
    const wide = (['data', 'attribution'] as const).filter((column) => context.selects(column));
    return await context.load('submission', submissionId, (actor, ids) => this.submissions.getMany(actor, ids, wide));
  }

  @FieldResolver(() => ConversionDestination, { nullable: true, description: 'Where it goes; a deleted one too.' })
  async destination(
    @Root() { destinationId }: Pick<Conversion, 'destinationId'>,
    @Ctx() context: OperationContext,
  ): Promise<ConversionDestination | null> {
    return await context.load('conversionDestination', destinationId, (actor, ids) =>
      this.destinations.getMany(actor, ids),
    );
  }

  @Mutation(() => ResendConversionPayload, {
    description:
      'Sends a rejected conversion once more, with the same event id. `conflict` (`not_rejected`) for any ' +
      'other, and (`conversion_expired`) for one that is too old. For Owners and Admins.',
  })
  async resendConversion(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => ResendConversion.type, { description: 'Which.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof ResendConversionPayload>> {
    return { conversion: await this.conversions.resend(actor, id) };
  }

  @Subscription(() => Conversion, {
    subscribe: subscribedLater,
    description:
      'Conversions as they change, from now on: made, attempted, held, ended. At most 20 a second: those that change ' +
      'faster come later, each as it then stands. For Owners and Admins.',
  })
  conversionUpdated(
    @Root() conversion: Conversion,
    @Arg('destinationId', () => ID, { nullable: true, description: 'To this destination alone. Absent: to all.' })
    _destinationId?: string | null,
  ): Conversion {
    return conversion;
  }
}

/** The conversions under a destination or a submission. */
async function conversionsUnder(
  service: ConversionService,
  context: OperationContext,
  parent: ConversionParent,
  id: string,
  args: ConnectionArgs,
): Promise<Connection<Conversion>> {
  return await connectionUnder(context, id, args, {
    field: `${parent}.conversions`,
    kind: 'conversion',
    pages: (actor, ids, page) => service.pagesUnder(actor, parent, ids, page, context.selects('attempts')),
    counts: (actor, ids) => service.countsUnder(actor, parent, ids),
  });
}

/** `Submission.conversions`: the forward view of a type of an earlier room. */
@Resolver(() => Submission)
export class SubmissionConversions {
  constructor(private readonly service: ConversionService) {}

  @FieldResolver(() => ConversionConnection, {
    nullable: true,
    description: 'What ad platforms were told of it, newest first. For Owners and Admins, signed in.',
  })
  async conversions(
    @Root() { id }: Pick<Submission, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<Conversion>> {
    return await conversionsUnder(this.service, context, 'submission', id, args);
  }
}

@Resolver(() => ConversionDestination)
export class DestinationConversions {
  constructor(private readonly service: ConversionService) {}

  @FieldResolver(() => ConversionConnection, { description: 'What it was told of, newest first.' })
  async conversions(
    @Root() { id }: Pick<ConversionDestination, 'id'>,
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<Conversion>> {
    return await conversionsUnder(this.service, context, 'destination', id, args);
  }
}
