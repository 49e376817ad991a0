import fastify from 'fastify';
import { verifyWebhook } from '@iozen/webhooks';

const app = fastify();

// In a plugin of its own, so that other routes go on getting JSON parsed. Fastify answers a refusal with its status, 400.
app.register(async (hooks) => {
  hooks.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: 2 ** 21 }, async (_, body) => body);
  hooks.post('/hook', async (request, reply) => {
    const event = verifyWebhook(request.body, request.headers, process.env.IOZEN_WEBHOOK_SECRET);
    console.log(event.type, event.id);
    return reply.code(204).send();
  });
});

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
