import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { verifyWebhook, WebhookVerificationError } from '@iozen/webhooks';

const app = new Hono();

app.post('/hook', async (context) => {
  const event = verifyWebhook(await context.req.text(), context.req.raw.headers, process.env.IOZEN_WEBHOOK_SECRET);
  console.log(event.type, event.id);
  return context.body(null, 204);
});
app.onError((error, context) => {
  if (!(error instanceof WebhookVerificationError)) throw error;
  return context.text(error.message, error.statusCode);
});

serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' });
