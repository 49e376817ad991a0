import { setTimeout as wait } from 'node:timers/promises';
import { Receiver, type Received } from '../../support/receiver.js';

/** A change as an event tells of it: `step` 0 is the creation. */
export interface Told {
  eventId: string;
  submissionId: string;
  step: number;
}

export interface Delivered extends Told {
  path: string;
}

const endpoints = { '/any': { takesMs: 5 }, '/serial': { takesMs: 5 }, '/slow': { takesMs: 100 } };
export type Path = keyof typeof endpoints;

/** The name that a submission of a load has after so many changes. */
export const nameAt = (step: number): string => `Step ${step}`;

/** What an event, as it is sent to webhooks and to followers alike, tells of. */
export function toldBy(
  eventId: string,
  event: { data: { submission: { id: string; data: { full_name: string } } } },
): Told {
  const { id, data } = event.data.submission;
  return { eventId, submissionId: id, step: Number(data.full_name.replace('Step ', '')) };
}

/** A receiver that takes its time, and knows of each path how many posts were under way at once. */
export class Subscriber {
  readonly delivered: Delivered[] = [];
  readonly mostAtOnce = new Map<string, number>();
  private readonly open = new Map<string, number>();

  private constructor(private readonly receiver: Receiver) {}

  static async start(): Promise<Subscriber> {
    const subscriber = new Subscriber(await Receiver.start());
    subscriber.receiver.answer = (response, request) => {
      const { path } = request;
      const open = (subscriber.open.get(path) ?? 0) + 1;
      subscriber.open.set(path, open);
      subscriber.mostAtOnce.set(path, Math.max(subscriber.mostAtOnce.get(path) ?? 0, open));
      // Also where the worker has died, whose connections go with it.
      response.once('close', () => subscriber.open.set(path, (subscriber.open.get(path) ?? 0) - 1));
      subscriber.take(request);
      setTimeout(() => response.end(), endpoints[path as Path].takesMs);
    };
    return subscriber;
  }

  url(path: Path): string {
    return new URL(path, this.receiver.url).href;
  }

  /** Posts that came to a path, those that came more than once as often as they did. */
  at(path: Path): Delivered[] {
    return this.delivered.filter((one) => one.path === path);
  }

  /** Once each of these events has come to each path; false where that takes too long. */
  async has(count: (path: Path) => number, msMax: number): Promise<boolean> {
    const isThere = (path: Path) => new Set(this.at(path).map(({ eventId }) => eventId)).size >= count(path);
    for (const deadlineMs = performance.now() + msMax; performance.now() < deadlineMs; await wait(100))
      if ((Object.keys(endpoints) as Path[]).every(isThere)) return true;
    return false;
  }

  async stop(): Promise<void> {
    await this.receiver.stop();
  }

  private take({ headers, body, path }: Received): void {
    this.delivered.push({ path, ...toldBy(String(headers['webhook-id']), JSON.parse(body)) });
  }
}
