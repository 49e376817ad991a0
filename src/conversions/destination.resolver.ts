import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Field, ObjectType } from 'type-graphql';
import { IntakeBot } from '../intake-bots/intake-bot.entity.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import type { Actor } from '../platform/actor.js';
import { bulky, Costs, counted, partOfRow } from '../platform/graphql/field-cost.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import { ConnectionArgs, connectionOf, connectionType, type Connection } from '../platform/graphql/relay-connection.js';
import { JSONObject } from '../platform/graphql/scalars.js';
import { connectionPage } from '../platform/page-request.js';
import { validate } from '../platform/validate.js';
import { ConversionVerdictEnum } from './conversion.entity.js';
import type { ConversionService } from './conversion.service.js';
import { ConversionCredential, ConversionDestination } from './destination.entity.js';
import {
  CreateConversionDestination,
  DeleteConversionDestination,
  PauseConversionDestination,
  ResumeConversionDestination,
  TestConversionDestination,
  UpdateConversionDestination,
} from './destination.input.js';
import type { ConversionDestinationService, TestedConnection } from './destination.service.js';
import type { ConversionVerdictKind } from './platforms/platform.js';

const ConversionDestinationConnection = connectionType('ConversionDestination', ConversionDestination);

const conversionDestination = [ConversionDestination, 'The destination as it is now.'] as const;
const CreateConversionDestinationPayload = payloadType('CreateConversionDestinationPayload', 'The new destination.', {
  conversionDestination,
});
const UpdateConversionDestinationPayload = payloadType(
  'UpdateConversionDestinationPayload',
  'The changed destination.',
  { conversionDestination },
);
const PauseConversionDestinationPayload = payloadType('PauseConversionDestinationPayload', 'The paused destination.', {
  conversionDestination,
});
const ResumeConversionDestinationPayload = payloadType(
  'ResumeConversionDestinationPayload',
  'The resumed destination.',
  { conversionDestination },
);
const DeleteConversionDestinationPayload = payloadType('DeleteConversionDestinationPayload', 'What was deleted.', {
  id: [ID, 'The id it had.'],
});

@ObjectType('TestConversionDestinationPayload', {
  description: 'What the platform said to a synthetic person.',
  simpleResolvers: true,
})
class TestConversionDestinationPayload implements TestedConnection {
  @Field(() => Boolean, { description: 'Whether the platform would take conversions so.' })
  ok!: boolean;

  @Field(() => ConversionVerdictEnum, {
    nullable: true,
    description: 'What its answer means; null where nothing was sent.',
  })
  verdict!: ConversionVerdictKind | null;

  @Field(() => String, { description: "The platform's own words, and the field to mend." })
  message!: string;

  @Costs(bulky)
  @Field(() => JSONObject, { nullable: true, description: 'What went out, its digests cut to 8 characters.' })
  sent!: Readonly<Record<string, unknown>> | null;
}

@Resolver(() => ConversionDestination)
export class ConversionDestinationResolver {
  constructor(
    private readonly destinations: ConversionDestinationService,
    private readonly conversions: ConversionService,
    private readonly intakeBots: IntakeBotService,
  ) {}

  @Query(() => ConversionDestinationConnection, {
    name: 'conversionDestinations',
    description: 'Where conversions go, newest first. For Owners and Admins.',
  })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('intakeBotId', () => ID, { nullable: true, description: 'Of this bot; of all when absent.' })
    intakeBotId: string | null = null,
  ): Promise<Connection<ConversionDestination>> {
    const page = connectionPage(args, 'conversionDestination');
    const found = await this.destinations.list(actor, intakeBotId, page);
    return connectionOf(page, found, () => this.destinations.count(actor, intakeBotId));
  }

  @FieldResolver(() => IntakeBot, { nullable: true, description: 'The bot whose submissions it is told of.' })
  async intakeBot(
    @Root() { intakeBotId }: Pick<ConversionDestination, 'intakeBotId'>,
    @Ctx() context: OperationContext,
  ): Promise<IntakeBot | null> {
    return await context.load('intakeBot', intakeBotId, (actor, ids) =>
      this.intakeBots.getMany(actor, ids, context.selects('schema')),
    );
  }

  @Costs(partOfRow)
  @FieldResolver(() => ConversionCredential, {
    nullable: true,
    description: 'What may be shown of the token or key; null once the destination is deleted.',
  })
  credential(@Root() destination: ConversionDestination): ConversionCredential | null {
    return this.destinations.shownCredential(destination);
  }

  @Costs(counted)
  @FieldResolver(() => String, {
    description: 'A sentence on what became of its conversions in the last day, such as `12 of 12 delivered.`',
  })
  async summary(@Root() { id }: Pick<ConversionDestination, 'id'>, @Ctx() context: OperationContext): Promise<string> {
    const read = (actor: Actor, ids: readonly string[]) => this.conversions.summaries(actor, ids);
    return (await context.loadFor('ConversionDestination.summary', id, read)) ?? '';
  }

  @Mutation(() => CreateConversionDestinationPayload, {
    description:
      "Tells an ad platform of a bot's completed submissions from now on. `conflict` (`destination_exists`) " +
      'where the bot has one for the platform, `feature_not_available` (`conversions`) where the plan has ' +
      'none. For Owners and Admins.',
  })
  async createConversionDestination(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateConversionDestination.type, { description: 'The destination.' })
    { intakeBotId, ...input }: { intakeBotId: string },
  ): Promise<InstanceType<typeof CreateConversionDestinationPayload>> {
    const read = () => validate(CreateConversionDestination, input, 'camelCase');
    return { conversionDestination: await this.destinations.create(actor, intakeBotId, read) };
  }

  @Mutation(() => UpdateConversionDestinationPayload, {
    description: 'Changes a destination. What may have mended a broken one resumes it. For Owners and Admins.',
  })
  async updateConversionDestination(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateConversionDestination.type, { description: 'The changes.' })
    { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof UpdateConversionDestinationPayload>> {
    const read = () => validate(UpdateConversionDestination, input, 'camelCase');
    return { conversionDestination: await this.destinations.update(actor, id, read) };
  }

  @Mutation(() => DeleteConversionDestinationPayload, {
    description: 'Deletes a destination and its credential; what is open ends as SKIPPED. For Owners and Admins.',
  })
  async deleteConversionDestination(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DeleteConversionDestination.type, { description: 'Which.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof DeleteConversionDestinationPayload>> {
    return await this.destinations.remove(actor, id);
  }

  @Mutation(() => PauseConversionDestinationPayload, {
    description: 'Holds the conversions of a destination. For Owners and Admins.',
  })
  async pauseConversionDestination(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => PauseConversionDestination.type, { description: 'Which.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof PauseConversionDestinationPayload>> {
    return { conversionDestination: await this.destinations.pause(actor, id) };
  }

  @Mutation(() => ResumeConversionDestinationPayload, {
    description:
      'Sends what is held, the oldest first. `feature_not_available` (`conversions`) where the plan has none. ' +
      'For Owners and Admins.',
  })
  async resumeConversionDestination(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => ResumeConversionDestination.type, { description: 'Which, and how.' })
    { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof ResumeConversionDestinationPayload>> {
    const read = () => validate(ResumeConversionDestination, input, 'camelCase');
    return { conversionDestination: await this.destinations.resume(actor, id, read) };
  }

  @Mutation(() => TestConversionDestinationPayload, {
    description:
      'Tells the platform of a synthetic person at once. `rate_limit_exceeded` beyond ten a minute. For Owners ' +
      'and Admins.',
  })
  async testConversionDestination(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => TestConversionDestination.type, { description: 'Which.' })
    { id, ...input }: { id: string },
  ): Promise<TestConversionDestinationPayload> {
    const read = () => validate(TestConversionDestination, input, 'camelCase');
    return await this.destinations.test(actor, id, read);
  }
}
