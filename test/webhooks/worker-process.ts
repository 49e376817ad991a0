import { WebhookFixture } from './webhook-fixture.js';

/**
 * A worker in a process of its own, to be killed: `worker-process.js DATABASE_URL`. Starts at the first message, and says
 * `ready` once it delivers.
 */
const [url = ''] = process.argv.slice(2);

async function start(): Promise<void> {
  for (;;) {
    try {
      const fixture = await WebhookFixture.on(url, { retryDelaysMs: [200, 200, 200, 200, 200, 200, 200, 200, 200] });
      await fixture.startWorker();
      process.send?.('ready');
      return;
    } catch {
      // The database is away just now.
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

process.on('disconnect', () => process.exit());
process.once('message', () => void start());
