import { PgBoss } from 'pg-boss';

/** pg-boss on somebody's connections, as a test or another program may use it: to look at jobs and schedules, or to send. */
export function jobsOn(connection: {
  query: (text: string, values?: unknown[]) => Promise<{ rows: unknown[] }>;
}): PgBoss {
  return new PgBoss({
    db: { executeSql: async (text, values) => await connection.query(text, values) },
    openTelemetry: { enabled: false },
  });
}
