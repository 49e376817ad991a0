import { sessionsEnded, type SessionService } from '../accounts/session.service.js';
import { apiKeyChanged, type ApiKeyService } from '../api-keys/api-key.service.js';
import type { Actor } from '../platform/actor.js';
import { SingleFlight } from '../platform/async/single-flight.js';
import { errorFields, type Log } from '../platform/log.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { workspaceChanged } from '../workspaces/workspace.service.js';

interface Watch {
  actor: Actor;
  ended: () => void;
}

/**
 * Ends streams whose credential no longer works: a key was revoked or expired, a session ended, a workspace was archived
 * or lost the API. It looks at once when a notification says so, and every 20 s, since a notification may be lost.
 */
export class RevocationWatch {
  private readonly watches = new Set<Watch>();
  private timer: NodeJS.Timeout | null = null;
  private readonly looking = new SingleFlight(() => this.lookOnce());

  constructor(
    private readonly apiKeys: ApiKeyService,
    private readonly sessions: SessionService,
    notifications: Notifications,
    private readonly log: Log,
    private readonly lookAgainMs = 20_000,
  ) {
    for (const topic of [apiKeyChanged, sessionsEnded, workspaceChanged]) notifications.on(topic, () => this.look());
    notifications.onReconnect(() => this.look());
  }

  /** `ended` is called once, unless the returned function was called before. */
  onEnded(actor: Actor, ended: () => void): () => void {
    const watch = { actor, ended };
    this.watches.add(watch);
    this.timer ??= this.lookAgain();
    return () => this.watches.delete(watch);
  }

  async stop(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    this.watches.clear();
    await this.looking.idle();
  }

  /** By itself: in the scope of a watch the interval would keep the first watch, and its whole request, for good. */
  private lookAgain(): NodeJS.Timeout {
    return setInterval(() => this.look(), this.lookAgainMs).unref();
  }

  private look(): void {
    if (this.watches.size === 0) return;
    void this.looking.run();
  }

  private async lookOnce(): Promise<void> {
    try {
      await this.endThoseThatMust();
    } catch (error) {
      this.log.warn({ error: errorFields(error) }, 'whether open streams may go on could not be looked up');
    }
  }

  private async endThoseThatMust(): Promise<void> {
    const watches = [...this.watches];
    const credentials = (kind: Actor['kind']) =>
      watches.filter(({ actor }) => actor.kind === kind).map(({ actor }) => actor.credentialId);
    const [keys, sessions] = [credentials('key'), credentials('user')];
    const usable = new Set([
      ...(keys.length > 0 ? await this.apiKeys.usable(keys) : []),
      ...(sessions.length > 0 ? await this.sessions.usable(sessions) : []),
    ]);
    for (const watch of watches) {
      if (usable.has(watch.actor.credentialId) || !this.watches.delete(watch)) continue;
      watch.ended();
    }
  }
}
