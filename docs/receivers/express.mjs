import express from 'express';
import { verifyWebhook } from '@iozen/webhooks';

const app = express();

// Before any `express.json()` for all routes. A refusal is an error with the status 400, which Express answers.
app.post('/hook', express.raw({ type: 'application/json', limit: '2mb' }), (request, response) => {
  const event = verifyWebhook(request.body, request.headers, process.env.IOZEN_WEBHOOK_SECRET);
  console.log(event.type, event.id);
  response.status(204).end();
});

app.listen(process.env.PORT, '127.0.0.1');
