import type { IncomingMessage, ServerResponse } from 'node:http';
import { factsOf, withoutEndSlashes } from '../http/request.js';
import { answersOptions, Encodings, jsonType, send, sendEmpty } from '../http/send.js';
import { openApiDocument } from './openapi.js';
import type { Route } from './route.js';

/** What anybody may read below `/api/v1`. */
type PublicPage = { text: string; encodings: Encodings } | { location: string };

/** The OpenAPI document, made once, and where the documentation that stood here has moved. */
export class Pages {
  private document: { text: string; encodings: Encodings } | null = null;

  constructor(
    private readonly routes: readonly Route[],
    /** Known once the server listens. */
    private readonly publicUrl: () => string,
  ) {}

  openApi(): object {
    return openApiDocument(this.routes, this.publicUrl());
  }

  find(path: string): PublicPage | null {
    const trimmed = withoutEndSlashes(path);
    if (path === '/openapi.json') return (this.document ??= this.make());
    if (trimmed === '/openapi.json') return { location: `/api/v1${trimmed}` };
    // The reference was the first page; a browser keeps what stands behind #, and it has the same names there.
    if (trimmed === '/docs') return { location: '/docs/reference/rest' };
    return trimmed.startsWith('/docs/') ? { location: trimmed } : null;
  }

  private make() {
    const text = JSON.stringify(this.openApi());
    return { text, encodings: new Encodings(text) };
  }

  async answer(page: PublicPage, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (answersOptions(request, response)) return;
    if ('location' in page) {
      factsOf(request).setHeader('Location', page.location);
      return sendEmpty(request, response, 308);
    }
    await send(request, response, { status: 200, type: jsonType, ...page });
  }
}
