import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

const secret = Buffer.from(process.env.IOZEN_WEBHOOK_SECRET?.slice('whsec_'.length) ?? '', 'base64');
if (secret.length === 0) throw new Error('IOZEN_WEBHOOK_SECRET is missing');

function isOurs(rawBody, headers) {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures = '' } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) < 300)) return false;
  const expected = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(rawBody).digest();
  return signatures.split(' ').some((signature) => {
    const given = Buffer.from(signature.replace('v1,', ''), 'base64');
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

createServer(async (request, response) => {
  try {
    const isTooLarge = !(Number(request.headers['content-length']) <= 2 ** 21);
    const rawBody = isTooLarge ? '' : await buffer(request);
    if (!isOurs(rawBody, request.headers)) return response.writeHead(400).end();
    const event = JSON.parse(rawBody);
    console.log(event.type, event.id);
    response.writeHead(204).end();
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
}).listen(process.env.PORT, '127.0.0.1');
