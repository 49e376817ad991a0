// PostGraphile 5 on the same tables, with a schema and a create of its own making; no authentication, no limits.
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { ready } from './ready.mjs';

const { getSchema, createServ } = postgraphile({
  extends: [PostGraphileAmberPreset],
  // No pgSettings: without them it needs no transaction to read.
  pgServices: [
    makePgService({ connectionString: process.env.DATABASE_URL, schemas: ['public'], poolConfig: { max: 16 } }),
  ],
  grafast: { explain: false },
  // `outputDataAsString` was tried: no faster here.
  grafserv: { watch: false, graphiql: false, websockets: false },
});
await getSchema();
const server = createServer();
await createServ(grafserv).addTo(server);
server.listen(0, '127.0.0.1', () => ready(server.address().port));
