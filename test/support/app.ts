import { randomBytes } from 'node:crypto';
import { hashPassword } from '../../src/accounts/password.js';
import { App, type ServerRole } from '../../src/app.js';
import { scopes, type Plan, type Scope } from '../../src/platform/actor.js';
import type { ConnectionLimits } from '../../src/http/connections.js';
import { readConfig } from '../../src/platform/config.js';
import { createLog, type Log } from '../../src/platform/log.js';
import { cloneDatabase } from './postgres.js';

export interface TestServer {
  app: App;
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  url: string;
  databaseUrl: string;
  secretsKey: string;
  stop: () => Promise<void>;
}

export interface TestServerOptions {
  role?: ServerRole;
  /** Settings as an operator would give them. */
  env?: Record<string, string>;
  /** Shorter than a test could wait, or lower than it could reach. */
  limits?: Partial<ConnectionLimits>;
  /** Another server's, to be its second process; it is not dropped at the end. */
  beside?: TestServer;
  /** One that the test made; it is not dropped at the end. */
  databaseUrl?: string;
  /** What the server logs to, for a test that reads it. */
  log?: Log;
}

/** A real server on a free port, with a database of its own, that may deliver to this machine. */
export async function startServer({
  role = 'all',
  env = {},
  limits = {},
  beside,
  databaseUrl: given = beside?.databaseUrl,
  log = createLog((env['LOG_LEVEL'] as 'info' | undefined) ?? 'silent'),
}: TestServerOptions = {}): Promise<TestServer> {
  const database = given === undefined ? await cloneDatabase() : null;
  const databaseUrl = given ?? database?.url ?? '';
  const secretsKey = beside?.secretsKey ?? randomBytes(32).toString('base64');
  const config = readConfig({
    PORT: '0',
    DATABASE_URL: databaseUrl,
    SECRETS_KEY: secretsKey,
    WEBHOOK_ALLOWED_CIDRS: '127.0.0.0/8',
    ...env,
  });
  const app = await App.open(config, log, role);
  await app.serve(role, limits);
  const stop = async () => {
    await app.stop();
    await database?.drop();
  };
  return { app, url: app.publicUrl, databaseUrl, secretsKey, stop };
}

export interface Tenant {
  workspaceId: string;
  owner: { id: string; email: string; password: string };
  /** A key with all scopes; empty on the FREE plan. */
  key: string;
}

const hashes = new Map<string, Promise<string>>();

/** As everybody's, but once for all who have this password: it takes a core a twentieth of a second. */
export async function hashOf(password: string): Promise<string> {
  const hash = hashes.get(password) ?? hashPassword(password);
  hashes.set(password, hash);
  return await hash;
}

let tenants = 0;

/** A workspace with its owner and a key. */
export async function createTenant(
  app: App,
  plan: Plan = 'BUSINESS',
  granted: readonly Scope[] = scopes,
): Promise<Tenant> {
  const email = `owner${++tenants}.${process.pid}@example.com`;
  const password = 'correct horse battery staple';
  const passwordHash = await hashOf(password);
  return await app.database.transaction(async (tx) => {
    const workspace = await app.workspaces.create(tx, `Tenant ${tenants}`, plan);
    const owner = { workspaceId: workspace.id, email, name: 'Owner', role: 'OWNER', passwordHash } as const;
    const user = await app.accounts.insert(tx, owner);
    const input = { name: 'Test', scopes: [...granted], allowedCidrs: [], documentsOnly: false };
    const secret = plan === 'FREE' ? '' : (await app.apiKeys.insert(tx, workspace.id, input)).secret;
    return { workspaceId: workspace.id, owner: { id: user.id, email, password }, key: secret };
  });
}
