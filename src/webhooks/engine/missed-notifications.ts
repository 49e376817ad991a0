import { firstWaiting } from '../../events/event.service.js';
import type { Database } from '../../platform/postgres/database.js';
import { pipelined } from '../../platform/postgres/statement.js';
import { leaseRuns } from '../store/live-workers.js';
import type { WorkerLoad } from '../policy/load-sharing.js';
import { editionOf, type EndpointSnapshot } from '../endpoints/endpoint-snapshot.js';

/** What lost notifications would have told. */
export interface Missed {
  /** The endpoints of those known that were changed since, or are gone. */
  changed: string[];
  /** How often events were blanked. */
  erasures: string;
  /** Whether events wait for fan-out. */
  eventsWait: boolean;
  /** The workers whose leases run, this one too. */
  workers: WorkerLoad[];
}

const selectMissed = pipelined<Missed>(`
  select erasures, array(
    select known.id from unnest($1::text[], $2::float8[]) as known (id, edition)
    where not exists (
      select from webhook_endpoints e join workspaces w on w.id = e.workspace_id
      where e.id = known.id and ${editionOf} = known.edition
    )
  ) as changed, exists (${firstWaiting}) as "eventsWait",
    (select coalesce(json_agg(json_build_object('id', id, 'behind', behind)), '[]') from webhook_workers w
     where ${leaseRuns}) as workers
  from webhook_fan_out
`);

export async function readMissed(
  database: Database,
  known: readonly Pick<EndpointSnapshot, 'endpointId' | 'edition'>[],
): Promise<Missed> {
  const values = [known.map(({ endpointId }) => endpointId), known.map(({ edition }) => edition)];
  const [missed] = await database.query(selectMissed, values);
  if (missed === undefined) throw new Error('webhook_fan_out has no row');
  return missed;
}
