import type { Actor } from '../../src/platform/actor.js';
import type { Failure } from '../../src/platform/errors.js';
import type { WebhookDeliveryFilter } from '../../src/webhooks/store/delivery-query.js';
import type { WebhookDelivery } from '../../src/webhooks/deliveries/delivery.entity.js';
import type { DeliveryStatus } from '../../src/webhooks/store/delivery-status.js';
import type { Holder } from '../support/locks.js';
import { Receiver } from '../support/receiver.js';
import type { WebhookFixture } from './webhook-fixture.js';

/** A tenant with one endpoint, who answers there, and how its deliveries stand. */
export class Subscription {
  private constructor(
    private readonly fixture: WebhookFixture,
    readonly receiver: Receiver,
    readonly actor: Actor,
    readonly endpointId: string,
    readonly secret: string,
  ) {}

  static async to(fixture: WebhookFixture): Promise<Subscription> {
    const receiver = await Receiver.start();
    const actor = await fixture.workspace();
    const { webhookEndpoint, secret } = await fixture.endpoint(actor, receiver.url);
    return new Subscription(fixture, receiver, actor, webhookEndpoint.id, secret);
  }

  /** Newest first. */
  async deliveries(filter: WebhookDeliveryFilter = {}): Promise<WebhookDelivery[]> {
    const page = { limit: 100, cursor: null, direction: 'older' } as const;
    return (await this.fixture.deliveries.list(this.actor, filter, page)).rows;
  }

  async statuses(): Promise<DeliveryStatus[]> {
    return (await this.deliveries()).map(({ status }) => status);
  }

  async settled(count: number, as: DeliveryStatus): Promise<void> {
    await this.fixture.eventually(
      async () => (await this.statuses()).filter((status) => status === as).length === count,
    );
  }

  /** What the table has that may still be sent. */
  async open(): Promise<object[]> {
    return await this.fixture.rows('select from webhook_open_deliveries where endpoint_id = $1', [this.endpointId]);
  }

  /** Whoever changes them waits until `work` is done. */
  async withDeliveriesLocked(work: (holder: Holder) => Promise<unknown>): Promise<void> {
    const client = await this.fixture.database.pool.connect();
    await client.query('begin');
    await client.query('select from webhook_open_deliveries where endpoint_id = $1 for update', [this.endpointId]);
    await work(client);
    await client.query('rollback');
    client.release();
  }

  /** What happens now arrives, whatever else is under way. */
  async isServed(): Promise<void> {
    const count = this.receiver.received.length;
    await this.fixture.publish(this.actor);
    await this.receiver.arrived(count + 1);
  }

  async stop(): Promise<void> {
    await this.receiver.stop();
  }
}

/** The code with which it is refused. */
export async function reasonOf(call: Promise<unknown>): Promise<string> {
  return await call.then(
    () => 'no refusal',
    (failure: Failure) => failure.code,
  );
}
