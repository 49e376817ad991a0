/** An operation with the types of its answer and its variables. */
export interface Operation<Data, Variables> {
  text: string;
  /** Only types. */
  types?: (variables: Variables) => Data;
}

/** The first error of an answer; `code` and `details` are those of REST. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly details: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

interface Answer<Data> {
  data?: Data | null;
  errors?: { message: string; extensions: { code: string; details: Record<string, unknown> } }[];
}

/** A client of the GraphQL API, with a key; it needs nothing but `fetch`. */
export class Client {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** Mutations may be sent again under the same `idempotencyKey`: they run once. */
  async run<Data, Variables>(
    operation: Operation<Data, Variables>,
    variables: Variables,
    idempotencyKey?: string,
  ): Promise<Data> {
    const more: Record<string, string> = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
    const response = await this.post(operation, variables, { Accept: 'application/json', ...more });
    return dataOf((await response.json()) as Answer<Data>);
  }

  /** Follows a subscription; to resume one of events, give the id of the last event as `after`. */
  async *follow<Data, Variables>(operation: Operation<Data, Variables>, variables: Variables): AsyncGenerator<Data> {
    const response = await this.post(operation, variables, { Accept: 'text/event-stream' });
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      yield dataOf((await response.json()) as Answer<Data>);
      return;
    }
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        const data = /^data: (.+)$/m.exec(event)?.[1];
        if (data !== undefined) yield dataOf(JSON.parse(data) as Answer<Data>);
      }
    }
  }

  private async post<Data, Variables>(
    { text }: Operation<Data, Variables>,
    variables: Variables,
    headers: Record<string, string>,
  ): Promise<Response> {
    return await fetch(`${this.url}/graphql`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.key}`, 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify({ query: text, variables }),
    });
  }
}

function dataOf<Data>({ data, errors }: Answer<Data>): Data {
  const [error] = errors ?? [];
  if (error !== undefined) throw new ApiError(error.message, error.extensions.code, error.extensions.details);
  if (data === undefined || data === null) throw new Error('The answer has no data.');
  return data;
}
