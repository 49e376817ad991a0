import type { Statement } from '../../src/platform/postgres/statement.js';
import type { TestServer } from './app.js';

/** The texts of the statements that the server sent while `work` ran, TypeORM's aside. */
export async function statementsOf(server: TestServer, work: () => Promise<unknown>): Promise<string[]> {
  const { database } = server.app;
  const query = database.query.bind(database);
  const texts: string[] = [];
  database.query = async <Row extends object>(statement: Statement<Row>, values?: unknown[]) => {
    texts.push(statement.text);
    return await query(statement, values);
  };
  try {
    await work();
  } finally {
    database.query = query;
  }
  return texts;
}
