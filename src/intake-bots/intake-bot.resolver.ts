import { Arg, Args, Ctx, Field, Float, ID, InputType, Int, Mutation, ObjectType, Query, Resolver } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionType,
  DateTimeRange,
  type Connection,
} from '../platform/graphql/relay-connection.js';
import { connectionPage } from '../platform/postgres/keyset-page.js';
import { validate } from '../platform/validate.js';
import type { SchemaItem } from './bot-schema.js';
import { IntakeBot, IntakeBotStatusEnum, type IntakeBotStatus } from './intake-bot.entity.js';
import { CreateIntakeBot, UpdateIntakeBot } from './intake-bot.input.js';
import type { IntakeBotFilter, IntakeBotService } from './intake-bot.service.js';

const IntakeBotConnection = connectionType('IntakeBot', IntakeBot);

@InputType('IntakeBotFilter', { description: 'Which bots to list.' })
class IntakeBotFilterInput implements IntakeBotFilter {
  @Field(() => [IntakeBotStatusEnum], { nullable: true, description: 'In one of these states.' })
  status?: IntakeBotStatus[];

  @Field(() => DateTimeRange, { nullable: true, description: 'Created within.' })
  createdAt?: DateTimeRange;
}

@InputType('SchemaItemInput', { description: 'A field of a bot, or something it only shows. See `SchemaItem`.' })
class SchemaItemInput implements Partial<SchemaItem> {
  @Field(() => String, { nullable: true, description: "The key of its answer in a submission's data." })
  name?: string;

  @Field(() => String, { nullable: true, description: 'What people read; the name by default.' })
  label?: string;

  @Field(() => String, {
    nullable: true,
    description: 'text, textarea, email, phone, url, number, date, boolean, select, …',
  })
  type?: string;

  @Field(() => Boolean, { nullable: true, description: 'Whether a completed submission must answer it.' })
  required?: boolean;

  @Field(() => [String], { nullable: true, description: 'What a select or multi_select offers.' })
  options?: string[];

  @Field(() => String, { nullable: true, description: 'A hint below the field.' })
  helperText?: string;

  @Field(() => String, { nullable: true, description: 'A hint inside the field.' })
  placeholder?: string;

  @Field(() => Float, { nullable: true, description: 'The smallest number, or the fewest entries.' })
  min?: number;

  @Field(() => Float, { nullable: true, description: 'The largest number, or the most entries.' })
  max?: number;

  @Field(() => Int, { nullable: true, description: 'The fewest characters.' })
  minLength?: number;

  @Field(() => Int, { nullable: true, description: 'The most characters.' })
  maxLength?: number;

  @Field(() => String, {
    nullable: true,
    description: 'A regular expression in RE2 syntax that the whole text matches.',
  })
  pattern?: string;

  @Field(() => String, { nullable: true, description: '`content`: display only.' })
  kind?: string;
}

@InputType('CreateIntakeBotInput', { description: 'A new bot.' })
class CreateIntakeBotInput {
  @Field(() => String, { description: 'Its name, at most 200 characters.' })
  name!: string;

  @Field(() => String, { nullable: true, description: 'What it is for, at most 2,000 characters.' })
  description?: string | null;

  @Field(() => IntakeBotStatusEnum, { nullable: true, description: 'DRAFT by default.' })
  status?: IntakeBotStatus;

  @Field(() => [SchemaItemInput], { description: 'What it asks, at most 200 items.' })
  schema!: SchemaItemInput[];

  @Field(() => String, { nullable: true, description: 'The type of record that a completed submission makes.' })
  recordType?: string | null;
}

@InputType('UpdateIntakeBotInput', { description: 'What to change of a bot; what is absent stays.' })
class UpdateIntakeBotInput {
  @Field(() => ID, { description: 'The bot.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Its name.' })
  name?: string;

  @Field(() => String, { nullable: true, description: 'What it is for; null removes it.' })
  description?: string | null;

  @Field(() => [SchemaItemInput], { nullable: true, description: 'The whole schema anew.' })
  schema?: SchemaItemInput[];

  @Field(() => String, { nullable: true, description: 'The type of record that a completed submission makes.' })
  recordType?: string | null;
}

@InputType('ChangeIntakeBotStatusInput', { description: 'DRAFT → ACTIVE ⇄ PAUSED → ARCHIVED, and ARCHIVED → PAUSED.' })
class ChangeIntakeBotStatusInput {
  @Field(() => ID, { description: 'The bot.' })
  id!: string;

  @Field(() => IntakeBotStatusEnum, { description: 'The new status.' })
  status!: IntakeBotStatus;
}

@ObjectType()
class IntakeBotPayload {
  @Field(() => IntakeBot, { description: 'The bot as it is now.' })
  intakeBot!: IntakeBot;
}

@ObjectType('CreateIntakeBotPayload', { description: 'The new bot.', simpleResolvers: true })
class CreateIntakeBotPayload extends IntakeBotPayload {}

@ObjectType('UpdateIntakeBotPayload', { description: 'The changed bot.', simpleResolvers: true })
class UpdateIntakeBotPayload extends IntakeBotPayload {}

@ObjectType('ChangeIntakeBotStatusPayload', { description: 'The changed bot.', simpleResolvers: true })
class ChangeIntakeBotStatusPayload extends IntakeBotPayload {}

@Resolver(() => IntakeBot)
export class IntakeBotResolver {
  constructor(private readonly intakeBots: IntakeBotService) {}

  @Query(() => IntakeBot, { name: 'intakeBot', nullable: true, description: 'A bot by its id.' })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The bot id.' }) id: string,
  ): Promise<IntakeBot> {
    return await this.intakeBots.get(actor, id);
  }

  @Query(() => IntakeBotConnection, { name: 'intakeBots', description: 'The bots of the workspace, newest first.' })
  async list(
    @Ctx() context: OperationContext,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => IntakeBotFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: IntakeBotFilterInput,
  ): Promise<Connection<IntakeBot>> {
    const page = connectionPage(args, 'intakeBot');
    const { actor } = context;
    const found = await this.intakeBots.list(actor, filter ?? {}, page, context.selects('schema'));
    return connectionOf(page, found, () => this.intakeBots.count(actor, filter ?? {}));
  }

  @Mutation(() => CreateIntakeBotPayload, { description: 'Makes a bot.' })
  async createIntakeBot(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => CreateIntakeBotInput, { description: 'The bot.' }) input: CreateIntakeBotInput,
  ): Promise<CreateIntakeBotPayload> {
    return { intakeBot: await this.intakeBots.create(actor, () => validate(CreateIntakeBot, input, 'camelCase')) };
  }

  @Mutation(() => UpdateIntakeBotPayload, { description: 'Changes a bot.' })
  async updateIntakeBot(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateIntakeBotInput, { description: 'The changes.' }) { id, ...input }: UpdateIntakeBotInput,
  ): Promise<UpdateIntakeBotPayload> {
    return { intakeBot: await this.intakeBots.update(actor, id, () => validate(UpdateIntakeBot, input, 'camelCase')) };
  }

  @Mutation(() => ChangeIntakeBotStatusPayload, { description: "Changes a bot's status." })
  async changeIntakeBotStatus(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => ChangeIntakeBotStatusInput, { description: 'The bot and its new status.' })
    { id, ...input }: ChangeIntakeBotStatusInput,
  ): Promise<ChangeIntakeBotStatusPayload> {
    return { intakeBot: await this.intakeBots.update(actor, id, () => validate(UpdateIntakeBot, input, 'camelCase')) };
  }
}
