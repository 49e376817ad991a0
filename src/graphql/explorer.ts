import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Router } from 'express';

/** Everything the page needs, from what is installed: it works without the internet. */
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
  "frame-ancestors 'none'",
].join('; ');

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>ioZen GraphQL explorer</title>
    <link rel="stylesheet" href="/graphql/explorer/graphiql.css" />
    <link rel="stylesheet" href="/graphql/explorer/page.css" />
  </head>
  <body>
    <div id="explorer">Loading…</div>
    <script src="/graphql/explorer/react.js"></script>
    <script src="/graphql/explorer/react-dom.js"></script>
    <script src="/graphql/explorer/graphiql.js"></script>
    <script src="/graphql/explorer/page.js"></script>
  </body>
</html>
`;

const style = 'html, body, #explorer { height: 100%; margin: 0; }\n';

const script = `const url = new URL('/graphql', location.href);
const subscriptionUrl = new URL(url);
subscriptionUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
const fetcher = GraphiQL.createFetcher({ url: url.href, subscriptionUrl: subscriptionUrl.href });
const explorer = React.createElement(GraphiQL, {
  fetcher,
  defaultQuery: '{\\n  intakeBots(first: 5) {\\n    nodes {\\n      id\\n      name\\n    }\\n  }\\n}\\n',
  defaultHeaders: '{\\n  "Authorization": "Bearer iozen_live_…"\\n}\\n',
  shouldPersistHeaders: false,
});
ReactDOM.createRoot(document.getElementById('explorer')).render(explorer);
`;

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
      response.sendFile(file, { maxAge: '1h' });
    });
  }
  return router;
}

/** A package does not export its bundle by name. */
function fileOf(name: string, file: string): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), file);
}
