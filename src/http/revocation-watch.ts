import { sessionsEnded, type SessionService } from '../accounts/session.service.js';
import { apiKeyChanged, type ApiKeyService } from '../api-keys/api-key.service.js';
import { documentsDistrusted, type TrustedDocumentService } from '../api-keys/trusted-document.service.js';
import type { Actor } from '../platform/actor.js';
import { authenticationRequired, documentNotTrusted, type Failure } from '../platform/errors.js';
import { SingleFlight } from '../platform/async/single-flight.js';
import { errorFields, type Log } from '../platform/log.js';
import type { Notifications } from '../platform/postgres/notifications.js';
import { workspaceChanged } from '../workspaces/workspace.service.js';

interface Watch {
  actor: Actor;
  /** Of a stream that may run for as long as its document is trusted: the document's hash in hex. */
  documentHash: string | null;
  ended: (why: Failure) => void;
}

/**
 * Ends streams whose caller has lost the right to them: a key was revoked or expired, or the secret that was shown was
 * rotated away, a session ended, a workspace was archived or lost the API, a key's document is no longer trusted. It looks
 * at once when a notification says so, and every 20 s, since a notification may be lost.
 */
export class RevocationWatch {
  private readonly watches = new Set<Watch>();
  private timer: NodeJS.Timeout | null = null;
  private readonly looking = new SingleFlight(() => this.lookOnce());

  constructor(
    private readonly apiKeys: ApiKeyService,
    private readonly sessions: SessionService,
    private readonly documents: Pick<TrustedDocumentService, 'trustedAmong'>,
    notifications: Notifications,
    private readonly log: Log,
    private readonly lookAgainMs = 20_000,
  ) {
    for (const topic of [apiKeyChanged, sessionsEnded, workspaceChanged, documentsDistrusted])
      notifications.on(topic, () => this.look());
    notifications.onReconnect(() => this.look());
  }

  /**
   * `ended` is called once, unless the returned function was called before.
   * @param documentHash of what a stream runs; it matters for a key that may run trusted documents alone
   */
  onEnded(actor: Actor, ended: (why: Failure) => void, documentHash: string | null = null): () => void {
    const watch = { actor, documentHash: actor.documentsOnly ? documentHash : null, ended };
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
    const running = watches.flatMap((watch) => {
      const { documentHash: hash, actor } = watch;
      return hash === null ? [] : [{ watch, hash, workspaceId: actor.workspaceId }];
    });
    const trusted = running.length > 0 ? await this.documents.trustedAmong(running) : [];
    const distrusted = new Set(running.filter((one) => !trusted.includes(one)).map(({ watch }) => watch));
    for (const watch of watches) {
      const why = usable.has(watch.actor.credentialId)
        ? distrusted.has(watch)
          ? documentNotTrusted()
          : null
        : revoked();
      if (why !== null && this.watches.delete(watch)) watch.ended(why);
    }
  }
}

const revoked = () => authenticationRequired({ cause: 'the key or session ended while its stream was open' });
