import { happenedAt } from '../../platform/id.js';

/** The text of an event as it goes out, shared by all deliveries of the event that are in memory. */
export class EventText {
  readonly id: string;
  readonly type: string;
  readonly body: Buffer;

  constructor({ id, type, body }: { id: string; type: string; body: string }) {
    this.id = id;
    this.type = type;
    this.body = Buffer.from(body);
  }

  /** Unix milliseconds. */
  get happenedAt(): number {
    return happenedAt(this.id);
  }
}
