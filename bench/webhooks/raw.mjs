import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { Pool } from 'undici';
import { built, now } from '../support/ground.mjs';
import { bodyBytes, endpoints } from './work.mjs';

const { newId } = await built('src/platform/id.js');
const { Hmac } = await built('src/platform/hmac.js');

/** With what Node.js has for it: an object for each signature. */
const nodes = {
  newKey: () => createSecretKey(randomBytes(32)),
  sign: (key, start, body, encoding) => createHmac('sha256', key).update(start).update(body).digest(encoding),
};
const ours = {
  newKey: () => new Hmac(randomBytes(32)),
  sign: (key, start, body, encoding) => key.digest(start, body, encoding),
};

/** Posts that are only signed and sent, with no database behind them. */
const starter = (signer) => (_url, receiver) => ({
  drain: async (events) => await send(receiver, events * endpoints, signer),
  stop: async () => {},
});
export const startRaw = starter(nodes);
export const startRawSignedAsOurs = starter(ours);

/** 64 at a time: with the headers of a delivery and two keys for each endpoint. */
async function send(receiver, deliveries, { newKey, sign }) {
  const pool = new Pool(receiver.url, { connections: 64 });
  const keys = Array.from({ length: endpoints }, () => ({ standard: newKey(), own: newKey() }));
  const body = Buffer.alloc(bodyBytes, 'x');
  const deliveryId = newId('webhookDelivery');
  const eventId = `evt_${newId('event')}`;
  const startedAt = now();
  let sent = 0;
  let ended = 0;
  await new Promise((resolve, reject) => {
    const next = () => {
      if ((sent += 1) > deliveries) return;
      const timestamp = String(Math.floor(Date.now() / 1_000));
      const endpoint = sent % endpoints;
      const { standard: standardKey, own: ownKey } = keys[endpoint];
      const standard = sign(standardKey, `${eventId}.${timestamp}.`, body, 'base64');
      const own = sign(ownKey, '', body, 'hex');
      const headers = {
        'Content-Type': 'application/json',
        'User-Agent': 'ioZen-Webhooks/1.0',
        'X-IoZen-Event-Type': 'contact.created',
        'X-IoZen-Event-Id': eventId,
        'X-IoZen-Timestamp': timestamp,
        'X-IoZen-Delivery-Id': deliveryId,
        'X-IoZen-Attempt': '1',
        'webhook-id': eventId,
        'webhook-timestamp': timestamp,
        'X-IoZen-Signature': `sha256=${own}`,
        'webhook-signature': `v1,${standard}`,
      };
      pool.dispatch(
        { path: `/${endpoint}`, method: 'POST', headers, body },
        {
          onRequestStart() {},
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd() {
            if ((ended += 1) === deliveries) resolve();
            else next();
          },
          onResponseError: (_controller, error) => reject(error),
        },
      );
    };
    for (let lane = 0; lane < 64; lane += 1) next();
  });
  const seconds = (now() - startedAt) / 1_000;
  await pool.close();
  await receiver.arrivals();
  return { perSecond: Math.round(deliveries / seconds) };
}
