import { createHash } from 'node:crypto';
import { now } from '../platform/clock.js';
import type { Database } from '../platform/postgres/database.js';
import { unprepared, prepared } from '../platform/postgres/statement.js';
import type { Queue } from '../platform/postgres/jobs.js';
import type { Log } from '../platform/log.js';
import type { Secrets } from '../platform/secrets.js';

export const auditDigestQueue: Queue = { name: 'audit-digest' };
export const auditDigestCron = '17 0 * * *';

/** The ends of all chains of an installation on a day, in one line. */
export interface AuditDigest {
  day: string;
  /** How many chains had grown since the digest before. */
  workspaces: number;
  digest: string;
}

interface Head {
  workspaceId: string;
  length: string;
  head: string;
}

const headsAtOnce = 5_000;
const namedMax = 100;

const selectLast = prepared<AuditDigest>(`
  select day::text, workspaces, digest from audit_digests order by day desc limit 1
`);
const selectAll = prepared<AuditDigest>('select day::text, workspaces, digest from audit_digests order by day');
// While this lock is held nobody else makes a digest; entries are appended to the chains all the same.
const lock = prepared('lock table audit_digests in share row exclusive mode');
const insertHeads = unprepared(`
  insert into audit_heads (workspace_id, day, length, head)
  select c.workspace_id, $1, c.length, c.last_mac from audit_chains c
  left join lateral (
    select h.length from audit_heads h where h.workspace_id = c.workspace_id order by h.day desc limit 1
  ) h on true
  where c.length > coalesce(h.length, 0)
`);
const selectHeads = prepared<Head>(`
  select workspace_id as "workspaceId", length, head from audit_heads
  where day = $1 and workspace_id > $2 order by workspace_id limit ${headsAtOnce}
`);
const insertOne = prepared('insert into audit_digests (day, workspaces, digest) values ($1, $2, $3)');
const selectCut = unprepared<{ workspaceId: string }>(`
  select h.workspace_id as "workspaceId"
  from (select distinct on (workspace_id) workspace_id, length, head from audit_heads order by workspace_id, day desc) h
  join workspaces w on w.id = h.workspace_id
  left join audit_chains c on c.workspace_id = h.workspace_id
  where c.workspace_id is null or c.length < h.length or (c.length = h.length and c.last_mac <> h.head)
  order by 1 limit ${namedMax}
`);

/**
 * Keeps the ends of all chains outside of their table. The digest of a day is made of the ends of the chains that grew
 * and of the digest before; it is signed, kept, and written into the log, which whoever can write to the database cannot
 * change.
 */
export class AuditDigestService {
  constructor(
    private readonly database: Database,
    private readonly secrets: Secrets,
    private readonly log: Log,
  ) {}

  /** Makes the digest of a day (UTC), once, and writes it into the log, with chains that are shorter than a digest says. */
  async make(at = now()): Promise<AuditDigest | null> {
    const day = at.toISOString().slice(0, 10);
    const made = await this.database.transaction(async (tx) => {
      await tx.query(lock);
      const [last] = await tx.query(selectLast);
      if (last !== undefined && last.day >= day) return null;
      await tx.query(insertHeads, [day]);
      const { workspaces, text } = await textOf(day, last?.digest ?? '', async (after) =>
        tx.query(selectHeads, [day, after]),
      );
      const digest = this.secrets.sign(text);
      await tx.query(insertOne, [day, workspaces, digest]);
      return { day, workspaces, digest };
    });
    if (made !== null) this.log.info(made, 'audit digest');
    const cut = await this.database.query(selectCut);
    const workspaces = cut.map(({ workspaceId }) => workspaceId);
    if (cut.length > 0) this.log.error({ workspaces }, 'audit logs are shorter than a digest says');
    return made;
  }

  /**
   * Computes every digest again, from the ends that are kept and the digest before. The digest of a day must also stand
   * in the log of that day, which nobody in the database can alter. Null for a day that has no digest.
   * @param day null: the latest that has one
   * @param onDigest is told how many digests were computed, of how many
   */
  async recompute(
    day: string | null,
    onDigest: (digests: number, of: number) => void = () => undefined,
  ): Promise<DigestVerdict | null> {
    let before = '';
    let wanted: AuditDigest | null = null;
    let bad: { firstBad: string; missingKey?: string } | null = null;
    const all = await this.database.query(selectAll);
    for (const [at, kept] of all.entries()) {
      onDigest(at, all.length);
      const { workspaces, text } = await textOf(kept.day, before, async (after) =>
        this.database.query(selectHeads, [kept.day, after]),
      );
      const isSame = this.secrets.verify(text, kept.digest) && workspaces === kept.workspaces;
      const missingKey = this.secrets.missingKey(kept.digest);
      if (!isSame) bad ??= { firstBad: kept.day, ...(missingKey !== null && { missingKey }) };
      if (day === null || kept.day === day) {
        wanted = isSame ? kept : { day: kept.day, workspaces, digest: this.secrets.sign(text) };
      }
      before = kept.digest;
    }
    return wanted === null ? null : { ...wanted, ok: bad === null, firstBad: null, ...bad };
  }
}

export interface DigestVerdict extends AuditDigest {
  ok: boolean;
  /** The first day whose digest is not what was kept. */
  firstBad: string | null;
  /** The fingerprint of the key that signed the digest, where `SECRETS_KEY` lacks that key and nothing can be verified. */
  missingKey?: string;
}

/** The text that the signature of a digest is made over. */
async function textOf(
  day: string,
  before: string,
  headsAfter: (workspaceId: string) => Promise<Head[]>,
): Promise<{ workspaces: number; text: string }> {
  const hash = createHash('sha256');
  let workspaces = 0;
  let page: Head[] = [];
  do {
    page = await headsAfter(page.at(-1)?.workspaceId ?? '');
    for (const { workspaceId, length, head } of page) hash.update(JSON.stringify([workspaceId, length, head]));
    workspaces += page.length;
  } while (page.length === headsAtOnce);
  return { workspaces, text: JSON.stringify(['audit digest', day, before, workspaces, hash.digest('hex')]) };
}
