import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClient } from 'graphql-sse';
import { ask, bearer, botWithSubmissions, graphqlUrl, submit } from './support.mjs';

void describe('graphql-sse', () => {
  void it('asks, and follows events from behind the last one that was seen', async () => {
    const client = createClient({ url: graphqlUrl, headers: bearer(), retryAttempts: 0 });
    const once = await client.iterate({ query: '{ viewer { apiKey { name } } }' }).next();
    assert.equal(typeof once.value.data.viewer.apiKey.name, 'string');
    const bot = await botWithSubmissions(1);
    const { events } = await ask('{ events(first: 1) { nodes { id } } }');
    const after = events.nodes[0].id;
    const made = [await submit(bot, 'One'), await submit(bot, 'Two')];
    const query = `subscription ($after: ID) { eventOccurred(types: ["submission.completed"], after: $after) { payload } }`;
    const told = [];
    for await (const { data } of client.iterate({ query, variables: { after } })) {
      const { id } = data.eventOccurred.payload.data.submission;
      if (made.includes(id)) told.push(id);
      if (told.length === made.length) break;
    }
    assert.deepEqual(told, made);
    client.dispose();
  });
});
