// A bare node:http server that answers with one prepared statement's row; as `known` it also finds out who calls, by
// key, and counts the call. Its parent asks for the CPU it spent.
import { createServer } from 'node:http';
import { built } from '../support/ground.mjs';

const [mode, url] = process.argv.slice(2);
const { dataSourceFor } = await built('ormconfig.js');
const { Database } = await built('src/platform/postgres/database.js');
const { prepared } = await built('src/platform/postgres/statement.js');
const { Notifications } = await built('src/platform/postgres/notifications.js');
const { Secrets } = await built('src/platform/secrets.js');
const { createLog } = await built('src/platform/log.js');
const { RateLimiter } = await built('src/http/rate-limit/rate-limiter.js');
const { AuditService } = await built('src/audit/audit.service.js');
const { WorkspaceService } = await built('src/workspaces/workspace.service.js');
const { SessionService } = await built('src/accounts/session.service.js');
const { ApiKeyService } = await built('src/api-keys/api-key.service.js');

const log = createLog('silent');
const source = await dataSourceFor(url).initialize();
const database = new Database(source);
const notifications = new Notifications(database, url, log);
await notifications.start();
const audit = new AuditService(database, new Secrets([Buffer.alloc(32)]));
const workspaces = new WorkspaceService(database, notifications, audit);
const sessions = new SessionService(database, notifications, log);
const apiKeys = new ApiKeyService(database, notifications, audit, sessions, log);
const limiter = new RateLimiter(database, notifications, log);

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
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}`, key: secret }));

process.on('message', () => process.send(process.cpuUsage()));
