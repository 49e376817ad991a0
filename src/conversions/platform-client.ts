import type { Config } from '../platform/config.js';
import { wholeAnswer } from '../platform/outbound/answer.js';
import type { Outcome } from '../platform/outbound/attempt.js';
import { headerIn } from '../platform/outbound/header-in.js';
import { Outbound } from '../platform/outbound/outbound.js';
import { retryAfterAt } from '../platform/outbound/retry-after.js';
import type { Credential } from './platforms/credential.js';
import { GoogleAccessTokens, googleTokenUrl, type AccessToken } from './platforms/google-access-token.js';
import type { ConversionDestination } from './destination.entity.js';
import type {
  ConversionTarget,
  ConversionVerdict,
  Platform,
  PlatformAnswer,
  PlatformRequest,
} from './platforms/platform.js';

/** Whose request it is. */
export interface SendingParty {
  workspaceId: string;
  destinationId: string;
  credential: Credential;
}

export interface PlatformVerdict {
  verdict: ConversionVerdict;
  /** The HTTP status; null where no answer came. */
  status: number | null;
  /** Whether the verdict is on the request; else on the token that it lacks. */
  isSent: boolean;
}

/**
 * Speaks to the ad platforms: at the addresses that are theirs or the operator's, past the address guard, with the
 * destination's token. Whatever a platform does is an answer; nothing here is thrown.
 */
export class PlatformClient {
  private readonly outbound: Outbound;
  private readonly tokens: GoogleAccessTokens;

  constructor(
    private readonly settings: Config['conversions'] & { allowedCidrs: readonly string[] },
    private readonly nowMs: () => number,
  ) {
    const { timeoutMs, allowedCidrs } = settings;
    this.outbound = new Outbound({ timeoutMs, allowedCidrs, answerKept: wholeAnswer });
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    this.tokens = new GoogleAccessTokens({
      post: async (form) =>
        await this.answer(this.outbound.post(settings.googleTokenUrl ?? googleTokenUrl, headers, form)),
      nowMs,
    });
  }

  /** The longest that sending takes: a token is fetched and used, and once more where it is refused. */
  get sendMsMax(): number {
    return 4 * this.settings.timeoutMs;
  }

  versionOf(platform: Platform): string {
    return this.settings.versions[platform.name] ?? platform.apiVersion;
  }

  /** Sends a request with the destination's token, and reads the answer by `classify`. */
  async send(
    platform: Platform,
    request: PlatformRequest,
    sender: SendingParty,
    classify: Platform['classify'],
  ): Promise<PlatformVerdict> {
    const first = await this.tokenOf(sender);
    if (!first.ok) return { verdict: first.verdict, status: null, isSent: false };
    const tried = await this.sendWith(first.token, platform, request, sender, classify);
    if (tried.verdict.kind !== 'AUTH_BROKEN' || 'accessToken' in sender.credential) return tried;
    // A token that was fetched may have been revoked while its credential still serves.
    this.tokens.forget(sender.destinationId, first.token);
    const second = await this.tokenOf(sender);
    if (!second.ok) return { verdict: second.verdict, status: tried.status, isSent: false };
    return await this.sendWith(second.token, platform, request, sender, classify);
  }

  close(): void {
    this.outbound.close();
  }

  private async tokenOf({ destinationId, credential }: SendingParty): Promise<AccessToken> {
    if ('accessToken' in credential) return { ok: true, token: credential.accessToken };
    return await this.tokens.of(destinationId, credential);
  }

  private async sendWith(
    token: string,
    platform: Platform,
    request: PlatformRequest,
    { workspaceId }: SendingParty,
    classify: Platform['classify'],
  ): Promise<PlatformVerdict> {
    const sent = platform.authorize(request, token);
    const { method, path, headers, body } = sent;
    const url = `${this.settings.urls[platform.name] ?? platform.baseUrl}${path}`;
    const going =
      method === 'GET'
        ? this.outbound.get(url, headers, workspaceId)
        : this.outbound.post(url, headers, JSON.stringify(body), workspaceId);
    const answer = await this.answer(going);
    const verdict = notBefore(classify(answer, sent), answer, this.nowMs());
    return { verdict, status: answer.status, isSent: true };
  }

  private async answer(going: Promise<Outcome>): Promise<PlatformAnswer> {
    try {
      const outcome = await going;
      return {
        status: outcome.status,
        header: (name) => headerIn(outcome.head, name),
        body: outcome.body.toString(),
        // An answer of whichever status is an answer, unless its body never ended.
        error: outcome.outcome === 'success' || outcome.outcome === 'http_error' ? null : outcome.error,
      };
    } catch (error) {
      // Nothing was sent: as much as may be is in flight to the host, or this process stops.
      const reason = error instanceof Error ? error.message : 'nothing was sent';
      return { status: null, header: () => null, body: '', error: reason };
    }
  }
}

/** Whatever a platform's answer means, what it says in `Retry-After` is kept. */
function notBefore(verdict: ConversionVerdict, answer: PlatformAnswer, now: number): ConversionVerdict {
  const at = retryAfterAt(answer.header('retry-after'), now);
  return at === null ? verdict : { ...verdict, notBeforeMs: Math.max(verdict.notBeforeMs ?? 0, at - now) };
}

/** How a destination wants to be told of an event. */
export function targetOf(destination: ConversionDestination, platform: Platform, isTest: boolean): ConversionTarget {
  const { settings, testCode, mapping } = destination;
  return {
    settings,
    testCode: isTest ? testCode : null,
    validateOnly: isTest && platform.test === 'validates',
    mappedByHand: Object.keys(mapping) as ConversionTarget['mappedByHand'],
  };
}
