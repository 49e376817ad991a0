import { Arg, Args, Ctx, ID, Mutation, Query, Resolver } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import { ConnectionArgs, connectionOf, connectionType, type Connection } from '../platform/graphql/relay-connection.js';
import { connectionPage } from '../platform/page-request.js';
import { validate } from '../platform/validate.js';
import { IntakeBot } from './intake-bot.entity.js';
import { ChangeIntakeBotStatus, CreateIntakeBot, IntakeBotFilter, UpdateIntakeBot } from './intake-bot.input.js';
import type { IntakeBotService } from './intake-bot.service.js';

const IntakeBotConnection = connectionType('IntakeBot', IntakeBot);

const intakeBot = [IntakeBot, 'The bot as it is now.'] as const;
const CreateIntakeBotPayload = payloadType('CreateIntakeBotPayload', 'The new bot.', { intakeBot });
const UpdateIntakeBotPayload = payloadType('UpdateIntakeBotPayload', 'The changed bot.', { intakeBot });
const ChangeIntakeBotStatusPayload = payloadType('ChangeIntakeBotStatusPayload', 'The changed bot.', { intakeBot });

@Resolver(() => IntakeBot)
export class IntakeBotResolver {
  constructor(private readonly intakeBots: IntakeBotService) {}

  @Query(() => IntakeBot, {
    name: 'intakeBot',
    nullable: true,
    description: 'A bot by its id. Needs `read:intake-bots`, or any member.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The bot id.' }) id: string,
  ): Promise<IntakeBot> {
    return await this.intakeBots.get(actor, id);
  }

  @Query(() => IntakeBotConnection, {
    name: 'intakeBots',
    description: 'The bots of the workspace, newest first. Needs `read:intake-bots`, or any member.',
  })
  async list(
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => IntakeBotFilter, { nullable: true, description: 'Which ones.' })
    filter?: IntakeBotFilter,
  ): Promise<Connection<IntakeBot>> {
    const page = connectionPage(args, 'intakeBot');
    const { actor } = context;
    const found = await this.intakeBots.list(actor, filter ?? {}, page, context.selects('schema'));
    return connectionOf(page, found, () => this.intakeBots.count(actor, filter ?? {}));
  }

  @Mutation(() => CreateIntakeBotPayload, {
    description:
      'Makes a bot. `plan_limit_exceeded` (`intake_bots`) beyond 10,000. Needs `write:intake-bots`, or an ' +
      'Owner or Admin.',
  })
  async createIntakeBot(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateIntakeBot.type, { description: 'The bot.' }) input: object,
  ): Promise<InstanceType<typeof CreateIntakeBotPayload>> {
    return { intakeBot: await this.intakeBots.create(actor, () => validate(CreateIntakeBot, input, 'camelCase')) };
  }

  @Mutation(() => UpdateIntakeBotPayload, {
    description:
      'Changes a bot. Answers of before stay as they are, whatever the new schema asks. Needs ' +
      '`write:intake-bots`, or an Owner or Admin.',
  })
  async updateIntakeBot(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateIntakeBot.type, { description: 'The changes.' }) { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof UpdateIntakeBotPayload>> {
    return { intakeBot: await this.intakeBots.update(actor, id, () => validate(UpdateIntakeBot, input, 'camelCase')) };
  }

  @Mutation(() => ChangeIntakeBotStatusPayload, {
    description:
      "Changes a bot's status, and fires `intake-bot.status-changed`. `conflict` (`illegal_status_change`) for " +
      'a step that `IntakeBotStatus` does not show. Needs `write:intake-bots`, or an Owner or Admin.',
  })
  async changeIntakeBotStatus(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => ChangeIntakeBotStatus.type, { description: 'The bot and its new status.' })
    { id, ...input }: { id: string },
  ): Promise<InstanceType<typeof ChangeIntakeBotStatusPayload>> {
    return {
      intakeBot: await this.intakeBots.update(actor, id, () => validate(ChangeIntakeBotStatus, input, 'camelCase')),
    };
  }
}
