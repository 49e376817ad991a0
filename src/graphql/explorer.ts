import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Router, type RequestHandler } from 'express';
import { page, script, style } from './explorer-page.js';

/** The files of the page, all from installed packages: it works without the internet. */
const files: Readonly<Record<string, string>> = {
  'react.js': fileOf('react', 'umd/react.production.min.js'),
  'react-dom.js': fileOf('react-dom', 'umd/react-dom.production.min.js'),
  'graphiql.js': fileOf('graphiql', 'graphiql.min.js'),
  'graphiql.css': fileOf('graphiql', 'graphiql.min.css'),
};

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  // GraphiQL sets styles on elements.
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  // The page's script sends its forms; the browser must not.
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/graphql/explorer`: a page for people, which calls with their session or with the key they give it. */
export function explorerRouter(): Router {
  const router = Router();
  router.use((_request, response, next) => {
    response.setHeader('Content-Security-Policy', contentSecurityPolicy);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    next();
  });
  router.get('/', (_request, response) => void response.type('html').send(page));
  router.get('/page.css', (_request, response) => void response.type('css').send(style));
  router.get('/page.js', (_request, response) => void response.type('js').send(script));
  for (const [name, file] of Object.entries(files)) {
    router.get(`/${name}`, (_request, response) => {
      response.sendFile(file, { maxAge: '1h', acceptRanges: false });
    });
  }
  return router;
}

/** Whoever opens `/graphql` in a browser wants the page, with the operation that the address names. */
export const leadToExplorer: RequestHandler = (request, response, next) => {
  const answered = ['application/json', 'application/graphql-response+json', 'text/event-stream', 'text/html'];
  if (request.headers.authorization !== undefined || request.accepts(answered) !== 'text/html') return next();
  const query = request.originalUrl.indexOf('?');
  response.vary('Accept').redirect(`/graphql/explorer${query === -1 ? '' : request.originalUrl.slice(query)}`);
};

/** Finds a bundle in the package's folder, as the package does not export it by name. */
function fileOf(name: string, file: string): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), file);
}
