import type { Erased, ErasedPerson } from '../contacts/erasure.service.js';
import type { EventErasureService } from '../events/event-erasure.service.js';
import type { IntakeBotService } from '../intake-bots/intake-bot.service.js';
import type { Tx } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';
import type { RecordService } from '../records/record.service.js';

// Submissions are locked in one order everywhere, so that two transactions never wait for each other.
const lockLinked = prepared<Found>(`
  select id, intake_bot_id as "intakeBotId" from submissions where contact_id = $1 order by id limit $2 for no key update
`);
// Found by the addresses alone: PostgreSQL would go through the workspace, where most workspaces are small.
const lockNaming = prepared<Found>(`
  select id, intake_bot_id as "intakeBotId" from submissions
  where id = any (array(select id from submissions where addresses && $1))
    and addresses && $1 and contact_id is null and workspace_id = $2 and id < $3
  order by id limit $4 for no key update
`);
const unlink = prepared(
  'update submissions set contact_id = null, attribution = null, addresses = $2 where id = any($1)',
);
const countMessages = prepared<{ count: number }>(
  'select count(*)::int as count from submission_messages where submission_id = any($1)',
);
const deleteMany = prepared<{ intakeBotId: string }>(
  'delete from submissions where id = any($1) returning intake_bot_id as "intakeBotId"',
);

interface Found {
  id: string;
  intakeBotId: string;
}

/** Erases a person's submissions: deletes them, or unlinks them from the person. */
export class SubmissionEraser {
  constructor(
    private readonly records: RecordService,
    private readonly intakeBots: IntakeBotService,
    private readonly eventErasure: EventErasureService,
  ) {}

  /** @param ended is told of the submissions, so that nothing more of them is sent to anybody */
  async erase(
    tx: Tx,
    person: ErasedPerson,
    limit: number,
    ended: (submissions: readonly Found[]) => Promise<void>,
  ): Promise<Erased> {
    const { workspaceId, contactId, subjectIds, withSubmissions, before } = person;
    const linked = await tx.query(lockLinked, [contactId, limit]);
    const drafts = withSubmissions ? await tx.query(lockNaming, [subjectIds, workspaceId, before, limit]) : [];
    const objectIds = [...linked, ...drafts].map(({ id }) => id);
    const isAll = linked.length < limit && drafts.length < limit;
    if (objectIds.length === 0) return { counts: {}, isAll };
    // Events of an older release name nobody: now they name the contact, so that erasure finds them.
    this.eventErasure.name(tx, objectIds, [contactId]);
    await ended([...linked, ...drafts]);
    if (withSubmissions) return { ...(await this.remove(tx, objectIds)), isAll };
    // The digests of their addresses stay: should the person come back and be erased again, the submissions are found.
    tx.write(unlink, [objectIds, subjectIds.filter((id) => id.startsWith('@'))]);
    return { counts: {}, objectIds, isAll };
  }

  private async remove(tx: Tx, ids: string[]): Promise<Omit<Erased, 'isAll'>> {
    const recordIds = await this.records.removeOf(tx, ids);
    const [messages] = await tx.query(countMessages, [ids]);
    const deleted = await tx.query(deleteMany, [ids]);
    const perBot = [...Map.groupBy(deleted, ({ intakeBotId }) => intakeBotId)];
    for (const [botId, gone] of perBot) this.intakeBots.addToTotal(tx, botId, -gone.length);
    const counts = { submissions: deleted.length, messages: messages?.count ?? 0, records: recordIds.length };
    return { counts, objectIds: [...ids, ...recordIds] };
  }
}
