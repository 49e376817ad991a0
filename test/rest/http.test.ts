import { expect } from 'chai';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createBot, createSubmission } from '../support/factories.js';
import { personAt, signIn } from '../support/people.js';

interface Raw {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

describe('REST over HTTP', () => {
  let server: TestServer;
  let tenant: Tenant;
  let client: Client;
  let submissions: string;

  /** As the bytes are: fetch would add headers of its own and undo encodings. */
  const raw = async (method: string, path: string, headers: Record<string, string> = {}, body?: Buffer | string) =>
    await new Promise<Raw>((resolve, reject) => {
      const sent = { Authorization: `Bearer ${tenant.key}`, ...headers };
      const outgoing = httpRequest(`${server.url}${path}`, { method, headers: sent }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes: Buffer.concat(chunks) }),
        );
      });
      outgoing.on('error', reject).end(body);
    });
  const codeOf = ({ bytes }: Raw) => (JSON.parse(bytes.toString()) as { error: { code: string } }).error.code;
  const json = { 'Content-Type': 'application/json' };

  before(async () => {
    server = await startServer();
    tenant = await createTenant(server.app);
    client = clientOf(server.url, tenant.key);
    const bot = await createBot(server.app, tenant.workspaceId);
    for (let made = 0; made < 30; made += 1) await createSubmission(server.app, bot);
    submissions = `/api/v1/intake-bots/${bot.id}/submissions`;
  });
  after(async () => await server.stop());

  describe('what is not there', () => {
    it('answers an unknown path with 404, and with 401 first to who has no key', async () => {
      const { status, body } = await client.rest('GET', '/nothing');
      expect(status).to.equal(404);
      expect(body.error).to.deep.include({ code: 'resource_not_found', details: { resource: 'route' } });
      const stranger = clientOf(server.url);
      expect((await stranger.rest('GET', '/nothing')).status).to.equal(401);
    });

    it('answers another method on a known path with 405 and the ones that it takes', async () => {
      const { status, headers, body } = await client.rest('DELETE', '/intake-bots');
      expect(status).to.equal(405);
      expect(headers.get('allow')).to.equal('GET, HEAD, OPTIONS');
      expect(body.error).to.deep.include({ code: 'method_not_allowed', details: {} });
      expect((await client.rest('PUT', '/nothing')).status).to.equal(404);
    });

    it('answers OPTIONS with what a path takes', async () => {
      const { status, headers } = await raw('OPTIONS', submissions);
      expect(status).to.equal(204);
      expect(headers.allow).to.equal('GET, HEAD, POST, OPTIONS');
    });

    it('takes one slash at the end for none', async () => {
      expect((await client.rest('GET', '/intake-bots/')).status).to.equal(200);
      expect((await client.rest('GET', '/intake-bots//')).status).to.equal(404);
    });
  });

  describe('bodies', () => {
    it('answers 415 to what is not JSON in UTF-8 as it is', async () => {
      const refused: Record<string, string>[] = [
        {},
        { 'Content-Type': 'text/plain' },
        { 'Content-Type': 'application/x-www-form-urlencoded' },
        { 'Content-Type': 'application/jsonp' },
        { 'Content-Type': 'application/json; charset=utf-16' },
        { 'Content-Type': 'application/json; charset="latin1"' },
        { 'Content-Type': 'application/json; charset=utf-8-mac' },
        { ...json, 'Content-Encoding': 'gzip' },
      ];
      for (const headers of refused) {
        const answer = await raw('POST', submissions, headers, '{}');
        expect(answer.status, JSON.stringify(headers)).to.equal(415);
        expect(codeOf(answer)).to.equal('unsupported_media_type');
      }
    });

    it('takes JSON in UTF-8 however that is spelled', async () => {
      for (const type of ['APPLICATION/JSON', 'application/json;charset=UTF8', 'application/json; charset="utf-8"']) {
        expect(codeOf(await raw('POST', submissions, { 'Content-Type': type }, '{}')), type).to.equal(
          'validation_failed',
        );
      }
    });

    it('names a thousand unknown fields and counts the rest, in valid Unicode', async () => {
      const fields = Array.from({ length: 50_000 }, (_, number) => [`k${number}`, 1]);
      const many = JSON.stringify(Object.fromEntries([[`${'x'.repeat(99)}😀`, 1], ...fields]));
      const { bytes } = await raw('POST', submissions, json, many);
      const { issues } = (JSON.parse(bytes.toString()) as { error: { details: { issues: { path: string }[] } } }).error
        .details;
      expect(issues).to.have.length(1_002);
      expect(issues.every(({ path }) => path.isWellFormed())).to.equal(true);
      expect(issues.find(({ path }) => path === '')).to.include({ message: 'has 49001 more unknown fields' });
    });

    it('answers 413 to more than 1 MiB, announced or not, and the connection stays good', async () => {
      const large = Buffer.alloc(1_048_577, 32);
      expect((await raw('POST', submissions, json, large)).status).to.equal(413);
      const chunked = await raw('POST', submissions, { ...json, 'Transfer-Encoding': 'chunked' }, large);
      expect(chunked.status).to.equal(413);
      expect(codeOf(chunked)).to.equal('payload_too_large');
    });

    it('takes exactly 1 MiB', async () => {
      const body = Buffer.alloc(1_048_576, 32);
      body.write('{}');
      expect((await raw('POST', submissions, json, body)).status).to.equal(400);
      expect(codeOf(await raw('POST', submissions, json, body))).to.equal('validation_failed');
    });

    it('answers 400 to broken JSON and broken UTF-8, before it looks at the scope', async () => {
      for (const body of ['', '{', '{"data":', Buffer.from([0x22, 0xff, 0x22])]) {
        const answer = await raw('POST', submissions, json, body);
        expect(answer.status).to.equal(400);
        expect(JSON.parse(answer.bytes.toString())).to.have.nested.property(
          'error.details.issues[0].code',
          'bad_format',
        );
      }
    });

    it('refuses what it could not give back: U+0000, half characters, numbers that no double holds', async () => {
      const texts: [body: string, path: string][] = [
        ['{"data":{"full_name":"a\\u0000"}}', 'data.full_name'],
        ['{"data":{"full_name":"\\ud800"}}', 'data.full_name'],
        ['{"data":{"guests":1e999}}', 'data.guests'],
        ['{"data":{"guests":1e-400}}', 'data.guests'],
        [`{"data":{"guests":-0.${'0'.repeat(330)}1}}`, 'data.guests'],
        ['{"data":{"guests":12345678901234567890}}', 'data.guests'],
        ['{"data":{"guests":9007199254740993}}', 'data.guests'],
        ['{"data":{"guests":-9007199254740993}}', 'data.guests'],
      ];
      for (const [body, path] of texts) {
        const { status, body: refusal } = await client.rest('POST', submissions.slice(7), body);
        expect(status, body).to.equal(400);
        // Beside what else is wrong, and once.
        const required = ['data.full_name', 'data.email'].filter((name) => !body.includes(name.slice(5)));
        expect(refusal.error.details.issues.map((issue: { path: string }) => issue.path)).to.have.members([
          path,
          ...required,
        ]);
      }
      const deep = `{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
      expect((await client.rest('POST', submissions.slice(7), deep)).status).to.equal(400);
    });

    it('gives numbers back as they were sent', async () => {
      const bot = await createBot(server.app, tenant.workspaceId, {
        schema: [{ name: 'n', type: 'number', required: true }],
      });
      const path = `/intake-bots/${bot.id}/submissions`;
      for (const n of [
        '0.1',
        '9007199254740992',
        '1e23',
        '100000000000000000000',
        '-1.5e-7',
        '5e-324',
        '0e-400',
        '1.7976931348623157e308',
      ]) {
        const { status, body } = await client.rest('POST', path, `{"data":{"n":${n}}}`);
        expect(status, n).to.equal(200);
        const { body: read } = await client.rest('GET', `${path}/${body.data.submission.id}`);
        expect(read.data.submission.data.n).to.equal(Number(n));
      }
    });
  });

  describe('odd requests', () => {
    const spoken = async (text: string): Promise<string> =>
      await new Promise((resolve, reject) => {
        const { hostname, port } = new URL(server.url);
        let heard = '';
        const socket = connect(Number(port), hostname, () => socket.write(text));
        socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
        socket.on('close', () => resolve(heard)).on('error', reject);
      });

    it('are answered in the envelope, even if they are no HTTP or all header', async () => {
      const garbage = await spoken('no such thing\r\n\r\n');
      expect(garbage).to.match(/^HTTP\/1.1 400 .*validation_failed/s);
      const large = await spoken(`GET / HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
      expect(large).to.match(/^HTTP\/1.1 413 .*X-Request-Id: .*payload_too_large/s);
    });

    it('are answered in the envelope without a Host, too', async () => {
      const heard = await spoken(`GET ${submissions} HTTP/1.1\r\nConnection: close\r\n\r\n`);
      expect(heard).to.match(/^HTTP\/1.1 400 .*X-Request-Id: .*"path":"Host"/s);
    });

    it('may expect what nobody knows, and name the whole address as to a proxy', async () => {
      const head = `Host: x\r\nConnection: close\r\nAuthorization: Bearer ${tenant.key}\r\n`;
      expect(await spoken(`GET ${submissions} HTTP/1.1\r\n${head}Expect: much\r\n\r\n`)).to.match(
        /^HTTP\/1.1 200 .*X-Request-Id: /s,
      );
      for (const address of [`http://x${submissions}?limit=1`, `HTTPS://x:1${submissions}?limit=1`]) {
        const heard = await spoken(`GET ${address} HTTP/1.1\r\n${head}\r\n`);
        expect(heard, address).to.match(/^HTTP\/1.1 200 .*"has_more":true/s);
      }
      expect(await spoken(`GET http://x?a HTTP/1.1\r\n${head}\r\n`)).to.match(/^HTTP\/1.1 200 .*"readyz":/s);
    });

    it('may offer HTTP/2 in passing', async () => {
      const { status } = await raw('GET', submissions, {
        Connection: 'Upgrade, HTTP2-Settings',
        Upgrade: 'h2c',
        'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA',
      });
      expect(status).to.equal(200);
    });

    it("get nowhere with a person's session: only keys count here", async () => {
      const person = personAt(server.url);
      await signIn(person, tenant.owner.email, tenant.owner.password);
      expect(person.cookie).not.to.equal(null);
      const headers = { Cookie: person.cookie ?? '', ...json };
      expect((await clientOf(server.url).rest('GET', '/intake-bots', undefined, headers)).status).to.equal(401);
    });
  });

  describe('request ids', () => {
    it("keeps the caller's own, and makes one for any other", async () => {
      expect((await raw('GET', submissions, { 'X-Request-Id': 'my-own_1.2' })).headers['x-request-id']).to.equal(
        'my-own_1.2',
      );
      for (const bad of ['a b', 'x'.repeat(129), 'x;y']) {
        const { headers } = await raw('GET', submissions, { 'X-Request-Id': bad });
        expect(headers['x-request-id']).to.match(/^[A-Za-z0-9._-]{1,128}$/);
        expect(headers['x-request-id']).not.to.equal(bad);
      }
    });
  });

  describe('validators and encodings', () => {
    it('answers HEAD as GET, without the body', async () => {
      const get = await raw('GET', submissions);
      const head = await raw('HEAD', submissions);
      expect(head.status).to.equal(200);
      expect(head.bytes).to.have.length(0);
      for (const name of ['etag', 'content-length', 'content-type', 'vary', 'cache-control']) {
        expect(head.headers[name], name).to.equal(get.headers[name]);
      }
      expect(head.headers['content-length']).to.equal(String(get.bytes.length));
    });

    it('compresses as the caller likes, with a strong validator for each encoding', async () => {
      const plain = await raw('GET', submissions);
      const gzip = await raw('GET', submissions, { 'Accept-Encoding': 'gzip' });
      const brotli = await raw('GET', submissions, { 'Accept-Encoding': 'gzip;q=0.5, br' });
      expect(plain.headers['content-encoding']).to.equal(undefined);
      expect(gzip.headers['content-encoding']).to.equal('gzip');
      expect(brotli.headers['content-encoding']).to.equal('br');
      expect(gunzipSync(gzip.bytes).equals(plain.bytes)).to.equal(true);
      expect(brotliDecompressSync(brotli.bytes).equals(plain.bytes)).to.equal(true);
      const etags = [plain, gzip, brotli].map(({ headers }) => headers.etag ?? '');
      expect(new Set(etags)).to.have.length(3);
      for (const etag of etags) expect(etag).to.match(/^"[\w-]+"$/);
      for (const { headers } of [plain, gzip, brotli]) expect(headers.vary).to.equal('Accept-Encoding');
    });

    it('sends the bytes as they are to who wants no encoding of ours', async () => {
      for (const accepted of ['identity', 'deflate', 'gzip;q=0, br;q=0', 'gzip;q=0.5, identity;q=1', '*;q=0']) {
        const { headers } = await raw('GET', submissions, { 'Accept-Encoding': accepted });
        expect(headers['content-encoding'], accepted).to.equal(undefined);
      }
      expect((await raw('GET', submissions, { 'Accept-Encoding': '*' })).headers['content-encoding']).to.equal('br');
    });

    it('answers 304 to who has it already in that encoding, and counts it like any request', async () => {
      const encoded = { 'Accept-Encoding': 'gzip' };
      const first = await raw('GET', submissions, encoded);
      const etag = first.headers.etag ?? '';
      const again = await raw('GET', submissions, { ...encoded, 'If-None-Match': `"other", W/${etag}` });
      expect(again.status).to.equal(304);
      expect(again.bytes).to.have.length(0);
      expect(again.headers.etag).to.equal(etag);
      expect(Number(again.headers['x-ratelimit-remaining'])).to.equal(
        Number(first.headers['x-ratelimit-remaining']) - 1,
      );
      expect((await raw('GET', submissions, { 'If-None-Match': etag })).status).to.equal(200);
      expect((await raw('GET', submissions, { 'If-None-Match': '*' })).status).to.equal(304);
    });

    it('has another validator once anything changed', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const path = `/api/v1/intake-bots/${bot.id}`;
      const before = await raw('GET', path);
      expect((await raw('GET', path, { 'If-None-Match': before.headers.etag ?? '' })).status).to.equal(304);
      await client.rest('PATCH', path.slice(7), { name: 'Another name' });
      expect((await raw('GET', path, { 'If-None-Match': before.headers.etag ?? '' })).status).to.equal(200);
    });
  });

  describe('rate limit headers', () => {
    it('stand on every answer to a live key, errors included, in both spellings', async () => {
      for (const path of ['/api/v1/intake-bots', '/api/v1/nothing', '/api/v1/intake-bots?limit=0']) {
        const { headers } = await raw('GET', path);
        expect(headers['x-ratelimit-limit']).to.equal('500');
        const remaining = Number(headers['x-ratelimit-remaining']);
        expect(remaining).to.be.within(0, 499);
        expect(Number(headers['x-ratelimit-reset'])).to.be.within(Date.now(), Date.now() + 61_000);
        expect(headers['ratelimit-policy']).to.equal('"plan";q=500;w=60');
        expect(headers['ratelimit']).to.match(new RegExp(`^"plan";r=${remaining};t=\\d+$`));
      }
    });

    it('refuse what is too much with the time to wait, and take nothing for it', async () => {
      const { key } = await createTenant(server.app, 'PRO');
      const limited = clientOf(server.url, key);
      for (let call = 0; call < 100; call += 1) expect((await limited.rest('GET', '/nothing')).status).to.equal(404);
      const { status, headers, body } = await limited.rest('GET', '/intake-bots');
      expect(status).to.equal(429);
      expect(body.error.code).to.equal('rate_limit_exceeded');
      expect(headers.get('retry-after')).to.equal(String(body.error.details.retry_after));
      expect(headers.get('x-ratelimit-remaining')).to.equal('0');
      const until = Number(/t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
      expect(body.error.details.retry_after).to.be.within(Math.max(1, until), 61);
    });
  });

  describe('CORS', () => {
    const preflight = {
      Origin: 'https://app.example.com',
      'Access-Control-Request-Method': 'POST',
      Authorization: '',
    };

    it('is off unless it is set', async () => {
      const answer = await raw('OPTIONS', submissions, preflight);
      expect(answer.status).to.equal(401);
      expect(answer.headers['access-control-allow-origin']).to.equal(undefined);
    });

    it('and everything else says each header once', async () => {
      const open = await startServer({ beside: server, env: { CORS_ORIGINS: 'https://app.example.com' } });
      try {
        const sent = {
          Authorization: `Bearer ${tenant.key}`,
          'X-Request-Id': 'Vary',
          Origin: 'https://app.example.com',
        };
        const asked: [method: string, path: string, headers: Record<string, string>][] = [
          ['GET', submissions, { 'Accept-Encoding': 'br' }],
          ['GET', submissions, { 'If-None-Match': '*' }],
          ['HEAD', submissions, {}],
          ['OPTIONS', submissions, {}],
          ['PUT', submissions, {}],
          ['GET', submissions, { Authorization: 'none' }],
        ];
        for (const [method, path, more] of asked) {
          const names = await new Promise<string[]>((resolve, reject) => {
            const outgoing = httpRequest(
              `${open.url}${path}`,
              { method, headers: { ...sent, ...more } },
              (response) => {
                response.resume();
                resolve(response.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()));
              },
            );
            outgoing.on('error', reject).end();
          });
          expect(names, method).to.include.members(['x-request-id', 'vary']);
          expect([...new Set(names)], method).to.deep.equal(names);
        }
      } finally {
        await open.stop();
      }
    });

    it('lets the named origins in, and no other', async () => {
      const open = await startServer({ beside: server, env: { CORS_ORIGINS: 'https://app.example.com' } });
      try {
        const headers = { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'POST' };
        const allowed = await fetch(`${open.url}/api/v1/intake-bots`, { method: 'OPTIONS', headers });
        expect(allowed.status).to.equal(204);
        expect(allowed.headers.get('access-control-allow-origin')).to.equal('https://app.example.com');
        expect(allowed.headers.get('access-control-allow-headers')).to.include('Idempotency-Key');
        expect(allowed.headers.get('access-control-allow-credentials')).to.equal(null);
        const read = await fetch(`${open.url}/api/v1/intake-bots`, {
          headers: { Origin: 'https://app.example.com', Authorization: `Bearer ${tenant.key}` },
        });
        expect(read.headers.get('access-control-expose-headers')).to.include('X-RateLimit-Remaining');
        expect(read.headers.get('vary')).to.equal('Origin, Accept-Encoding');
        await read.text();
        const other = await fetch(`${open.url}/api/v1/intake-bots`, {
          headers: { Origin: 'https://evil.example.com', Authorization: `Bearer ${tenant.key}` },
        });
        expect(other.headers.get('access-control-allow-origin')).to.equal(null);
        expect(other.headers.get('vary')).to.equal('Origin, Accept-Encoding');
        await other.text();
      } finally {
        await open.stop();
      }
    });
  });

  describe('a body that comes behind its answer', () => {
    it('is over with it: the connection goes on, however many there are', async () => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.setEncoding('utf8');
      const statuses: string[] = [];
      for (let asked = 0; asked < 40; asked += 1) {
        socket.write(
          'POST /api/v1/webhooks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n',
        );
        let answer = '';
        while (!/\r\n\r\n\{.*\}$/s.test(answer)) answer += String((await once(socket, 'data'))[0]);
        statuses.push(answer.slice(9, 12));
        socket.write('{}');
      }
      socket.destroy();
      expect([...new Set(statuses)]).to.deep.equal(['401']);
    });
  });

  describe('pages', () => {
    it('list more than 100 as 100, and refuse what is no number', async () => {
      const at = async (query: string) => await client.rest('GET', `${submissions.slice(7)}?${query}`);
      for (const limit of ['101', '1000000', '99999999999999999999']) {
        expect((await at(`limit=${limit}`)).body.data.submissions, limit).to.have.length(30);
      }
      for (const limit of ['0', '-1', '1.5', 'ten', '', '5&limit=6', '1?0']) {
        const { status, body } = await at(`limit=${limit}`);
        expect(status, limit).to.equal(400);
        expect(body.error.details.issues[0]).to.include({ path: 'limit' });
      }
      const { body } = await at('limit=0&cursor=nonsense');
      expect(body.error.details.issues.map((issue: { path: string }) => issue.path)).to.deep.equal(['limit', 'cursor']);
    });

    it('neither skip nor repeat while submissions come and go', async () => {
      const bot = await createBot(server.app, tenant.workspaceId);
      const made: string[] = [];
      for (let index = 0; index < 25; index += 1) made.push((await createSubmission(server.app, bot)).id);
      const path = `/intake-bots/${bot.id}/submissions`;
      const seen: string[] = [];
      let cursor: string | null = null;
      const gone = new Set<string>();
      do {
        const query: string = cursor === null ? 'limit=4' : `limit=4&cursor=${cursor}`;
        const { body } = await client.rest('GET', `${path}?${query}`);
        seen.push(...body.data.submissions.map(({ id }: { id: string }) => id));
        cursor = body.data.pagination.next_cursor;
        expect(body.data.pagination.has_more).to.equal(cursor !== null);
        // The row the cursor names goes, another that is still to come goes, and a new one comes.
        for (const id of [cursor ?? '', made[20 - seen.length] ?? '']) {
          gone.add(id);
          await server.app.database.pool.query('delete from submissions where id = $1', [id]);
        }
        await createSubmission(server.app, bot);
      } while (cursor !== null);
      expect(new Set(seen)).to.have.length(seen.length);
      const stayed = made.filter((id) => !gone.has(id));
      expect(seen).to.include.members(stayed);
      expect(seen.filter((id) => !made.includes(id))).to.deep.equal([]);
      expect(seen).to.deep.equal(seen.toSorted().toReversed());
    });

    it('refuse a cursor of another list', async () => {
      const { body } = await client.rest('GET', '/intake-bots?limit=1');
      const { id } = body.data.intake_bots[0];
      const { status } = await client.rest('GET', `/contacts?cursor=${id}`);
      expect(status).to.equal(400);
    });
  });
});
