import { Description } from './described.js';

/** What a client of either door sees: the status, the headers, and the body as it was parsed. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

export interface Client {
  rest: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer<Loose>>;
  graphql: (query: string, variables?: object, headers?: Record<string, string>) => Promise<Answer<Loose>>;
}

/** A client of a server, with a key or without. What REST answers must be as its OpenAPI document says. */
export function clientOf(url: string, key?: string): Client {
  const authorization: Record<string, string> = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const json = { 'Content-Type': 'application/json' };
  return {
    rest: async (method, path, body, headers = {}) => {
      const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
      const sent = { ...authorization, ...(body === undefined ? {} : json), ...headers };
      const description = await Description.of(url);
      const answer = await answerOf(await fetch(`${url}/api/v1${path}`, { method, headers: sent, ...content }));
      const objection = description.objection(method, path, answer);
      if (objection !== null)
        throw new Error(`${method} ${path} was answered with what is not documented: ${objection}`);
      return answer;
    },
    graphql: async (query, variables = {}, headers = {}) => {
      const body = JSON.stringify({ query, variables });
      const sent = { ...authorization, ...json, ...headers };
      return await answerOf(await fetch(`${url}/graphql`, { method: 'POST', headers: sent, body }));
    },
  };
}

async function answerOf(response: Response): Promise<Answer<Loose>> {
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
}
