import { expect } from 'chai';
import { WebSocket } from 'ws';
import { createTenant, startServer, type TestServer } from '../../support/app.js';
import { createBot } from '../../support/factories.js';

interface Refusal {
  code: string;
  issues: { path: string; code: string }[];
}

const mutation = `mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }`;
const byteOrderMark = '\uFEFF';

describe('what is sent as JSON is read by one reader, whichever way it comes in', () => {
  let server: TestServer;
  let key: string;
  let botId: string;

  before(async () => {
    server = await startServer({ role: 'api' });
    const tenant = await createTenant(server.app);
    ({ key } = tenant);
    const schema = [
      { name: 'topic', type: 'text' },
      { name: 'number', type: 'number' },
    ];
    botId = (await createBot(server.app, tenant.workspaceId, { schema })).id;
  });
  after(async () => await server.stop());

  const sent = async (path: string, init: RequestInit) => {
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', ...init.headers };
    const answer = await fetch(`${server.url}${path}`, { ...init, headers });
    return { status: answer.status, text: await answer.text() };
  };
  const ofRest = (text: string): Refusal => {
    const { error } = JSON.parse(text) as { error: { code: string; details: Refusal } };
    return { code: error.code, issues: error.details.issues };
  };
  const ofGraphql = (text: string): Refusal => {
    const { errors } = JSON.parse(text) as { errors: { extensions: { code: string; details: Refusal } }[] };
    const { code, details } = errors[0]?.extensions ?? { code: '', details: { code: '', issues: [] } };
    return { code, issues: details.issues };
  };
  const search = (value: string) => {
    const variables = `{"v":{"data":{"topic":${value}}}}`;
    return `/graphql?${new URLSearchParams({ query: '{ __typename }', variables }).toString()}`;
  };
  const body = (value: string) =>
    `{"query":${JSON.stringify(mutation)},"variables":{"input":{"intakeBotId":"${botId}","data":{"topic":${value}}}}}`;

  /** Messages as they are, behind the connection's first. */
  async function overSocket(...messages: (string | Buffer)[]): Promise<string[]> {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql/`, 'graphql-transport-ws');
    const heard: string[] = [];
    return await new Promise((resolve, reject) => {
      socket.on('error', reject);
      socket.on('close', (code) => resolve([...heard, String(code)]));
      socket.on('open', () => {
        socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } }));
      });
      socket.on('message', (data: Buffer) => {
        const { type } = JSON.parse(data.toString()) as { type: string };
        if (type === 'connection_ack') for (const message of messages) socket.send(message.toString());
        else heard.push(data.toString());
        if (type === 'error' || type === 'complete') socket.close();
      });
    });
  }
  const subscribe = (payload: string) => `{"id":"1","type":"subscribe","payload":${payload}}`;

  const ways: [way: string, refusalOf: (value: string) => Promise<Refusal>][] = [
    [
      'a REST body',
      async (value) =>
        ofRest(
          (
            await sent(`/api/v1/intake-bots/${botId}/submissions`, {
              method: 'POST',
              body: `{"data":{"topic":${value}}}`,
            })
          ).text,
        ),
    ],
    [
      'a GraphQL body',
      async (value) => ofGraphql((await sent('/graphql', { method: 'POST', body: body(value) })).text),
    ],
    [
      'the body of a stream',
      async (value) => {
        const headers = { Accept: 'text/event-stream' };
        return ofGraphql((await sent('/graphql', { method: 'POST', headers, body: body(value) })).text);
      },
    ],
    ['the variables of a GET', async (value) => ofGraphql((await sent(search(value), {})).text)],
    [
      'the variables of a GET for a stream',
      async (value) => ofGraphql((await sent(search(value), { headers: { Accept: 'text/event-stream' } })).text),
    ],
    [
      'a message of a WebSocket',
      async (value) => {
        const [answer = ''] = await overSocket(subscribe(body(value)));
        const { payload } = JSON.parse(answer) as { payload: unknown };
        return ofGraphql(JSON.stringify({ errors: payload }));
      },
    ],
    [
      'a literal of a document',
      async (value) => {
        const literal = value.replace(/"(\w+)":/g, '$1:');
        const query = `mutation { createSubmission(input: {intakeBotId: "x", data: {topic: ${literal}}}) { submission { id } } }`;
        return ofGraphql((await sent('/graphql', { method: 'POST', body: JSON.stringify({ query }) })).text);
      },
    ],
  ];
  const values: [what: string, value: string, code: string][] = [
    ['a whole number that no double holds', '9007199254740993', 'out_of_range'],
    ['one with a fraction', '9007199254740993.00', 'out_of_range'],
    ['a number beyond a double', '1e400', 'bad_format'],
    ['a number that would vanish', '1e-400', 'out_of_range'],
    ['a number of more than 1,000 characters', `0.${'0'.repeat(1_000)}`, 'out_of_range'],
    ['U+0000', String.raw`"a\u0000"`, 'bad_format'],
    ['half of a character', String.raw`"\ud800"`, 'bad_format'],
  ];
  for (const [way, refusalOf] of ways) {
    for (const [what, value, code] of values) {
      // The parser of documents refuses such an escape by itself.
      if (way.startsWith('a literal') && value.includes('ud800')) continue;
      it(`${way}: ${what} is refused at its place`, async () => {
        const { code: refusal, issues } = await refusalOf(value);
        expect(refusal).to.equal('validation_failed');
        // REST says at once what else is wrong with it.
        expect(issues).to.deep.include.members([
          { ...issues.find((issue) => issue.code === code), path: 'data.topic', code },
        ]);
      });
    }
    it(`${way}: nesting without bounds is refused`, async () => {
      const { code: refusal, issues } = await refusalOf(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`);
      expect(refusal).to.equal('validation_failed');
      expect(issues[0]?.path).to.match(/^data\.topic(\.a){27,31}$/);
    });
  }

  describe('a JSON literal of a document', () => {
    const created = async (data: string, variables: object = {}, head = '') => {
      const query = `mutation ${head} { createSubmission(input: {intakeBotId: "${botId}", data: ${data}}) { submission { data } } }`;
      return (await sent('/graphql', { method: 'POST', body: JSON.stringify({ query, variables }) })).text;
    };

    it('is refused where a word without quotes stands, at its place', async () => {
      expect(ofGraphql(await created('{topic: Sales}'))).to.deep.include({ code: 'validation_failed' });
      expect(ofGraphql(await created('{topic: Sales}')).issues[0]).to.include({
        path: 'data.topic',
        code: 'wrong_type',
      });
      expect(ofGraphql(await created('{topic: [{a: [Sales]}]}')).issues[0]).to.include({ path: 'data.topic.0.a.0' });
    });

    it('takes a variable for what JSON has, and refuses one that is none', async () => {
      const answer = await created('{topic: $topic, number: 1e23}', { topic: 'Sales' }, '($topic: String!)');
      expect(JSON.parse(answer).data.createSubmission.submission.data).to.deep.equal({ topic: 'Sales', number: 1e23 });
      const refusal = ofGraphql(await created('{topic: $at}', { at: '2026-01-01T00:00:00Z' }, '($at: DateTime!)'));
      expect(refusal.code).to.equal('validation_failed');
      expect(refusal.issues[0]).to.include({ path: 'data.topic', code: 'wrong_type' });
    });
  });

  it('reads over a byte order mark', async () => {
    const patched = await sent(`/api/v1/intake-bots/${botId}`, {
      method: 'PATCH',
      body: Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]),
    });
    expect(patched.status).to.equal(200);
    const posted = await sent('/graphql', { method: 'POST', body: `${byteOrderMark}{"query":"{ __typename }"}` });
    expect(posted.status).to.equal(200);
    const parameters = new URLSearchParams({ query: '{ __typename }', variables: `${byteOrderMark}{}` });
    expect((await sent(`/graphql?${parameters.toString()}`, {})).status).to.equal(200);
    const [answer] = await overSocket(byteOrderMark + subscribe('{"query":"{ __typename }"}'));
    expect(answer).to.include('"data":{"__typename":"Query"}');
    expect((await sent('/graphql', { method: 'POST', body: `${byteOrderMark}${byteOrderMark}{}` })).status).to.equal(
      400,
    );
  });

  it('takes empty parameters of an address, and an empty name of an operation, for absent ones', async () => {
    const query = encodeURIComponent('{ __typename }');
    for (const rest of [
      '&operationName=',
      '&variables=',
      '&extensions=',
      '&documentId=',
      '&operationName=&variables=&x=',
    ]) {
      const { status, text } = await sent(`/graphql?query=${query}${rest}`, {});
      expect(JSON.parse(text).data, rest).to.deep.equal({ __typename: 'Query' });
      expect(status, rest).to.equal(200);
    }
    const asked = JSON.stringify({ query: '{ __typename }', operationName: '' });
    expect((await sent('/graphql', { method: 'POST', body: asked })).status).to.equal(200);
    const [answer] = await overSocket(subscribe(asked));
    expect(answer).to.include('"data":{"__typename":"Query"}');
  });

  it('refuses a list of operations by its own code, and takes a point for it', async () => {
    const { status, text } = await sent('/graphql', { method: 'POST', body: '[{"query":"{ __typename }"}]' });
    expect(status).to.equal(400);
    const { errors, extensions } = JSON.parse(text);
    expect(errors[0].extensions).to.deep.equal({ code: 'batching_not_supported', details: {} });
    expect(extensions.cost.points).to.equal(1);
  });

  it('closes a WebSocket that sends what is no message, and says no more of it', async () => {
    for (const message of [
      '[',
      '{}',
      '{"type":"next","id":"1"}',
      '{"type":"ping","payload":{"n":1e400}}',
      '{"type":{"toString":1,"valueOf":1}}',
      '{"type":["ping"]}',
      JSON.stringify({ type: 'subscribe', id: 'x'.repeat(256), payload: { query: '{ __typename }' } }),
      '"'.repeat(9),
    ]) {
      expect(await overSocket(message), message).to.deep.equal(['4400']);
    }
  });

  it('ends the socket alone of a stranger whose message begins with what is no text', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.once('open', () => socket.send('{"type":{"toString":1,"valueOf":1}}'));
    expect(await closed).to.equal(4400);
    expect((await sent('/healthz', {})).status).to.equal(200);
  });

  it('takes what is no text for the hash of no document', async () => {
    for (const sha256Hash of [{ toString: 1, valueOf: 1 }, ['a'], 1, null]) {
      const body = JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash } } });
      const { text } = await sent('/graphql', { method: 'POST', body });
      expect(text, body).to.include('PERSISTED_QUERY_NOT_SUPPORTED');
    }
  });

  it('takes no more than a few short messages of a WebSocket before it knows who sends them', async () => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.once('open', () => {
      for (let count = 0; count < 6; count += 1) socket.send('{"type":"ping"}');
    });
    expect(await closed).to.equal(4400);
    const loud = new WebSocket(`${server.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const heard = new Promise((resolve) => loud.once('close', resolve));
    loud.once('open', () => loud.send(JSON.stringify({ type: 'ping', payload: { text: 'x'.repeat(20_000) } })));
    expect(await heard).to.equal(4400);
  });
});
