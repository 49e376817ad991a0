import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RequestHandler } from 'express';
import type { GraphQLSchema } from 'graphql';
import { factsOf, withoutEndSlashes } from '../http/request.js';
import { answersOptions, Encodings, jsonType, send, sendEmpty } from '../http/send.js';
import { eventCatalogue, eventPlaces, eventsPath } from './event-catalogue.js';
import { graphqlOperations, graphqlPlaces, graphqlReference, operationHeadings } from './graphql-reference.js';
import { graphqlPath } from './graphql-types.js';
import { readGuides, type Guide } from './guides.js';
import { homePage } from './home.js';
import { layout, type NavigationPart } from './layout.js';
import { operationsOf, type OpenApi } from './open-api.js';
import { markdownOf } from './markdown.js';
import type { DocsPage, Place } from './page.js';
import { restPath, restPlaces, restReference } from './rest-reference.js';

interface SiteFile {
  type: string;
  text: string;
  encodings: Encodings;
}

const fileOf = (type: string, text: string): SiteFile => ({ type, text, encodings: new Encodings(text) });

/** A page runs the site's own script alone, and loads nothing from elsewhere. */
const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const html = 'text/html; charset=utf-8';
const script = 'text/javascript; charset=utf-8';
const markdown = 'text/markdown; charset=utf-8';

const siteText = (name: string) => readFileSync(new URL(`../../../docs/site/${name}`, import.meta.url), 'utf8');

/** `/docs`: guides and references, each page made when it is first asked for, and kept. */
export class DocsSite {
  private made: ReadonlyMap<string, () => SiteFile> | null = null;
  private readonly kept = new Map<string, SiteFile>();

  constructor(
    /** Both as they are once the server listens. */
    private readonly openApi: () => object,
    private readonly schema: GraphQLSchema,
    private readonly publicUrl: () => string,
  ) {}

  readonly handler: RequestHandler = async (request, response) => {
    const facts = factsOf(request);
    const [path = ''] = request.originalUrl.split('?', 1);
    if (answersOptions(request, response)) return;
    if (path.endsWith('/')) {
      // One address for one page. Slashes at the beginning would lead to another host.
      facts.setHeader('Location', withoutEndSlashes(path.replace(/^\/+/, '/')));
      return sendEmpty(request, response, 308);
    }
    const file = this.find(path);
    const { type } = file ?? this.missing;
    if (type === html) facts.setHeader('Content-Security-Policy', contentSecurityPolicy);
    await send(request, response, { status: file === null ? 404 : 200, ...(file ?? this.missing) });
  };

  private find(path: string): SiteFile | null {
    const kept = this.kept.get(path);
    if (kept !== undefined) return kept;
    const file = this.files.get(path)?.() ?? null;
    if (file !== null) this.kept.set(path, file);
    return file;
  }

  private get files(): ReadonlyMap<string, () => SiteFile> {
    this.made ??= this.make();
    return this.made;
  }

  private missing: SiteFile = fileOf(html, '');

  private make(): ReadonlyMap<string, () => SiteFile> {
    const document = this.openApi() as OpenApi;
    const guides = readGuides(this.publicUrl);
    const references = [restReference(document), ...graphqlReference(this.schema), eventCatalogue(document)];
    const pages: DocsPage[] = [homePage(guides, document, this.schema), ...guides, ...references];
    const navigation = navigationOf(guides, document, this.schema);
    const shown = (page: DocsPage) => fileOf(html, layout(page, page.html(), navigation));
    this.missing = shown(missingPage);
    const places = (): Place[] => [
      ...guides.flatMap((guide) => guide.places()),
      ...restPlaces(document),
      ...graphqlPlaces(this.schema),
      ...eventPlaces(),
    ];
    const listing = () => fileOf('text/plain; charset=utf-8', listingOf(guides, references, this.publicUrl()));
    return new Map<string, () => SiteFile>([
      ...pages.map((page) => [page.path, () => shown(page)] as const),
      ...guides.map((guide) => [`${guide.path}.md`, () => fileOf(markdown, guide.markdown)] as const),
      ...references.map((page) => [`${page.path}.md`, () => fileOf(markdown, markdownOf(page.html()))] as const),
      ['/docs/style.css', () => fileOf('text/css; charset=utf-8', siteText('tokens.css') + siteText('style.css'))],
      ['/docs/page.js', () => fileOf(script, siteText('page.js'))],
      ['/docs/search.js', () => fileOf(script, siteText('search.js'))],
      [
        '/docs/minisearch.js',
        () =>
          fileOf(
            script,
            readFileSync(fileURLToPath(import.meta.resolve('minisearch')), 'utf8').replace(/^\/\/# source.*$/m, ''),
          ),
      ],
      ['/docs/search.json', () => fileOf(jsonType, JSON.stringify(places()))],
      ['/docs/llms.txt', listing],
      ['/llms.txt', listing],
    ]);
  }
}

const missingPage: DocsPage = {
  path: '',
  title: 'No such page',
  about: 'There is no page at this address.',
  part: 'Guides',
  html: () => `<h1>No such page</h1>
<p>There is no page at this address: it may be old, or cut short. All pages are in the menu, and
<a href="/docs">the first one</a> says what is where.</p>`,
};

function navigationOf(guides: readonly Guide[], document: OpenApi, schema: GraphQLSchema): NavigationPart[] {
  const rest = operationsOf(document).map(({ operationId, method, summary }) => {
    return { href: `${restPath}#${operationId}`, title: summary, mark: method };
  });
  const operations = graphqlOperations(schema);
  const within = [...Map.groupBy(operations, ({ kind }) => kind)].map(([kind, sharing]) => ({
    title: operationHeadings[kind],
    links: sharing.map(({ path, field }) => ({ href: path, title: field.name, isName: true })),
  }));
  return [
    {
      part: 'Guides',
      title: 'Guides',
      links: guides.map(({ path, title }) => ({ href: path, title })),
      within: [],
    },
    { part: 'REST', title: 'REST API', links: [{ href: restPath, title: 'Reference' }, ...rest], within: [] },
    {
      part: 'GraphQL',
      title: 'GraphQL API',
      links: [
        { href: graphqlPath, title: 'Reference' },
        { href: `${graphqlPath}#queries`, title: 'Queries' },
        { href: `${graphqlPath}#mutations`, title: 'Mutations' },
        { href: `${graphqlPath}#subscriptions`, title: 'Subscriptions' },
        { href: `${graphqlPath}#types`, title: 'Types' },
      ],
      within,
    },
    { part: 'Events', title: 'Events', links: [{ href: eventsPath, title: 'Event catalogue' }], within: [] },
  ];
}

/** What there is to read, as https://llmstxt.org has it. */
function listingOf(guides: readonly Guide[], references: readonly DocsPage[], url: string): string {
  const line = (path: string, { title, about }: DocsPage) => `- [${title}](${url}${path}): ${about}`;
  const chapters = references.filter(({ path }) => path.split('/').length === 4);
  return `# ioZen

> Intake bots, submissions, contacts, records and signed webhooks, over GraphQL and REST.

## Guides

${guides.map((guide) => line(`${guide.path}.md`, guide)).join('\n')}

## Reference

- [OpenAPI document](${url}/api/v1/openapi.json): The whole REST API, and the webhooks, with examples.
- [GraphQL schema](${url}/schema.graphql): The whole GraphQL API, as SDL.
${chapters.map((page) => line(`${page.path}.md`, page)).join('\n')}
`;
}
