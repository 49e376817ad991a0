import { Router } from 'express';

/** `/`, which leads people to the console and tells programs where everything is, and addresses that have moved. */
export function entranceRouter(publicUrl: () => string): Router {
  const router = Router();

  router.get('/', (request, response) => {
    response.vary('Accept');
    // Whoever takes both alike, as curl does, is a program.
    if (request.accepts(['json', 'html']) === 'html') return response.redirect('/console');
    response.json(addresses(publicUrl()));
  });

  // Links in invitations of before there was a console.
  router.get('/accept-invitation', ({ query: { token } }, response) => {
    const hash = typeof token === 'string' ? `#${encodeURIComponent(token)}` : '';
    response.setHeader('Cache-Control', 'no-store').redirect(`/console/invitation${hash}`);
  });
  return router;
}

const addresses = (url: string) => ({
  name: 'ioZen',
  console: `${url}/console`,
  docs: `${url}/docs`,
  graphql: `${url}/graphql`,
  explorer: `${url}/graphql/explorer`,
  schema: `${url}/schema.graphql`,
  rest: `${url}/api/v1`,
  openapi: `${url}/api/v1/openapi.json`,
  mcp: `${url}/mcp`,
  healthz: `${url}/healthz`,
  readyz: `${url}/readyz`,
});
