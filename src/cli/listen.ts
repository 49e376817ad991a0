import { Agent } from 'undici';
import { eventTypes, type EventType } from '../events/event-type.js';
import { readClientConfig } from '../platform/config.js';
import { newSecret, signingSecret } from '../webhooks/wire/signature.js';
import { EventFollower } from './event-follower.js';
import { forward, receiverOf, type Forwarded } from './forward.js';
import { GraphqlClient } from './graphql-client.js';
import { oneOf } from './options.js';

/** Sends the workspace's events to a receiver under development, until SIGTERM or SIGINT. */
export async function listen(target: string, events: string | null, json: boolean): Promise<number> {
  const receiver = receiverOf(target);
  const types = events === null ? eventTypes : typesOf(events);
  const { url, apiKey, webhookSecret } = readClientConfig();
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  process.on('SIGTERM', stop).on('SIGINT', stop);
  // The program that read our output has ended.
  process.stdout.on('error', stop);
  // A connection of its own for each request: a receiver under development restarts often and would break a kept one.
  const agent = new Agent({ pipelining: 0, connect: { timeout: 5_000 } });
  const api = new GraphqlClient(url, apiKey, agent, stopped.signal);
  const follower = new EventFollower(api, types, stopped.signal, note);
  try {
    const workspace = await follower.start();
    const secret = webhookSecret ?? newSecret();
    const what = types.length === eventTypes.length ? 'all events' : types.join(', ');
    note(`Forwarding ${what} of ${workspace} to ${receiver.href}`);
    note(
      webhookSecret === null
        ? `Signed with ${secret} (IOZEN_WEBHOOK_SECRET keeps one)`
        : 'Signed with IOZEN_WEBHOOK_SECRET',
    );
    const signing = [signingSecret(secret, null)];
    for await (const event of follower.events()) {
      const forwarded = await forward(event, receiver, signing, stopped.signal);
      process.stdout.write(`${json ? JSON.stringify(forwarded) : lineOf(forwarded)}\n`);
    }
  } catch (error) {
    if (!stopped.signal.aborted) throw error;
  } finally {
    await agent.destroy();
  }
  return 0;
}

const longestType = Math.max(...eventTypes.map((type) => type.length));

function lineOf({ at, type, id, status, ms, error }: Forwarded): string {
  const time = at.toTimeString().slice(0, 8);
  return `${time}  ${type.padEnd(longestType)}  ${id}  → ${error ?? status} (${ms} ms)`;
}

/** Prints to stderr: stdout has nothing but one line for each event. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function typesOf(list: string): EventType[] {
  return [...new Set(list.split(',').map((type) => oneOf('events', type.trim(), eventTypes)))];
}
