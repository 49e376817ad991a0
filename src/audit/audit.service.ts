/** One file because what appends to a chain and what verifies it have to agree on every byte that is signed. */
import type { Actor, Origin } from '../platform/actor.js';
import { now } from '../platform/clock.js';
import type { Database, Tx } from '../platform/postgres/database.js';
import { byIds, columnsOf, prepared } from '../platform/postgres/statement.js';
import { idFloor, newId, nextMoment } from '../platform/id.js';
import { Conditions, countRows, readPage, type List, type Page } from '../platform/postgres/keyset-page.js';
import type { PageRequest } from '../platform/page-request.js';
import type { Secrets } from '../platform/secrets.js';
import type { StoredRows } from '../platform/postgres/stored-rows.js';
import { AuditEntry, type AuditAction } from './audit-entry.entity.js';

/** Who did it: a caller, or the system itself. */
export interface AuditedActor {
  kind: Actor['kind'] | 'system';
  id: string;
  workspaceId: string;
  origin: Origin | null;
}

/** The actor of changes that nobody asked for, such as a pause after failures. */
export const systemOf = (workspaceId: string): AuditedActor => ({
  kind: 'system',
  id: 'system',
  workspaceId,
  origin: null,
});

/** The actor of the command line, where it acts for nobody in the workspace. */
export const operatorIn = (workspaceId: string): AuditedActor => ({
  kind: 'operator',
  id: 'operator',
  workspaceId,
  origin: null,
});

export interface AuditEntryFilter {
  action?: readonly string[] | null;
  actorId?: string | null;
  subjectId?: string | null;
  createdAt?: { gte?: Date | null; lt?: Date | null } | null;
}

/** The end of a chain as somebody wrote it down: the number of entries, and the MAC of the last one. */
export interface ChainEnd {
  length: number;
  head: string;
}

export interface ChainVerdict {
  rows: number;
  /** The number of entries when the chain was looked at: an operator keeps this and `head` to verify the chain later. */
  length: number;
  head: string | null;
  ok: boolean;
  /** The id of the first entry that was altered or follows a missing one; `end` when the last ones are missing. */
  firstBad: string | null;
  /** The fingerprint of the key that signed `firstBad`, where `SECRETS_KEY` lacks that key and nothing can be verified. */
  missingKey?: string;
}

interface Chain {
  length: string;
  lastAt: Date;
  lastMac: string;
  mac: string;
}

const columns = columnsOf(AuditEntry, 'a');
const startChain = prepared(`
  insert into audit_chains (workspace_id, length, last_at, last_mac, mac) values ($1, 0, 'epoch', '', '')
  on conflict (workspace_id) do nothing
`);
const lockChain = prepared<Chain>(`
  select length, last_at as "lastAt", last_mac as "lastMac", mac from audit_chains where workspace_id = $1 for update
`);
const lastFrom = prepared<{ id: string }>(
  'select id from audit_entries where workspace_id = $1 and id >= $2 order by id desc limit 1',
);
const readChain = prepared<Chain>(`
  select length, last_at as "lastAt", last_mac as "lastMac", mac from audit_chains where workspace_id = $1
`);
const append = prepared(`
  with entry as (
    insert into audit_entries
      (id, workspace_id, number, created_at, actor_kind, actor_id, address, action, subject_id, details, mac)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  )
, counted as (
    insert into audit_lengths as l (workspace_id, length) values ($2, $3)
    on conflict (workspace_id) do update set length = greatest(l.length, excluded.length)
  )
  update audit_chains set length = $3, last_at = $4, last_mac = $11, mac = $12 where workspace_id = $2
`);
const readLength = prepared<{ length: string }>('select length from audit_lengths where workspace_id = $1');
const readHeads = prepared<{ length: string; head: string }>(
  'select length, head from audit_heads where workspace_id = $1 order by day',
);
const selectMany = prepared<AuditEntry>(`select ${columns} from audit_entries a where ${byIds('a')}`);
const selectDone = prepared<{ subjectId: string }>(`
  select distinct subject_id as "subjectId" from audit_entries
  where workspace_id = $1 and actor_id = $2 and action = any($3) and subject_id = any($4)
`);
const selectNext = prepared<AuditEntry & { detailsText: string }>(`
  select ${columns}, a.details::text as "detailsText" from audit_entries a
  where a.workspace_id = $1 and a.number > $2 order by a.number limit 1000
`);

export const storedAuditEntries: StoredRows = {
  table: 'audit_entries',
  bytes: '200 + pg_column_size(t.details)',
  owner: 'workspace_id',
};

/** Longer than any details of ours: an entry is kept for ever, so its length must have a bound. */
const detailsCharactersMax = 16_384;

/**
 * Records who did what to which thing, and from where. Each entry is chained to the one before, so that an entry which is
 * altered or taken out is noticed.
 */
export class AuditService {
  constructor(
    private readonly database: Database,
    private readonly secrets: Secrets,
  ) {}

  /**
   * Appends an entry, in the commit of the change that it records. From here to the commit the workspace's chain is
   * locked for everybody, so call it late in the transaction.
   * @param subjectId the id of the thing
   * @param details what the entry says, never a secret
   */
  async record(
    tx: Tx,
    actor: AuditedActor,
    action: AuditAction,
    subjectId: string,
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const { workspaceId } = actor;
    await tx.query(startChain, [workspaceId]);
    const [[chain], [last]] = await Promise.all([
      tx.query(lockChain, [workspaceId]),
      // Asked once the chain is locked. Usually no row comes: the last entry is older than the time.
      tx.query(lastFrom, [workspaceId, idFloor(now())]),
    ]);
    if (chain === undefined) throw new Error('the audit chain is gone');
    const number = Number(chain.length) + 1;
    const { at } = nextMoment(chain.lastAt);
    // The id is greater than the last entry's, so that the order of ids is the order of the chain.
    const id = newId('auditEntry', last?.id);
    const { kind, id: actorId, origin } = actor;
    const detailsText = shortened(JSON.stringify(details));
    const fields = [
      id,
      workspaceId,
      number,
      at,
      kind,
      actorId,
      origin?.address ?? null,
      action,
      subjectId,
      detailsText,
    ];
    const mac = this.secrets.sign(textOf(chain.lastMac, fields));
    await tx.query(append, [...fields, mac, this.secrets.sign(endOf(workspaceId, number, mac))]);
  }

  async list(actor: Actor, filter: AuditEntryFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    actor.requireRole('ADMIN');
    return await readPage<AuditEntry>(this.database, listOf(actor, filter), page);
  }

  async count(actor: Actor, filter: AuditEntryFilter): Promise<number> {
    actor.requireRole('ADMIN');
    return await countRows(this.database, listOf(actor, filter));
  }

  async getMany(actor: Actor, ids: readonly string[]): Promise<AuditEntry[]> {
    actor.requireRole('ADMIN');
    return await this.database.query(selectMany, [ids, actor.workspaceId]);
  }

  /** @returns the things among `subjectIds` to which somebody did one of these actions */
  async doneBy(
    actorId: string,
    workspaceId: string,
    actions: readonly AuditAction[],
    subjectIds: readonly string[],
  ): Promise<Set<string>> {
    const found = await this.database.query(selectDone, [workspaceId, actorId, actions, subjectIds]);
    return new Set(found.map(({ subjectId }) => subjectId));
  }

  /**
   * Reads the whole chain of a workspace, checks each link, and checks that the chain still reaches to what was known of
   * it: by the count in a table beside it, by the daily digests, and by what the caller has kept. No chain is empty, as
   * the creation of its workspace is an entry.
   * @param onRead is told now and then how many entries were read, of how many
   */
  async verify(
    workspaceId: string,
    kept: ChainEnd | null = null,
    onRead: (entries: number, of: number) => void = () => undefined,
  ): Promise<ChainVerdict> {
    // The end is read first, so that an entry which is appended from now on is not taken for missing.
    const [chain] = await this.database.query(readChain, [workspaceId]);
    const [counted] = await this.database.query(readLength, [workspaceId]);
    const heads = await this.database.query(readHeads, [workspaceId]);
    const length = Number(chain?.length ?? 0);
    const known = new Map(heads.map((each) => [Number(each.length), each.head]));
    const longest = Math.max(length, Number(counted?.length ?? 0), kept?.length ?? 0, ...known.keys());
    let [rows, lastMac, firstBeyond] = [0, '', 'end'];
    const verdict = (firstBad: string | null, mac?: string): ChainVerdict => {
      const missingKey = mac === undefined ? null : this.secrets.missingKey(mac);
      const told = { rows, length, head: chain?.lastMac ?? null, ok: firstBad === null, firstBad };
      return missingKey === null ? told : { ...told, missingKey };
    };
    for (;;) {
      const entries = await this.database.query(selectNext, [workspaceId, rows]);
      for (const entry of entries) {
        rows += 1;
        const { id, mac } = entry;
        if (Number(entry.number) !== rows || !this.fits(lastMac, entry)) return verdict(id, mac);
        if (rows === 1 && !isCreation(entry)) return verdict(id);
        if ((known.get(rows) ?? mac) !== mac || (rows === kept?.length && kept.head !== mac)) return verdict(id);
        if (rows === length && mac !== chain?.lastMac) return verdict(id);
        if (rows === length + 1) firstBeyond = id;
        lastMac = mac;
      }
      if (entries.length === 0) break;
      onRead(rows, Math.max(rows, longest));
    }
    if (chain === undefined || rows === 0 || rows < longest) return verdict('end');
    if (!this.secrets.verify(endOf(workspaceId, length, chain.lastMac), chain.mac)) return verdict('end', chain.mac);
    // Entries beyond the end that were not appended meanwhile show that somebody has put the end of the chain back.
    const [after] = await this.database.query(readChain, [workspaceId]);
    return verdict(Number(after?.length ?? 0) < rows ? firstBeyond : null);
  }

  private fits(lastMac: string, entry: AuditEntry & { detailsText: string }): boolean {
    const { id, workspaceId, number, createdAt, actorKind, actorId, address, action, subjectId, detailsText } = entry;
    const fields = [
      id,
      workspaceId,
      Number(number),
      createdAt,
      actorKind,
      actorId,
      address,
      action,
      subjectId,
      detailsText,
    ];
    return this.secrets.verify(textOf(lastMac, fields), entry.mac);
  }
}

const isCreation = ({ action, subjectId, workspaceId }: AuditEntry) =>
  action === 'workspace.created' && subjectId === workspaceId;

const shortened = (text: string) =>
  text.length <= detailsCharactersMax ? text : JSON.stringify({ omitted: `${text.length} characters` });

const textOf = (lastMac: string, fields: readonly unknown[]) => JSON.stringify(['audit', lastMac, ...fields]);

const endOf = (workspaceId: string, length: number, lastMac: string) =>
  JSON.stringify(['audit end', workspaceId, length, lastMac]);

function listOf(actor: Actor, filter: AuditEntryFilter): List {
  const where = new Conditions()
    .within('a.workspace_id = $?', actor.workspaceId)
    .and('a.action = any($?)', filter.action)
    .and('a.actor_id = $?', filter.actorId)
    .and('a.subject_id = $?', filter.subjectId)
    .createdIn('a', filter.createdAt);
  return { from: `${columns} from audit_entries a`, id: 'a.id', where, isForReplica: true };
}
