// What the conformance suite calls: tools, resources and prompts that do nothing but what the protocol can. They stand on
// our own transport, so that the suite judges it and not the package alone.
import { setTimeout as wait } from 'node:timers/promises';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';

// One pixel, and no sound.
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const wav = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';

const text = (said) => ({ type: 'text', text: said });
const image = { type: 'image', data: png, mimeType: 'image/png' };
const said = (words) => ({ content: [text(words)] });
const resource = (uri, mimeType, of) => ({ type: 'resource', resource: { uri, mimeType, text: of } });
const object = (properties = {}, required = []) => ({ type: 'object', properties, required });
const ask = (message, name, type = 'string') =>
  inputRequired.elicit({ message, requestedSchema: object({ [name]: { type } }, [name]) });
const joke = (words, maxTokens) =>
  inputRequired.createMessage({ messages: [{ role: 'user', content: text(words) }], maxTokens });

const states = createRequestStateCodec({ key: crypto.getRandomValues(new Uint8Array(32)) });

/** What was said in the round before; a state that is not ours is refused. */
async function stateOf(context) {
  const given = context.mcpReq.requestState();
  if (given === undefined) return undefined;
  try {
    return await states.verify(given, context);
  } catch {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid requestState');
  }
}

const tool = (name, description, call, input = object()) => ({
  name,
  title: name,
  description,
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  scope: null,
  feature: null,
  toolset: null,
  input,
  run: async ({ args, context }) => await call(args, context),
});

export const fixtureTools = [
  tool('test_simple_text', 'Says a text.', () => said('This is a simple text response for testing.')),
  tool('test_image_content', 'Shows an image.', () => ({ content: [image] })),
  tool('test_audio_content', 'Plays a sound.', () => ({
    content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }],
  })),
  tool('test_embedded_resource', 'Embeds a resource.', () => ({
    content: [resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  })),
  tool('test_multiple_content_types', 'Says, shows and embeds.', () => ({
    content: [
      text('Multiple content types test:'),
      image,
      resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ],
  })),
  tool('test_error_handling', 'Fails.', () => ({
    content: [text('This tool intentionally returns an error for testing')],
    isError: true,
  })),
  tool('test_tool_with_progress', 'Tells how it goes.', async (_given, { mcpReq }) => {
    const { progressToken } = mcpReq._meta ?? {};
    if (progressToken !== undefined) {
      for (const progress of [0, 50, 100]) {
        const params = { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` };
        await mcpReq.notify({ method: 'notifications/progress', params });
        await wait(20);
      }
    }
    return said(String(progressToken ?? 'nobody asked'));
  }),
  tool('test_tool_with_logging', 'Logs.', async (_given, { mcpReq }) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
      await wait(20);
    }
    return said('Tool with logging executed successfully');
  }),
  tool('test_logging_tool', 'Logs for who asked to be told.', async (_given, { mcpReq }) => {
    await mcpReq.log('info', 'test_logging_tool ran');
    return said('logged');
  }),
  tool('test_streaming_elicitation', 'Asks nothing on the stream.', () => said('no requests of its own')),
  tool('test_missing_capability', 'Wants a client that samples.', (_given, { mcpReq }) =>
    mcpReq.inputResponses?.['answer'] === undefined
      ? inputRequired({ inputRequests: { answer: joke('Say pong.', 16) } })
      : said('sampled'),
  ),
  tool('json_schema_2020_12_tool', 'Has a schema with all there is.', (given) => said(JSON.stringify(given)), {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: {
        $anchor: 'addressDef',
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    properties: {
      name: { type: 'string' },
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: { type: 'string' },
      email: { type: 'string' },
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema.
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  }),
  tool('test_input_required_result_elicitation', 'Asks for a name.', (_given, { mcpReq }) => {
    const name = acceptedContent(mcpReq.inputResponses, 'user_name')?.name;
    return typeof name === 'string'
      ? said(`Hello, ${name}!`)
      : inputRequired({ inputRequests: { user_name: ask('What is your name?', 'name') } });
  }),
  tool('test_input_required_result_sampling', 'Asks a model.', (_given, { mcpReq }) => {
    const answer = mcpReq.inputResponses?.['capital_question'];
    return answer === undefined
      ? inputRequired({ inputRequests: { capital_question: joke('What is the capital of France?', 100) } })
      : said(`Sampling response: ${answer.content?.text ?? JSON.stringify(answer)}`);
  }),
  tool('test_input_required_result_list_roots', 'Asks for roots.', (_given, { mcpReq }) => {
    const { roots } = mcpReq.inputResponses?.['client_roots'] ?? {};
    return Array.isArray(roots)
      ? said(`Client exposed ${roots.length} root(s): ${roots.map(({ uri }) => uri).join(', ')}`)
      : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  }),
  tool('test_input_required_result_request_state', 'Gets its state back.', async (_given, context) => {
    const isConfirmed = acceptedContent(context.mcpReq.inputResponses, 'confirm') !== undefined;
    if (isConfirmed && (await stateOf(context)) !== undefined) return said('state-ok');
    const requestState = await states.mint({ tool: 'request_state' });
    return inputRequired({ inputRequests: { confirm: ask('Please confirm', 'ok', 'boolean') }, requestState });
  }),
  tool('test_input_required_result_multiple_inputs', 'Asks three at once.', async (_given, { mcpReq }) => {
    const name = acceptedContent(mcpReq.inputResponses, 'user_name')?.name;
    const greeting = mcpReq.inputResponses?.['greeting']?.content?.text;
    const roots = mcpReq.inputResponses?.['client_roots']?.roots;
    if (typeof name === 'string' && typeof greeting === 'string' && Array.isArray(roots)) {
      return said(`${greeting} ${name}, ${roots.length} root(s)`);
    }
    const inputRequests = {
      user_name: ask('What is your name?', 'name'),
      greeting: joke('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    };
    return inputRequired({ inputRequests, requestState: await states.mint({ tool: 'multiple_inputs' }) });
  }),
  tool('test_input_required_result_multi_round', 'Asks twice.', async (_given, context) => {
    const { mcpReq } = context;
    const { round = 0, name } = (await stateOf(context)) ?? {};
    if (round === 0) {
      const requestState = await states.mint({ round: 1 });
      return inputRequired({ inputRequests: { step1: ask('Step 1: What is your name?', 'name') }, requestState });
    }
    if (round === 1) {
      const told = acceptedContent(mcpReq.inputResponses, 'step1')?.name;
      const requestState = await states.mint({ round: 2, name: told });
      return inputRequired({ inputRequests: { step2: ask('Step 2: Which colour?', 'color') }, requestState });
    }
    return said(`${name} likes ${String(acceptedContent(mcpReq.inputResponses, 'step2')?.color)}`);
  }),
  tool('test_input_required_result_tampered_state', 'Takes no state but its own.', async (_given, context) => {
    const isConfirmed = acceptedContent(context.mcpReq.inputResponses, 'confirm') !== undefined;
    if (isConfirmed && (await stateOf(context)) !== undefined) return said('integrity-ok');
    const requestState = await states.mint({ tool: 'tampered_state' });
    return inputRequired({ inputRequests: { confirm: ask('Please confirm', 'ok', 'boolean') }, requestState });
  }),
  tool('test_input_required_result_capabilities', 'Asks what the client can.', (_given, { mcpReq }) => {
    if (mcpReq.inputResponses !== undefined) return said('fulfilled');
    const can = mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {};
    const inputRequests = {
      ...(can.elicitation && { user_name: ask('What is your name?', 'name') }),
      ...(can.sampling && { greeting: joke('Generate a greeting', 50) }),
      ...(can.roots && { client_roots: inputRequired.listRoots() }),
    };
    return Object.keys(inputRequests).length === 0 ? said('nothing that it can') : inputRequired({ inputRequests });
  }),
];

const resources = {
  'test://static-text': { mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
  'test://static-binary': { mimeType: 'image/png', blob: png },
};
const template = /^test:\/\/template\/([^/]+)\/data$/;

export const fixtureResources = {
  list: () => Object.entries(resources).map(([uri, { mimeType }]) => ({ uri, name: uri, mimeType })),
  templates: () => [{ uriTemplate: 'test://template/{id}/data', name: 'template', mimeType: 'application/json' }],
  read(uri) {
    const [, id] = template.exec(uri) ?? [];
    const made = {
      mimeType: 'application/json',
      text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
    };
    const found = id === undefined ? resources[uri] : made;
    if (found === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'No such resource', { uri });
    return { contents: [{ uri, ...found }] };
  },
};

const asked = (...content) => ({ messages: content.map((one) => ({ role: 'user', content: one })) });
const argument = (name) => ({ name, description: name, required: true });
const prompts = {
  test_simple_prompt: { answer: () => asked(text('This is a simple prompt for testing.')) },
  test_prompt_with_arguments: {
    arguments: [argument('arg1'), argument('arg2')],
    answer: ({ arg1, arg2 }) => asked(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  },
  test_prompt_with_embedded_resource: {
    arguments: [argument('resourceUri')],
    answer: ({ resourceUri }) =>
      asked(
        resource(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  },
  test_prompt_with_image: { answer: () => asked(image, text('Please analyze the image above.')) },
};

export const fixturePrompts = {
  list: () =>
    Object.entries(prompts).map(([name, { arguments: given }]) => ({
      name,
      description: name,
      arguments: given ?? [],
    })),
  get: (name, given) => prompts[name].answer(given),
  complete: async () => [],
};
