import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { createHmac } from 'node:crypto';
import * as demo from '../../src/events/demo-set.view.js';
import { inlined, type JsonSchema } from '../../src/platform/json-schema.js';
import { openApiDocument } from '../../src/rest/openapi.js';
import { restRoutes } from '../../src/rest/routes.js';
import { startServer, type TestServer } from '../support/app.js';
import { clientOf, type Client } from '../support/client.js';
import { createDemoWorkspace } from '../support/demo-workspace.js';
import { exact } from '../support/described.js';
import { freePort } from '../support/process.js';

interface Content {
  schema: JsonSchema;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
interface Parameter extends Content {
  name: string;
  in: string;
  description?: string;
}
interface Answer {
  $ref?: string;
  description: string;
  content?: { 'application/json': Content };
}
interface Operation {
  operationId: string;
  description: string;
  parameters: Parameter[];
  requestBody?: { content: { 'application/json': Content } };
  responses: Record<string, Answer>;
}
interface Document {
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  webhooks: Record<string, Record<string, Operation>>;
  components: {
    headers: Record<string, Content>;
    responses: Record<string, Answer>;
    schemas: Record<string, JsonSchema>;
  };
}

describe('the OpenAPI document', () => {
  let server: TestServer;
  let client: Client;
  let document: Document;
  let operations: Operation[];
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  ajv.addFormat('date-time', (text) => new Date(text).toISOString() === text);
  ajv.addFormat('uri', (text) => URL.canParse(text));
  for (const format of ['int32', 'int64', 'double']) ajv.addFormat(format, true);
  ajv.addVocabulary(['discriminator']);

  before(async () => {
    const PORT = String(await freePort());
    server = await startServer({ role: 'api', env: { PORT, PUBLIC_URL: 'https://iozen.example.com' } });
    client = clientOf(`http://127.0.0.1:${PORT}`, await createDemoWorkspace(server.app));
    document = openApiDocument(restRoutes(server.app), server.app.publicUrl) as Document;
    operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  });
  after(async () => await server.stop());

  /** What examples are wrong, or that there is none. */
  function objection({ schema, example, examples = {} }: Content): string | null {
    const values = example === undefined ? Object.values(examples).map(({ value }) => value) : [example];
    if (values.length === 0) return 'has no example';
    const validate = ajv.compile(exact(inlined(schema, document.components.schemas)) as object);
    const wrong = values.find((value) => !validate(value));
    return wrong === undefined ? null : `${ajv.errorsText(validate.errors)}: ${JSON.stringify(wrong)}`;
  }

  it('has an example, fitting to the last key, of every parameter, header, body, answer, refusal and event', () => {
    const all = [...operations, ...Object.values(document.webhooks).map(({ post }) => post as Operation)];
    const contents = all.flatMap(({ operationId, parameters, requestBody, responses }): [string, Content][] => [
      ...parameters.map((one) => [`${operationId} ${one.name}`, one] satisfies [string, Content]),
      ...(requestBody === undefined
        ? []
        : [[`${operationId}'s body`, requestBody.content['application/json']] satisfies [string, Content]]),
      ...contentsOf(responses).map(([status, one]) => [`${operationId} ${status}`, one] satisfies [string, Content]),
    ]);
    const shared = [...Object.entries(document.components.headers), ...contentsOf(document.components.responses)];
    expect(contents.length).to.be.greaterThan(90);
    for (const [name, content] of [...contents, ...shared]) expect(objection(content), name).to.equal(null);
  });

  it('has examples that are all of one workspace: what one operation answers leads to the next', () => {
    const known = new Set([...JSON.stringify(demo).matchAll(/"((?:evt_)?c[a-z0-9]{24})"/g)].map(([, id = '']) => id));
    const used = new Set(
      [...JSON.stringify(document).matchAll(/"((?:evt_)?c[a-z0-9]{24})"/g)].map(([, id = '']) => id),
    );
    expect([...used].filter((id) => !known.has(id))).to.deep.equal([]);
    for (const { operationId, parameters, responses } of operations) {
      const answer = JSON.stringify(responses['200']?.content?.['application/json'].example);
      const last = parameters.findLast((one) => one.in === 'path');
      if (last !== undefined && !/^(list|create|send)/.test(operationId))
        expect(answer).to.include(String(last.example));
      const cursor = parameters.find(({ name }) => name === 'cursor');
      if (cursor !== undefined) expect(answer).to.include(`"next_cursor":${JSON.stringify(cursor.example)}`);
    }
  });

  it('says of every operation and parameter what it is, each in words of its own', () => {
    const said = operations.map(({ description }) => description.replace(/ Needs the scope .*$/, ''));
    expect(new Set(said).size).to.equal(operations.length);
    for (const description of said) expect(description.length, description).to.be.greaterThan(60);
    for (const { operationId, parameters, responses } of operations) {
      for (const { name, description = '' } of parameters) {
        expect(description.length, `${operationId} ${name}`).to.be.greaterThan(15);
      }
      expect(Object.values(responses).every(({ $ref, description }) => $ref !== undefined || description !== '')).to.be
        .true;
    }
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      if (!/(Request|Response|Error)$/.test(name) && 'properties' in schema && !('error' in schema)) {
        const { properties } = schema as { properties: Record<string, JsonSchema> };
        if ('code' in properties && 'details' in properties) continue;
        expect(schema['description'], name).to.be.a('string');
      }
    }
  });

  it('names the schema of every body, answer, refusal and event, and every list of values', () => {
    const inline: string[] = [];
    const walk = (place: string, value: unknown) => {
      if (value === null || typeof value !== 'object') return;
      if ('enum' in value && !/^[A-Z]\w+$/.test(place)) inline.push(place);
      for (const [key, inner] of Object.entries(value)) walk(`${place}.${key}`, inner);
    };
    for (const [name, schema] of Object.entries(document.components.schemas)) walk(name, schema);
    // Of what a single refusal names there is no other use.
    expect(inline.filter((place) => !/^(FeatureNotAvailable|ResourceNotFound)\./.test(place))).to.deep.equal([]);
    for (const { operationId, requestBody, responses } of operations) {
      const name = operationId.replace(/^\w/, (letter) => letter.toUpperCase());
      const contents = [requestBody?.content['application/json'], responses['200']?.content?.['application/json']];
      const names = contents.flatMap((content) => content?.schema['$ref'] ?? []);
      const kinds = requestBody === undefined ? ['Response'] : ['Request', 'Response'];
      expect(names).to.deep.equal(kinds.map((kind) => `#/components/schemas/${name}${kind}`));
    }
  });

  it('lets answers and events grow, and takes in a body what it names alone', () => {
    const { schemas } = document.components;
    const answers = operations.flatMap(({ responses }) => contentsOf(responses));
    const events = Object.values(document.webhooks).map(({ post }) => post?.requestBody?.content['application/json']);
    for (const content of [...answers.map(([, one]) => one), ...events]) {
      expect(JSON.stringify(inlined(content?.schema ?? {}, schemas))).not.to.include('"additionalProperties":false');
    }
    const bodies = operations.flatMap(({ requestBody }) => requestBody?.content['application/json'] ?? []);
    for (const { schema } of bodies) {
      expect(inlined(schema, schemas)['additionalProperties']).to.equal(false);
    }
  });

  it('has integers with a format, and the whole address of the server', () => {
    const bare: string[] = [];
    const walk = (place: string, value: unknown) => {
      if (value === null || typeof value !== 'object') return;
      if ((value as JsonSchema)['type'] === 'integer' && !('format' in value)) bare.push(place);
      for (const [key, inner] of Object.entries(value)) walk(`${place}.${key}`, inner);
    };
    walk('', document);
    expect(bare).to.deep.equal([]);
    expect(document.servers.map(({ url }) => url)).to.deep.equal(['https://iozen.example.com/api/v1']);
  });

  it('shows deliveries whose signatures hold', () => {
    for (const { post } of Object.values(document.webhooks)) {
      const { parameters = [], requestBody } = post ?? {};
      const headers = Object.fromEntries(parameters.map(({ name, example }) => [name, String(example)]));
      const body = JSON.stringify(requestBody?.content['application/json'].example);
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
      const key = Buffer.from(demo.webhookSecret.slice('whsec_'.length), 'base64');
      expect(headers['webhook-signature']).to.equal(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    }
  });

  it('shows what the server answers in a workspace that holds what the examples speak of', async () => {
    const reads = Object.entries(document.paths).flatMap(([path, { get }]) =>
      get === undefined ? [] : [{ path, get }],
    );
    expect(reads.length).to.be.at.least(12);
    for (const { path, get } of reads.filter(({ path: one }) => one !== '/events')) {
      const { status, body } = await client.rest('GET', pathOf(path, get));
      expect(status, path).to.equal(200);
      const example = get.responses['200']?.content?.['application/json'].example;
      expect(unpaged(body), path).to.deep.equal(unpaged(example));
    }
  });

  it('shows changes that can be made as they stand there, with the ETag that is asked for', async () => {
    const changes = Object.entries(document.paths).flatMap(([path, { patch }]) =>
      patch === undefined ? [] : [{ path, patch }],
    );
    expect(changes.length).to.be.at.least(3);
    for (const { path, patch } of changes) {
      const ifMatch = patch.parameters.find(({ name }) => name === 'If-Match')?.example;
      const { example: sent } = patch.requestBody?.content['application/json'] ?? {};
      const read = await client.rest('GET', pathOf(path, patch), undefined, { 'Accept-Encoding': 'identity' });
      const { status, body } = await client.rest('PATCH', pathOf(path, patch), sent, { 'If-Match': String(ifMatch) });
      expect(status, path).to.equal(200);
      expect(body).to.deep.equal(patch.responses['200']?.content?.['application/json'].example);
      expect(ifMatch?.toString().split('-')[0]).to.equal(read.headers.get('etag')?.split('-')[0]);
    }
  });

  const pathOf = (path: string, { parameters }: Operation) =>
    path.replace(/\{(\w+)\}/g, (_, name: string) => String(parameters.find((one) => one.name === name)?.example));

  /** Examples of lists show how they go on. */
  const unpaged = (answer: unknown) =>
    JSON.parse(JSON.stringify(answer), (key, value: unknown) => (key === 'pagination' ? null : value)) as unknown;

  const contentsOf = (responses: Record<string, Answer>): [string, Content][] =>
    Object.entries(responses).flatMap(([name, { content }]) =>
      content === undefined ? [] : [[name, content['application/json']] satisfies [string, Content]],
    );
});
