import {
  Arg,
  Args,
  Ctx,
  Field,
  FieldResolver,
  Float,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import { payloadType } from '../platform/graphql/payload-type.js';
import { ConnectionArgs, connectionOf, connectionType, type Connection } from '../platform/graphql/relay-connection.js';
import { connectionPage } from '../platform/page-request.js';
import { validate } from '../platform/validate.js';
import { Notice } from './notice.entity.js';
import type { NoticeService } from './notice.service.js';
import { plans, webhookEndpointsMax, type PlanLimits } from './plans.js';
import { Workspace } from './workspace.entity.js';
import { DismissNotice, UpdateWorkspace } from './workspace.input.js';
import { WorkspaceUsage } from './workspace-usage.view.js';
import type { WorkspaceService } from './workspace.service.js';

const NoticeConnection = connectionType('Notice', Notice);

@ObjectType('PlanLimits', { description: 'What the plan allows.', simpleResolvers: true })
class PlanLimitsType implements PlanLimits {
  @Field(() => Boolean, { description: 'Whether keys may call the API.' })
  api!: boolean;

  @Field(() => Int, { description: 'Requests a minute, for each key.' })
  requestsPerMinute!: number;

  @Field(() => Int, { description: 'Live keys.' })
  apiKeys!: number;

  @Field(() => Boolean, { description: 'Whether webhooks are delivered.' })
  webhooks!: boolean;

  @Field(() => Boolean, { description: 'Whether ad platforms are told of submissions.' })
  conversions!: boolean;

  @Field(() => Int, { description: 'Webhook endpoints; 0 without webhooks.' })
  webhookEndpoints!: number;

  @Field(() => Int, { description: 'Submissions in a calendar month (UTC), test ones aside.' })
  submissionsPerMonth!: number;

  @Field(() => Int, { nullable: true, description: 'Days a submission is kept; null: for ever.' })
  submissionRetentionDays!: number | null;

  @Field(() => Float, {
    description: 'Bytes of everything that is kept, events included. Beyond them what grows is refused.',
  })
  storageBytes!: number;
}

const UpdateWorkspacePayload = payloadType('UpdateWorkspacePayload', 'The changed workspace.', {
  workspace: [Workspace, 'The workspace as it is now.'],
});

const DismissNoticePayload = payloadType('DismissNoticePayload', 'The dismissed notice.', {
  notice: [Notice, 'The notice as it is now.'],
});

@Resolver(() => Workspace)
export class WorkspaceResolver {
  constructor(
    private readonly workspaces: WorkspaceService,
    private readonly notices: NoticeService,
  ) {}

  @Query(() => Workspace, { name: 'workspace', description: "The caller's workspace." })
  async get(@Ctx('actor') actor: Actor): Promise<Workspace> {
    return await this.workspaces.get(actor);
  }

  @FieldResolver(() => PlanLimitsType, { description: 'What its plan allows.' })
  limits(@Root() { plan }: Workspace): PlanLimitsType {
    const limits = plans[plan];
    return { ...limits, webhookEndpoints: limits.webhooks ? webhookEndpointsMax : 0 };
  }

  @FieldResolver(() => WorkspaceUsage, { description: 'What is in use of it.' })
  async usage(@Root() { id, storedBytes, storedMeasuredAt }: Workspace): Promise<WorkspaceUsage> {
    const submissionsThisMonth = await this.workspaces.submissionsThisMonth(id);
    return { workspaceId: id, submissionsThisMonth, storedBytes, storedMeasuredAt };
  }

  @FieldResolver(() => NoticeConnection, {
    name: 'notices',
    nullable: true,
    description: 'What Owners and Admins should know, less what was dismissed. For Owners and Admins.',
  })
  async listNotices(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
  ): Promise<Connection<Notice>> {
    actor.requireRole('ADMIN');
    const page = connectionPage(args, 'notice');
    return connectionOf(page, await this.notices.list(actor, page), async () => this.notices.count(actor));
  }

  @Mutation(() => UpdateWorkspacePayload, {
    description: 'Changes the workspace. For Owners and Admins; whether agents may connect, for Owners.',
  })
  async updateWorkspace(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => UpdateWorkspace.type, { description: 'The changes.' }) input: object,
  ): Promise<InstanceType<typeof UpdateWorkspacePayload>> {
    return { workspace: await this.workspaces.update(actor, () => validate(UpdateWorkspace, input, 'camelCase')) };
  }

  @Mutation(() => DismissNoticePayload, { description: 'Puts a notice away. For Owners and Admins.' })
  async dismissNotice(
    @Ctx('actor') actor: Actor,
    @Arg('input', () => DismissNotice.type, { description: 'Which one.' }) { id }: { id: string },
  ): Promise<InstanceType<typeof DismissNoticePayload>> {
    return { notice: await this.notices.dismiss(actor, id) };
  }
}
