import type { Tx } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';

const resetStates = prepared(`
  update webhook_endpoint_states
  set revision = revision + 1, consecutive_fails = 0, probing = true, probe_at = null, gate_until = null
  where endpoint_id = any($1)
`);
// Long ago, whatever clock is asked.
const makeDue = prepared(`
  update webhook_retries set due_at = 'epoch' where endpoint_id = any($1)
`);

/** For endpoints that are resumed: the count is 0, and what was held is due, the oldest alone at first. */
export function startAnew(tx: Tx, endpointIds: readonly string[]): void {
  tx.write(resetStates, [endpointIds]);
  tx.write(makeDue, [endpointIds]);
}
