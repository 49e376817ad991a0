import pg from 'pg';
import type { Database, Tx } from '../../src/platform/postgres/database.js';
import type { Statement } from '../../src/platform/postgres/statement.js';

export interface Sent {
  text: string;
  values: unknown[];
}

/** What a piece of code would send to a database, in order, to be run or explained elsewhere. Every answer is empty. */
export async function sentBy(work: (database: Database, tx: Tx) => Promise<unknown>): Promise<Sent[]> {
  const sent: Sent[] = [];
  const write = ({ text }: Statement<object>, values: unknown[] = []) => void sent.push({ text, values });
  const query = async (statement: Statement<object>, values?: unknown[]) => {
    write(statement, values);
    return [];
  };
  const tx = { query, write } as unknown as Tx;
  const connection = () => ({
    query: async ({ text, values }: Sent) => {
      sent.push({ text, values });
      return { rows: [{ isCurrent: true, events: 0, workspaceIds: [], endpointIds: [] }] };
    },
  });
  const transaction = async (run: (tx: Tx) => Promise<unknown>) => await run(tx);
  // Whoever cannot go on with an empty answer has sent what it sends first.
  await work({ query, transaction, connection } as unknown as Database, tx).catch(() => undefined);
  return sent;
}

interface Step {
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Step[];
}

/** PostgreSQL plans a statement for its values so often, before it may plan it once for all. */
const plannedAlone = 5;

/** Runs a statement as often as makes its plan the lasting one; @returns how many rows all steps of it looked at. */
export async function rowsRead(pool: pg.Pool, { text, values }: Sent): Promise<number> {
  const client = await pool.connect();
  try {
    const literals = values.map((value) =>
      pg.escapeLiteral(value instanceof Date ? value.toISOString() : String(value)),
    );
    const execution = `execute explained(${literals.join(', ')})`;
    await client.query(`prepare explained as ${text}`);
    for (let time = 0; time <= plannedAlone; time += 1) await client.query(execution);
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Step }] }>(
      `explain (analyze, format json) ${execution}`,
    );
    return total(rows[0]!['QUERY PLAN'][0].Plan);
  } finally {
    client.release(true);
  }
}

function total(step: Step): number {
  const own = (step['Actual Rows'] + (step['Rows Removed by Filter'] ?? 0)) * step['Actual Loops'];
  return (step.Plans ?? []).reduce((sum, part) => sum + total(part), own);
}
