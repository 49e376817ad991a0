import { request, type Dispatcher } from 'undici';
import { connectionProblem } from './connection-problem.js';
import { serverSentEvents } from './server-sent-events.js';

/** The server refused, and would refuse again: not worth another try. */
export class Refusal extends Error {}

/** The connection broke, or the server is busy or restarting: worth another try. The message is a sentence. */
export class Interruption extends Error {}

interface Result<T> {
  data?: T | null;
  errors?: { message: string; extensions?: { code?: string } }[];
}

/** A stream that is silent for so long is lost: the server says something more often than that. */
const silenceMsMax = 30_000;
const passing = ['rate_limit_exceeded', 'service_unavailable', 'internal_error'];

/** Calls a server's GraphQL door with an API key. */
export class GraphqlClient {
  constructor(
    readonly url: string,
    private readonly apiKey: string,
    private readonly dispatcher: Dispatcher,
    private readonly signal: AbortSignal,
  ) {}

  async query<T>(query: string, variables: object = {}): Promise<T> {
    const { body } = await this.post('application/json', { query, variables });
    const text = await body.text().catch((error: unknown) => this.interrupt(error));
    return this.dataOf(this.resultIn<T>(text));
  }

  /** The results of a subscription, until the server ends it; `onOpen` is called once the server has accepted it. */
  async *subscribe<T>(query: string, variables: object, onOpen: () => void): AsyncGenerator<T, void> {
    const { headers, body } = await this.post('text/event-stream', { query, variables });
    if (!String(headers['content-type']).startsWith('text/event-stream')) throw this.stranger();
    onOpen();
    const events = serverSentEvents(body);
    for (;;) {
      const { value, done } = await events.next().catch((error: unknown) => this.interrupt(error));
      if (done === true || value.event === 'complete') return;
      if (value.event === 'next') yield this.dataOf(this.resultIn<T>(value.data));
    }
  }

  private async post(accept: string, operation: object): Promise<Dispatcher.ResponseData> {
    const response = await request(`${this.url}/graphql`, {
      method: 'POST',
      headers: { Accept: accept, Authorization: `Bearer ${this.apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(operation),
      dispatcher: this.dispatcher,
      signal: this.signal,
      headersTimeout: silenceMsMax,
      bodyTimeout: silenceMsMax,
    }).catch((error: unknown) => this.interrupt(error));
    if (response.statusCode === 200) return response;
    const text = await response.body.text().catch((error: unknown) => this.interrupt(error));
    if (response.statusCode >= 500) throw new Interruption(`${this.url} answered ${response.statusCode}.`);
    this.dataOf(this.resultIn(text));
    throw this.stranger();
  }

  private resultIn<T>(text: string): Result<T> {
    try {
      return JSON.parse(text) as Result<T>;
    } catch {
      throw this.stranger();
    }
  }

  private dataOf<T>({ data, errors: [error] = [] }: Result<T>): T {
    if (error !== undefined) {
      const { code = '' } = error.extensions ?? {};
      if (passing.includes(code)) throw new Interruption(error.message);
      const advice = code === 'authentication_required' ? ` IOZEN_API_KEY must be a live key of ${this.url}.` : '';
      throw new Refusal(error.message + advice);
    }
    if (data === undefined || data === null) throw this.stranger();
    return data;
  }

  private interrupt(error: unknown): never {
    throw new Interruption(`${this.url} (IOZEN_URL) cannot be reached: ${connectionProblem(error)}.`, { cause: error });
  }

  private stranger(): Refusal {
    return new Refusal(`${this.url} does not answer as an ioZen server does; IOZEN_URL says where it is.`);
  }
}
