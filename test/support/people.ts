import type { App } from '../../src/app.js';
import type { Role } from '../../src/platform/actor.js';
import { createTenant, hashOf, startServer, type Tenant, type TestServer } from './app.js';
import { clientOf, type Answer } from './client.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

/** A person at a browser of theirs: it keeps the session's cookie. */
export interface Person {
  cookie: string | null;
  graphql: (query: string, variables?: object, headers?: Record<string, string>) => Promise<Answer<Loose>>;
}

export function personAt(url: string, address?: string): Person {
  const client = clientOf(url);
  const person: Person = {
    cookie: null,
    graphql: async (query, variables = {}, headers = {}) => {
      const sent = {
        ...(person.cookie !== null && { Cookie: person.cookie }),
        ...(address !== undefined && { 'X-Forwarded-For': address }),
        ...headers,
      };
      const answer = await client.graphql(query, variables, sent);
      const [given] = answer.headers.getSetCookie();
      if (given !== undefined) person.cookie = given.includes('Max-Age=0') ? null : (given.split(';', 1)[0] ?? null);
      return answer;
    },
  };
  return person;
}

const signInMutation =
  'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { role user { id email } workspace { id } } } }';

export async function signIn(
  person: Person,
  email: string,
  password: string,
  headers: Record<string, string> = {},
): Promise<Answer<Loose>> {
  return await person.graphql(signInMutation, { input: { email, password } }, headers);
}

/** Somebody of this role, signed in. */
export async function memberOf(app: App, tenant: Tenant, role: Role): Promise<Person & { id: string; email: string }> {
  if (role === 'OWNER') return Object.assign(await signedIn(app, tenant.owner), tenant.owner);
  const email = `${role}.${tenant.workspaceId}@example.com`.toLowerCase();
  const password = 'a password of theirs';
  const account = { workspaceId: tenant.workspaceId, email, name: role, role, passwordHash: await hashOf(password) };
  const { id } = await app.database.transaction(async (tx) => app.accounts.insert(tx, account));
  return Object.assign(await signedIn(app, { email, password }), { id, email });
}

async function signedIn(app: App, { email, password }: { email: string; password: string }): Promise<Person> {
  const person = personAt(app.publicUrl);
  // Past the door, where this machine's address has the points of some twenty sign-ins a minute.
  const { token } = await app.accounts.signIn(() => ({ email, password }), null);
  person.cookie = `iozen_session=${token}`;
  return person;
}

/** The code of the first error of a GraphQL answer, if any. */
export const codeOf = (answer: Answer<Loose>): string | null =>
  (answer.body as { errors?: { extensions: { code: string } }[] }).errors?.[0]?.extensions.code ?? null;

export const viewer = '{ viewer { role user { id email } } }';

/** A server for the tests around it, and a workspace for each of them. People may come from addresses of their own. */
export function useSite(): { server: TestServer; tenant: Tenant } {
  const site = {} as { server: TestServer; tenant: Tenant };
  before(async () => {
    site.server = await startServer({ role: 'api', env: { TRUSTED_PROXIES: '127.0.0.0/8' } });
  });
  beforeEach(async () => {
    site.tenant = await createTenant(site.server.app);
  });
  after(async () => {
    await site.server.stop();
  });
  return site;
}
