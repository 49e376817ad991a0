import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { marked } from 'marked';
import { attributionScriptIntegrity } from '../http/attribution-script.js';
import { factsOf } from '../http/request.js';
import { Encodings, jsonType, send, sendEmpty } from '../http/send.js';
import { methodNotAllowed } from '../platform/errors.js';
import { openApiDocument } from './openapi.js';
import { referenceOf, type OpenApi } from './reference.js';
import type { Route } from './route.js';

interface DocsPage {
  type: string;
  text: string;
  encodings: Encodings;
}

const pageOf = (type: string, text: string): DocsPage => ({ type, text, encodings: new Encodings(text) });

/** A page may load nothing from elsewhere and run no script. */
const contentSecurityPolicy =
  "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const html = 'text/html; charset=utf-8';

/** The guides, in the order in which people need them. */
const guideNames = [
  'getting-started',
  'authentication',
  'errors',
  'rate-limits',
  'limits',
  'pagination',
  'idempotency',
  'webhooks',
  'graphql',
  'integrations/attribution',
  'integrations/meta',
  'integrations/google',
  'integrations/linkedin',
  'integrations/tiktok',
  'personal-data',
  'changelog',
] as const;

const docs = new URL('../../../docs/', import.meta.url);

/** What anybody may read below `/api/v1`: the OpenAPI document, the guides and the reference, each made once. */
export class Pages {
  private made: ReadonlyMap<string, DocsPage> | null = null;

  constructor(
    private readonly routes: readonly Route[],
    /** Known once the server listens. */
    private readonly publicUrl: () => string,
  ) {}

  private get pages(): ReadonlyMap<string, DocsPage> {
    this.made ??= this.make();
    return this.made;
  }

  private make(): ReadonlyMap<string, DocsPage> {
    const document = openApiDocument(this.routes, this.publicUrl()) as OpenApi;
    const guides = guideNames.map((name) => {
      const written = readFileSync(new URL(`${name}.md`, docs), 'utf8');
      const text = written.replaceAll('sha384-HASH', attributionScriptIntegrity);
      return { name, title: /^# (.+)$/m.exec(text)?.[1] ?? name, text };
    });
    const shell = (title: string, content: string, reference: string) => layout(title, content, guides, reference);
    return new Map<string, DocsPage>([
      ['/openapi.json', pageOf(jsonType, JSON.stringify(document))],
      ['/docs', pageOf(html, shell('Reference', referenceOf(document), 'docs'))],
      ['/docs/style.css', pageOf('text/css; charset=utf-8', readFileSync(new URL('style.css', docs), 'utf8'))],
      ...guides.map(({ name, title, text }): [string, DocsPage] => {
        const content = marked.parse(text, { async: false });
        // In the repository a guide links to the other's file; here to its page.
        const linked = content.replace(/href="([\w./-]+)\.md/g, 'href="$1');
        return [`/docs/${name}`, pageOf(html, shell(title, linked, `${'../'.repeat(name.split('/').length)}docs`))];
      }),
    ]);
  }

  find(path: string): DocsPage | null {
    return this.pages.get(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path) ?? null;
  }

  async answer(page: DocsPage, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const facts = factsOf(request);
    const allowed = ['GET', 'HEAD', 'OPTIONS'];
    if (request.method === 'OPTIONS') {
      facts.setHeader('Allow', allowed.join(', '));
      return sendEmpty(request, response, 204);
    }
    if (!allowed.includes(request.method ?? '')) throw methodNotAllowed(allowed);
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (path.endsWith('/')) {
      // The address without the slash at its end, to which a page's links are relative.
      facts.setHeader('Location', `../${path.split('/').at(-2)}`);
      return sendEmpty(request, response, 308);
    }
    if (page.type === html) facts.setHeader('Content-Security-Policy', contentSecurityPolicy);
    await send(request, response, { status: 200, ...page });
  }
}

/** `reference` leads from the page to the reference, below which all others are. */
function layout(title: string, content: string, guides: { name: string; title: string }[], reference: string): string {
  const links = [{ href: reference, title: 'Reference' }].concat(
    guides.map((guide) => ({ href: `${reference}/${guide.name}`, title: guide.title })),
  );
  const navigation = links.map(({ href, title }) => `<li><a href="${href}">${title}</a></li>`).join('');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – ioZen API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${reference}/style.css">
<nav aria-label="Documentation"><strong>ioZen API</strong><ul>${navigation}</ul></nav>
<main>${content}</main>
</html>
`;
}
