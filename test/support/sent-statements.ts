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
