import type { Counter, Histogram } from 'prom-client';
import type { Metrics } from '../platform/metrics.js';
import type { Database } from '../platform/postgres/database.js';

const secondsBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The GraphQL operation of a request, for metrics and traces. */
export interface AskedOperation {
  type: 'query' | 'mutation' | 'subscription';
  /** The client's own name for it: for traces alone, as anybody may make up names without end. */
  name: string | null;
  /** `refused` until something else is known. */
  outcome: 'data' | 'errors' | 'refused';
}

interface EndedRequest {
  method: string;
  path: string;
  /** The route's own text, such as `/api/v1/intake-bots/{id}`; null where none was matched. */
  route: string | null;
  status: number;
  ms: number;
  operation: AskedOperation | null;
}

/** How many requests there were, how long they took and how they ended. No caller can add a series: every label is ours. */
export class RequestMetrics {
  private readonly requests: Histogram<'door' | 'route' | 'method' | 'status'>;
  private readonly operations: Histogram<'type' | 'outcome'>;
  private readonly limited: Counter<'door'>;

  constructor(metrics: Metrics, database: Pick<Database, 'poolStates' | 'replicaReads'>) {
    this.requests = metrics.histogram({
      name: 'iozen_http_request_duration_seconds',
      help: 'From the head of a request to the end of its answer; 499: the caller left before.',
      labelNames: ['door', 'route', 'method', 'status'],
      buckets: secondsBounds,
    });
    this.operations = metrics.histogram({
      name: 'iozen_graphql_operation_duration_seconds',
      help: 'Of the operations over HTTP: how long their requests took, and what they were answered with.',
      labelNames: ['type', 'outcome'],
      buckets: secondsBounds,
    });
    this.limited = metrics.counter({
      name: 'iozen_rate_limited_total',
      help: 'Requests that were refused for want of points.',
      labelNames: ['door'],
    });
    this.countReplicaReads(metrics, database);
    metrics.gauge({
      name: 'iozen_db_pool_connections',
      help: 'Connections to the database, by the pool that holds them.',
      labelNames: ['pool', 'state'],
      collect() {
        for (const { pool, total, idle } of database.poolStates()) {
          this.set({ pool, state: 'idle' }, idle);
          this.set({ pool, state: 'busy' }, total - idle);
        }
      },
    });
    metrics.gauge({
      name: 'iozen_db_pool_waiting',
      help: 'What waits for a connection to the database, by pool.',
      labelNames: ['pool'],
      collect() {
        for (const { pool, waiting } of database.poolStates()) this.set({ pool }, waiting);
      },
    });
  }

  /** Nothing where there is no replica. */
  private countReplicaReads(metrics: Metrics, database: Pick<Database, 'replicaReads'>): void {
    if (database.replicaReads === null) return;
    metrics.counter({
      name: 'iozen_db_replica_reads_total',
      help: 'Reads that a replica might answer, by what became of them; all but the served ones went to the primary.',
      labelNames: ['outcome'],
      collect() {
        this.reset();
        for (const [outcome, reads] of Object.entries(database.replicaReads ?? {})) this.inc({ outcome }, reads);
      },
    });
  }

  count({ method, path, route, status, ms, operation }: EndedRequest): void {
    const door = doorOf(path);
    const labels = { door, route: route ?? 'none', method: methods.has(method) ? method : 'other', status };
    this.requests.observe(labels, ms / 1_000);
    if (status === 429) this.limited.inc({ door });
    if (operation !== null) {
      this.operations.observe({ type: operation.type, outcome: operation.outcome }, ms / 1_000);
    }
  }
}

function doorOf(path: string): string {
  const [, first = ''] = path.split('/', 2);
  if (first === 'api') return 'rest';
  return ['graphql', 'console', 'docs', 'mcp'].includes(first) ? first : 'other';
}
