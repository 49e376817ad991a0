import type { DataSource } from 'typeorm';
import { ConfigProblem } from '../config.js';

const versionMin = 15;

/** @throws ConfigProblem for a database with which everything would seem to work at first, and fail later */
export async function checkDatabase(source: DataSource): Promise<void> {
  const [{ version, encoding }] = await source.query<[{ version: string; encoding: string }]>(
    "select current_setting('server_version') as version, current_setting('server_encoding') as encoding",
  );
  const problems: string[] = [];
  if (parseInt(version) < versionMin) {
    problems.push(`DATABASE_URL must name a PostgreSQL ${versionMin} or later; this is ${version}.`);
  }
  if (encoding !== 'UTF8') {
    problems.push(
      `DATABASE_URL must name a database in UTF-8; this one is in ${encoding}. ` +
        "`create database iozen encoding 'UTF8' template template0` makes one.",
    );
  }
  if (problems.length > 0) throw new ConfigProblem(problems);
}
