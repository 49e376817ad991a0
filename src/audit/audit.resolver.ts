import { Arg, Args, Ctx, Field, ID, InputType, Query, Resolver } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import {
  ConnectionArgs,
  connectionOf,
  connectionType,
  DateTimeRange,
  type Connection,
} from '../platform/graphql/relay-connection.js';
import { connectionPage } from '../platform/page-request.js';
import { AuditEntry } from './audit-entry.entity.js';
import type { AuditEntryFilter, AuditService } from './audit.service.js';

const AuditEntryConnection = connectionType('AuditEntry', AuditEntry);

@InputType('AuditEntryFilter', { description: 'Which entries to list.' })
class AuditEntryFilterInput implements AuditEntryFilter {
  @Field(() => [String], { nullable: true, description: 'One of these actions.' })
  action?: string[] | null;

  @Field(() => ID, { nullable: true, description: 'Done by this person or key.' })
  actorId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Done to this thing.' })
  subjectId?: string | null;

  @Field(() => DateTimeRange, { nullable: true, description: 'Done within.' })
  createdAt?: DateTimeRange | null;
}

@Resolver(() => AuditEntry)
export class AuditResolver {
  constructor(private readonly audit: AuditService) {}

  @Query(() => AuditEntryConnection, {
    name: 'auditLog',
    description: 'Who changed keys, members, plan, endpoints and secrets, newest first. For Owners and Admins.',
  })
  async list(
    @Ctx('actor') actor: Actor,
    @Args(() => ConnectionArgs) args: ConnectionArgs,
    @Arg('filter', () => AuditEntryFilterInput, { nullable: true, description: 'Which ones.' })
    filter?: AuditEntryFilterInput,
  ): Promise<Connection<AuditEntry>> {
    actor.requireRole('ADMIN');
    const page = connectionPage(args, 'auditEntry');
    return connectionOf(page, await this.audit.list(actor, filter ?? {}, page), async () =>
      this.audit.count(actor, filter ?? {}),
    );
  }
}
