import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { takeOrphanedEndpoints } from '../store/read-open.js';

// Locked rows are skipped: whoever holds them is about to change who owns what, and there is a next time.
const takeFree = prepared<{ id: string }>(`
  with free as (
    select s.endpoint_id from webhook_endpoint_states s
    join webhook_endpoints e on e.id = s.endpoint_id and e.status = 'active' and e.deleted_at is null
    where s.endpoint_id = any($2) and s.owner is null
    for no key update of s skip locked
  )
  update webhook_endpoint_states s set owner = $1 from free where s.endpoint_id = free.endpoint_id
  returning s.endpoint_id as id
`);
const inherit = prepared<{ id: string }>(
  'update webhook_endpoint_states set owner = $1 where owner = any($2) and endpoint_id = any($3) returning endpoint_id as id',
);
const handOver = prepared('update webhook_endpoint_states set owner = $2 where owner = $1 and endpoint_id = any($3)');
const giveBack = prepared('update webhook_endpoint_states set owner = null where owner = $1 and endpoint_id = any($2)');

/** Which endpoints are this worker's: one worker at a time delivers to an endpoint, so that no delivery is marked. */
export class EndpointOwnership {
  constructor(private readonly database: Database) {}

  /** Those of these endpoints that are nobody's. */
  async takeFree(workerId: number, endpointIds: readonly string[]): Promise<string[]> {
    return (await this.database.query(takeFree, [workerId, endpointIds])).map(({ id }) => id);
  }

  /** Endpoints with something due to which no living worker delivers; `known` are those this worker has already. */
  async takeOrphans(workerId: number, now: number, known: readonly string[]): Promise<string[]> {
    return await takeOrphanedEndpoints(this.database, workerId, now, known);
  }

  /** What this worker had under its former ids, unless another has taken it since. */
  async inherit(workerId: number, formerIds: readonly number[], endpointIds: readonly string[]): Promise<string[]> {
    return (await this.database.query(inherit, [workerId, formerIds, endpointIds])).map(({ id }) => id);
  }

  /** Makes another worker the owner: that one finds at its next look what is its own and unknown to it. */
  async handOver(workerId: number, toId: number, endpointIds: readonly string[]): Promise<void> {
    if (endpointIds.length > 0) await this.database.query(handOver, [workerId, toId, endpointIds]);
  }

  async giveBack(workerId: number, endpointIds: readonly string[]): Promise<void> {
    if (endpointIds.length > 0) await this.database.query(giveBack, [workerId, endpointIds]);
  }
}
