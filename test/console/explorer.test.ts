import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createBot } from '../../dist/test/support/factories.js';
import { broken, Console, inEachLook } from './support.ts';

/** The GraphQL door as a browser knows it: the explorer, and pages of other origins. */
describe('graphql in a browser', () => {
  let console: Console;
  /** A page of another origin, which the operator has named, and one that nobody named. */
  let others: { friend: Server; stranger: Server };
  const originOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  before(async () => {
    others = { friend: await servePage(), stranger: await servePage() };
    console = await Console.open({ env: { CORS_ORIGINS: originOf(others.friend) } });
    await createBot(console.server.app, console.tenant.workspaceId, { name: 'Contact us' });
  });
  after(async () => {
    await console.close();
    for (const server of Object.values(others)) server.close();
  });

  it('opens the explorer with the operation that a link brings, and runs it for whoever gives a key', async () => {
    const page = await console.visitor();
    const query = 'query Bots($first: Int) { intakeBots(first: $first) { nodes { name } } }';
    await page.goto(`/graphql?${new URLSearchParams({ query, variables: '{"first": 1}', operationName: 'Bots' })}`);
    expect(new URL(page.url()).pathname).to.equal('/graphql/explorer');
    await page.getByText('query Bots').waitFor();
    await page.getByLabel('API key').fill(console.tenant.key);
    await page.getByRole('button', { name: 'Use key' }).click();
    await page.getByText(/You are the key/).waitFor();
    await page.getByRole('button', { name: /^Execute query/ }).click();
    await page.locator('.graphiql-response').getByText('Contact us').waitFor();
    await inEachLook(page, async (look) => {
      expect(await broken(page, look), JSON.stringify(look)).to.deep.equal([]);
      const answer = await page.locator('.graphiql-response').boundingBox();
      expect((answer?.x ?? 0) + (answer?.width ?? 0), JSON.stringify(look)).to.be.at.most(look.width);
    });
    expect(console.faults).to.deep.equal([]);
  });

  it('is read by pages of the origins that CORS_ORIGINS names, with a key and never with a session', async () => {
    const { url } = console.server;
    // Without `watch`, as the page asks another host on purpose.
    const page = await (await console.visitor()).context().newPage();
    await page.goto(originOf(others.friend));
    const ask = { url, key: console.tenant.key };
    const answers = await page.evaluate(async ({ url: at, key }) => {
      const body = JSON.stringify({ query: '{ intakeBots(first: 1) { nodes { name } } }' });
      const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` };
      const answer = await fetch(`${at}/graphql`, { method: 'POST', headers, body });
      const wrong = { ...headers, Authorization: 'Bearer wrong' };
      const refused = await fetch(`${at}/graphql`, { method: 'POST', headers: wrong, body });
      return {
        data: (await answer.json()) as object,
        left: answer.headers.get('X-RateLimit-Remaining'),
        refused: (await refused.json()) as { errors: { extensions: { code: string } }[] },
        schema: (await (await fetch(`${at}/schema.graphql`)).text()).length,
      };
    }, ask);
    expect(answers.data).to.have.nested.property('data.intakeBots.nodes[0].name', 'Contact us');
    expect(Number(answers.left)).to.be.greaterThan(0);
    expect(answers.refused.errors[0]?.extensions.code).to.equal('authentication_required');
    expect(answers.schema).to.be.greaterThan(10_000);
    // The browser lets no page send cookies of ours, as no answer says that it may.
    const withCookies = await page.evaluate(async ({ url: at }) => {
      const init = { method: 'POST', credentials: 'include' as const, body: '{}' };
      const headers = { 'Content-Type': 'application/json' };
      return await fetch(`${at}/graphql`, { ...init, headers }).then(
        () => 'read',
        () => 'refused by the browser',
      );
    }, ask);
    expect(withCookies).to.equal('refused by the browser');
    await page.goto(originOf(others.stranger));
    const unnamed = await page.evaluate(
      async ({ url: at }) =>
        await fetch(`${at}/schema.graphql`).then(
          () => 'read',
          () => 'refused by the browser',
        ),
      ask,
    );
    expect(unnamed).to.equal('refused by the browser');
  });
});

async function servePage(): Promise<Server> {
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>A page</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
