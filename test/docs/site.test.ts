import { expect } from 'chai';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import {
  getVariableValues,
  isScalarType,
  isSpecifiedScalarType,
  parse,
  validate,
  type OperationDefinitionNode,
} from 'graphql';
import { graphqlOperations } from '../../src/docs/graphql-reference.js';
import { sampleOf } from '../../src/docs/graphql-samples.js';
import { plain } from '../../src/docs/html.js';
import { operationsOf, type NamedOperation, type OpenApi } from '../../src/docs/open-api.js';
import { restSamples } from '../../src/docs/rest-samples.js';
import { graphqlSchema } from '../../src/graphql/schema.js';
import { eventTypes } from '../../src/events/event-type.js';
import { restRoutes } from '../../src/rest/routes.js';
import { startServer, type TestServer } from '../support/app.js';
import { createDemoWorkspace } from '../support/demo-workspace.js';

const pageBytesMax = 60_000;
const schema = graphqlSchema(null);

interface Page {
  html: string;
  ids: ReadonlySet<string>;
}

describe('the docs site', () => {
  let server: TestServer;
  /** Every page that can be reached from the first one, by its path. */
  const pages = new Map<string, Page>();
  const links: { from: string; to: URL }[] = [];

  before(async () => {
    server = await startServer();
    const waiting = ['/docs'];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (pages.has(path)) continue;
      const response = await fetch(server.url + path);
      expect(response.status, path).to.equal(200);
      const html = await response.text();
      const isHtml = response.headers.get('content-type')?.startsWith('text/html') === true;
      if (path.startsWith('/docs')) {
        pages.set(path, { html: isHtml ? html : '', ids: new Set(all(html, / id="([^"]+)"/g)) });
        if (isHtml) expect(response.headers.get('content-security-policy')).to.include("default-src 'none'");
      } else pages.set(path, { html: '', ids: new Set() });
      if (!isHtml || !path.startsWith('/docs')) continue;
      for (const href of all(html, /(?:href|src)="([^"]+)"/g)) {
        if (/^(https?:|data:)/.test(href)) continue;
        const to = new URL(href.replaceAll('&amp;', '&'), server.url + path);
        links.push({ from: path, to });
        // The console is a build of its own.
        if (to.pathname !== '/console') waiting.push(to.pathname);
      }
    }
  });
  after(async () => await server.stop());

  const html = () => [...pages].filter(([, page]) => page.html !== '');

  it('has no dead link, and no link to a place that is not there', () => {
    expect(links.length).to.be.greaterThan(5_000);
    const dead = links.filter(
      ({ to }) => to.hash !== '' && pages.get(to.pathname)?.ids.has(to.hash.slice(1)) === false,
    );
    expect([...new Set(dead.map(({ from, to }) => `${from} → ${to.pathname}${to.hash}`))]).to.deep.equal([]);
  });

  it('is where the console, what agents are told, messages and the package lead to', async () => {
    const files = ['console/src', 'src'].map(async (folder) => {
      const names = await readdir(folder, { recursive: true });
      return names.filter((name) => /\.tsx?$/.test(name)).map((name) => join(folder, name));
    });
    const texts = [...(await Promise.all(files)).flat(), 'packages/webhooks/README.md', 'schema.graphql'].map(
      async (file) => [file, await readFile(file, 'utf8')] as const,
    );
    // Those of pages that are named as they stand; others are put together.
    const named = (await Promise.all(texts)).flatMap(([file, text]) =>
      all(text, /(?<=["'`\s(])(\/docs\/[a-z][\w/-]*(?:#[\w-]+)?)(?=["'`\s:,);]|\.(?!\w))/g).map((address) => ({
        file,
        address,
      })),
    );
    expect(named.length).to.be.greaterThan(10);
    const dead = named.filter(({ address }) => {
      const [path = '', heading] = address.split('#');
      const page = pages.get(path);
      return page === undefined || (heading !== undefined && !page.ids.has(heading));
    });
    expect(dead).to.deep.equal([]);
  });

  it('gives no two things of a page one id', () => {
    for (const [path, page] of html()) {
      const ids = all(page.html, / id="([^"]+)"/g);
      expect(ids.length, path).to.equal(new Set(ids).size);
    }
  });

  it('loads nothing from elsewhere, and runs its own script alone', () => {
    for (const [path, page] of html()) {
      expect(all(page.html, /<script([^>]*)>/g), path).to.deep.equal([' src="/docs/page.js"']);
      expect(page.html, path).not.to.match(/<img|src="http|@import|style="/);
    }
  });

  it('finds what integrators look for by the words that they type', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'iozen-search-'));
    const program = await (await fetch(`${server.url}/docs/search.js`)).text();
    const here = program
      .replace("'./minisearch.js'", JSON.stringify(import.meta.resolve('minisearch')))
      .replace("'/docs/search.json'", JSON.stringify(`${server.url}/docs/search.json`));
    await writeFile(join(directory, 'search.mjs'), here);
    const { open } = (await import(pathToFileURL(join(directory, 'search.mjs')).href)) as {
      open: () => Promise<(words: string) => { href: string }[]>;
    };
    const search = await open();
    await rm(directory, { recursive: true });
    for (const [words, path] of [
      ['gdpr', '/docs/personal-data'],
      ['signature mismatch', '/docs/webhook-troubleshooting'],
      ['invalid signature', '/docs/webhook-troubleshooting'],
      ['retries', '/docs/webhook-troubleshooting'],
      ['localhost', '/docs/webhooks'],
      ['ngrok', '/docs/webhooks'],
      ['rotate secret', '/docs/webhooks'],
      ['nestjs', '/docs/webhooks'],
      ['typescript', '/docs/webhooks'],
      ['codegen', '/docs/graphql'],
      ['sse', '/docs/graphql'],
      ['websocket', '/docs/graphql'],
      ['backfill', '/docs/syncing'],
      ['export', '/docs/syncing'],
      ['postman', '/docs/getting-started'],
      ['429', '/docs/rate-limits'],
      ['cors', '/docs/authentication'],
    ] as const) {
      const found = search(words).slice(0, 3);
      expect(
        found.map(({ href }) => href.split('#')[0]),
        words,
      ).to.include(path);
    }
  });

  it('costs at most 60 kB a page, with its style and scripts', async () => {
    const compressed = async (path: string) => {
      const text = await (await fetch(server.url + path)).text();
      return brotliCompressSync(text).length;
    };
    const files = ['style.css', 'page.js', 'search.js', 'minisearch.js'];
    const sizes = await Promise.all(files.map(async (name) => await compressed(`/docs/${name}`)));
    const shared = sizes.reduce((sum, size) => sum + size, 0);
    for (const [path, page] of html()) {
      expect(shared + brotliCompressSync(page.html).length, path).to.be.below(pageBytesMax);
    }
  });

  it('has every operation of REST, with programs that call it', () => {
    const page = pages.get('/docs/reference/rest')?.html ?? '';
    for (const { method, path, summary } of restRoutes(server.app)) {
      const template = path.replace(/:(\w+)/g, '{$1}');
      const id = summary.toLowerCase().replace(/ (\w)/g, (_, letter: string) => letter.toUpperCase());
      expect(page, id).to.include(`id="${id}"`).and.include(`>${method}</b> <code`).and.include(template);
    }
    const count = restRoutes(server.app).length;
    for (const name of ['curl', 'Node.js', 'Python']) {
      expect(all(page, new RegExp(`(<figcaption>${name}</figcaption>)`, 'g')), name).to.have.length(count);
    }
  });

  it('has programs beside each operation of REST that do what they say', async function () {
    this.timeout(120_000);
    const key = await createDemoWorkspace(server.app);
    const document = await (await fetch(`${server.url}/api/v1/openapi.json`)).json();
    // What deletes comes last, as others need what it takes.
    const operations = operationsOf(document as OpenApi).toSorted((one, other) => rankOf(one) - rankOf(other));
    const directory = await mkdtemp(join(tmpdir(), 'iozen-docs-'));
    const env = { PATH: process.env['PATH'] ?? '', IOZEN_URL: server.url, IOZEN_API_KEY: key };
    const commands = { sh: ['sh', '-eu'], js: [process.execPath], python: ['python3'] };
    for (const operation of operations) {
      const isOnce = operation.method === 'DELETE';
      for (const { language, text } of restSamples(operation).slice(0, isOnce ? 1 : 3)) {
        const [command = '', ...args] = commands[language as keyof typeof commands];
        if (spawnSync(command, ['-h']).error !== undefined) continue;
        const file = join(directory, language === 'js' ? 'sample.mjs' : 'sample');
        // The same body, in other bytes each: three requests.
        await writeFile(file, text.replace(/(Idempotency-Key\W+)/, `$1${language}-`));
        await promisify(execFile)(command, [...args, file], { env }).catch((error: unknown) => {
          throw new Error(`${language} of ${operation.operationId}: ${(error as { stderr: string }).stderr}\n${text}`);
        });
      }
    }
    await rm(directory, { recursive: true, force: true });
  });

  it('has a page for each operation of GraphQL, with a sample that the schema takes', () => {
    const operations = graphqlOperations(schema);
    expect(operations.length).to.be.greaterThan(80);
    for (const { kind, field, path } of operations) {
      expect(pages.has(path), path).to.equal(true);
      const { query, variables } = sampleOf(kind, field);
      const document = parse(query);
      expect(validate(schema, document), query).to.deep.equal([]);
      const [definition] = document.definitions as OperationDefinitionNode[];
      const { errors } = getVariableValues(schema, definition?.variableDefinitions ?? [], variables);
      expect(errors, `${field.name} ${JSON.stringify(variables)}`).to.equal(undefined);
      expect(pages.get(path)?.html, path).to.include(`/graphql/explorer?query=${kind}%20`);
    }
  });

  it('describes every type of GraphQL in one place', () => {
    const written = html().flatMap(([path, { ids }]) => (path.includes('/graphql/types/') ? [...ids] : []));
    const roots = ['Query', 'Mutation', 'Subscription'];
    const types = Object.keys(schema.getTypeMap()).filter((name) => !name.startsWith('__') && !roots.includes(name));
    for (const name of types)
      expect(
        written.filter((id) => id === name),
        name,
      ).to.have.length(1);
    // What fits no other pattern stands with people.
    const people = pages.get('/docs/reference/graphql/types/people')?.ids ?? new Set();
    expect([...people].filter((id) => /Redeliver|Destination|Token|Range/.test(id))).to.deep.equal([]);
  });

  it('says of every scalar of ours by what it is specified', () => {
    const scalars = Object.values(schema.getTypeMap())
      .filter(isScalarType)
      .filter((type) => !isSpecifiedScalarType(type));
    expect(scalars.map(({ name }) => name)).to.include.members(['DateTime', 'JSONObject', 'Scope', 'EventType']);
    for (const { name, specifiedByURL, description } of scalars) {
      if (typeof specifiedByURL === 'string') {
        expect(pages.get('/docs/reference/graphql/types/basics')?.html, name).to.include(`href="${specifiedByURL}"`);
        continue;
      }
      const [, path = '', id] = /Described at `([^#`]+)(?:#([^`]+))?`/.exec(description ?? '') ?? [];
      const page = pages.get(path) ?? expect.fail(`${name} says nowhere where its values are described`);
      if (id !== undefined) expect([...page.ids], name).to.include(id);
    }
  });

  it('shows a whole payload of every type of event', () => {
    const page = pages.get('/docs/reference/events')?.html.replace(/<[^>]+>/g, '');
    for (const type of eventTypes) expect(page).to.include(`&quot;type&quot;: &quot;${type}&quot;`);
  });

  it('lists on every page all guides and all operations of REST', async () => {
    const paths = (await (await fetch(`${server.url}/llms.txt`)).text()).match(/\/docs\/[\w/-]+(?=\.md\))/g) ?? [];
    expect(paths.length).to.be.at.least(16);
    for (const [path, page] of html()) {
      for (const guide of paths) expect(page.html, path).to.include(`href="${guide}"`);
      expect(all(page.html, /<b class="method/g), path).to.have.length.at.least(restRoutes(server.app).length);
    }
  });

  it('gives each guide as it is written, for programs, and lists what there is in llms.txt', async () => {
    const guide = await fetch(`${server.url}/docs/webhooks.md`);
    expect(guide.headers.get('content-type')).to.equal('text/markdown; charset=utf-8');
    expect(await guide.text()).to.equal(await readFile('docs/webhooks.md', 'utf8'));
    for (const at of ['/llms.txt', '/docs/llms.txt']) {
      const listing = await (await fetch(server.url + at)).text();
      expect(listing).to.match(/^# ioZen\n\n> /);
      for (const url of all(listing, /\]\((http[^)]+)\)/g)) {
        expect((await fetch(url)).status, url).to.equal(200);
      }
    }
  });

  it('gives each page of the references as Markdown that says what the page says', async () => {
    const references = html().filter(([path]) => path.startsWith('/docs/reference'));
    expect(references.length).to.be.greaterThan(90);
    const wordsOf = (text: string) => new Set(text.match(/[\w.@$]{4,}/g));
    for (const [path, page] of references) {
      expect(page.html, path).to.include(`<link rel="alternate" type="text/markdown" href="${path}.md">`);
      const response = await fetch(`${server.url}${path}.md`);
      expect(response.status, path).to.equal(200);
      expect(response.headers.get('content-type')).to.equal('text/markdown; charset=utf-8');
      const text = await response.text();
      const [, shown = ''] = /<main[^>]*>(.*)<\/main>/s.exec(page.html) ?? [];
      const written = wordsOf(text);
      // Code is compared as it stands; its colours would break its words.
      const prose = shown.replace(/<pre.*?<\/pre>|<a class="anchor".*?<\/a>/gs, ' ').replace(/<[^>]+>/g, ' ');
      expect(
        [...wordsOf(plain(prose))].filter((word) => !written.has(word)),
        path,
      ).to.deep.equal([]);
      for (const code of all(shown, /<pre[^>]*><code>(.*?)<\/code>/gs)) expect(text, path).to.include(plain(code));
      expect(all(text, /^\| --- .*$/gm), path).to.have.length(all(shown, /<table>/g).length);
      expect(text.replace(/^```.*?^```$/gms, '').replace(/`[^`]*`/g, ''), path).not.to.match(/<\/?[a-z]/);
      for (const link of all(text, /\]\((\/docs[^)#]*)/g))
        expect(pages.has(link.replace(/\.md$/, '')), link).to.equal(true);
    }
    const listing = await (await fetch(`${server.url}/llms.txt`)).text();
    for (const name of ['rest', 'graphql', 'events']) {
      expect(listing).to.include(`(${server.url}/docs/reference/${name}.md)`);
    }
  });

  it('says that there is no such page, as a page', async () => {
    for (const path of [
      '/docs/nothing',
      '/docs/%2e%2e%2fpackage.json',
      '/docs/integrations/nobody',
      '/docs//x',
      '/docs/%zz',
    ]) {
      const response = await fetch(server.url + path);
      expect(response.status, path).to.equal(404);
      expect(await response.text()).to.include('<h1>No such page</h1>');
    }
    const post = await fetch(`${server.url}/docs`, { method: 'POST' });
    expect(post.status).to.equal(405);
    expect(post.headers.get('allow')).to.equal('GET, HEAD, OPTIONS');
  });

  it('leads there from where it stood before', async () => {
    for (const [before, after] of [
      ['/api/v1/docs', '/docs/reference/rest'],
      ['/api/v1/docs/', '/docs/reference/rest'],
      ['/api/v1/docs/errors', '/docs/errors'],
      ['/api/v1/docs/integrations/meta/', '/docs/integrations/meta'],
      ['/docs/errors/', '/docs/errors'],
    ] as const) {
      const response = await fetch(server.url + before);
      expect(response.status, before).to.equal(200);
      expect(response.url).to.equal(server.url + after);
      await response.text();
    }
  });
});

const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([whole, part]) => part ?? whole);

const rankOf = ({ method }: NamedOperation) => ['GET', 'POST', 'PATCH', 'DELETE'].indexOf(method);
