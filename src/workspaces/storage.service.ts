import { now } from '../platform/clock.js';
import type { Database } from '../platform/postgres/database.js';
import { prepared } from '../platform/postgres/statement.js';
import type { Queue } from '../platform/postgres/jobs.js';
import type { Log } from '../platform/log.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { bytesOfOwners, type StoredRows } from '../platform/postgres/stored-rows.js';
import type { Plan } from '../platform/actor.js';
import { isFull } from './plans.js';
import { workspaceChanged } from './workspace.service.js';

/** Not tried again, as the next hour's job measures anew; and given hours, as a second one beside it is of no use. */
export const storageQueue: Queue = { name: 'storage-measure', retryLimit: 0, expireInSeconds: 21_600 };
export const storageCron = '37 * * * *';

const workspacesAtOnce = 1_000;

const selectNext = prepared<{ id: string; plan: Plan; storedBytes: number }>(`
  select id, plan, stored_bytes as "storedBytes" from workspaces where id > $1 order by id limit $2
`);
// Skips the row of a workspace that somebody is changing, until the next measure.
const writeMany = prepared<{ id: string }>(`
  with free as (
    select w.id, m.bytes from workspaces w join unnest($1::text[], $2::float8[]) as m (id, bytes) on m.id = w.id
    for no key update of w skip locked
  )
  update workspaces w set stored_bytes = free.bytes, stored_measured_at = $3 from free where w.id = free.id
  returning w.id
`);

/** Measures every hour what each workspace stores, so that a change costs no more than a look at the last measure. */
export class StorageService {
  private readonly stopping = new AbortController();

  constructor(
    private readonly database: Database,
    private readonly notifications: Notifications,
    private readonly log: Log,
    private readonly stored: readonly StoredRows[],
  ) {}

  async measure(): Promise<void> {
    const startMs = performance.now();
    const bytesOf = await bytesOfOwners(this.database, this.stored, this.stopping.signal);
    let workspaces = 0;
    for (let after = ''; ;) {
      const page = await this.database.query(selectNext, [after, workspacesAtOnce]);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.id;
      workspaces += page.length;
      const measured = page.map(({ id }) => bytesOf.get(id) ?? 0);
      await this.database.query(writeMany, [page.map(({ id }) => id), measured, now()]);
      for (const [index, { id, plan, storedBytes }] of page.entries()) {
        const bytes = measured[index] ?? 0;
        // Every process hears at once that a workspace is full, or no longer; other changes are noticed soon enough.
        if (isFull(plan, bytes) !== isFull(plan, storedBytes)) this.notifications.send(workspaceChanged, id);
      }
    }
    const ms = Math.round(performance.now() - startMs);
    this.log.info({ workspaces, ms }, 'what workspaces store was measured');
  }

  stop(): void {
    this.stopping.abort();
  }
}
