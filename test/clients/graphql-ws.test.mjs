import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { apiKey, socketUrl } from './support.mjs';

const clientOf = (connectionParams) =>
  createClient({ url: socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, connectionParams });

void describe('graphql-ws', () => {
  void it('asks and changes over one socket, whatever the case of `authorization`', async () => {
    for (const name of ['authorization', 'Authorization']) {
      const client = clientOf({ [name]: `Bearer ${apiKey}` });
      const results = client.iterate({ query: '{ viewer { apiKey { name } } }' });
      const { value } = await results.next();
      assert.equal(typeof value.data.viewer.apiKey.name, 'string');
      await client.dispose();
    }
  });

  void it('is told what to send, where it sends no key that we know', async () => {
    for (const params of [{}, { headers: { Authorization: `Bearer ${apiKey}` } }, { authToken: apiKey }]) {
      const client = clientOf(params);
      const closed = new Promise((resolve) => client.on('closed', resolve));
      await assert.rejects(async () => await client.iterate({ query: '{ viewer { role } }' }).next());
      const { code, reason } = await closed;
      assert.equal(code, 4403);
      assert.match(reason, /send \{"authorization": "Bearer .*"\} in connection_init/);
    }
  });
});
