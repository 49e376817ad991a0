import { ConfigProblem } from '../config.js';
import { errorCode, isConnectionLoss } from '../errors.js';

/** What to do, by what PostgreSQL or the socket tells an error by. */
const advice: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: is PostgreSQL running, and are host and port right?',
  ENOTFOUND: 'The host has no address: is its name right?',
  EAI_AGAIN: 'The host has no address just now: is its name right, and does the resolver answer?',
  ETIMEDOUT: 'Nothing answers there: are host and port right, and does a firewall let this machine through?',
  '28P01': 'Put right the user or the password in it.',
  '28000': 'Put right the user in it, or let that user in by pg_hba.conf.',
  '3D000': "`create database NAME encoding 'UTF8' template template0` makes one.",
  '42501': 'Its user has to own the database, or may at least create in the schema public.',
};

/** What pg says without a code. */
const uncoded: readonly [said: RegExp, hint: string][] = [
  [/client password must be a/, 'The server asks for a password, which the URL does not have.'],
  [/does not support SSL/, 'Turn on ssl in PostgreSQL, or write sslmode=disable.'],
];

/** Why the database that DATABASE_URL names cannot be opened, in a sentence that names the setting; a bug as it was. */
export function unusableDatabase(thrown: unknown): unknown {
  if (thrown instanceof ConfigProblem || !(thrown instanceof Error)) return thrown;
  const code = errorCode(thrown);
  const hint = uncoded.find(([said]) => said.test(thrown.message))?.[1] ?? advice[code] ?? '';
  if (hint === '' && !isConnectionLoss(thrown)) return thrown;
  const [of = thrown] = thrown instanceof AggregateError ? (thrown.errors as Error[]) : [];
  return new Error(`The database that DATABASE_URL names cannot be used: ${of.message}. ${hint}`.trimEnd(), {
    cause: thrown,
  });
}
