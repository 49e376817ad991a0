// A bare node:http server that answers with one prepared statement's row; as `known` it also finds out who calls, by
// key, and counts the call. Its parent asks for the CPU it spent.
import { createServer } from 'node:http';
import 'reflect-metadata';

const [mode, url] = process.argv.slice(2);
const built = new URL('../../dist/', import.meta.url);
const load = async (path) => await import(new URL(path, built).href);
const { dataSourceFor } = await load('ormconfig.js');
const { Database, prepared } = await load('src/platform/database.js');
const { Signals } = await load('src/platform/signals.js');
const { Secrets } = await load('src/platform/secrets.js');
const { createLog } = await load('src/platform/log.js');
const { RateLimiter } = await load('src/http/rate-limit.js');
const { AuditService } = await load('src/audit/audit.service.js');
const { WorkspaceService } = await load('src/workspaces/workspace.service.js');
const { ApiKeyService } = await load('src/api-keys/api-key.service.js');

const log = createLog('silent');
const source = await dataSourceFor(url).initialize();
const database = new Database(source);
const signals = new Signals(database, url, log);
await signals.start();
const audit = new AuditService(database, new Secrets([Buffer.alloc(32)]));
const workspaces = new WorkspaceService(database, signals, audit);
const apiKeys = new ApiKeyService(database, signals, audit, log);
const limiter = new RateLimiter(database, signals, log);

const { workspace, secret } = await database.transaction(async (tx) => {
  const made = await workspaces.create(tx, 'Bench', 'BUSINESS');
  const input = { name: 'Bench', scopes: ['read:intake-bots'], allowedCidrs: [], documentsOnly: false };
  return { workspace: made, ...(await apiKeys.insert(tx, made.id, input)) };
});
const selectOne = prepared('select id, name, plan, created_at, updated_at from workspaces where id = $1');
const limit = 1_000_000;

const answer = async (request, response) => {
  const headers = { 'Content-Type': 'application/json' };
  if (mode === 'known') {
    const [, key = ''] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    const actor = await apiKeys.authenticate(key, { requestId: '', address: request.socket.remoteAddress ?? null });
    await limiter.take(actor.credentialId, limit, 1);
  }
  const [row] = await database.query(selectOne, [workspace.id]);
  response.writeHead(200, headers).end(JSON.stringify({ success: true, data: row }));
};
const server = createServer((request, response) => void answer(request, response));
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port, key: secret }));

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuUs: user + system });
});
process.once('disconnect', () => process.exit(0));
