import { createSign } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { RefreshToken, ServiceAccount } from './credential.js';
import type { PlatformAnswer, ConversionVerdict } from './platform.js';
import { authBroken, meaningOfStatus, readAnswer, retry, someText, unanswered, verdict } from './verdict.js';

/** Google's own constant, which an assertion names as its audience wherever it is sent to. */
const audience = 'https://oauth2.googleapis.com/token';
const scope = 'https://www.googleapis.com/auth/datamanager';
const assertionSeconds = 3_600;
/** So long before its end a token is not used any more. */
const spareMs = 60_000;
const tokensKept = 10_000;

export const googleTokenUrl = audience;

export type GoogleCredential = { readonly serviceAccount: ServiceAccount } | { readonly refresh: RefreshToken };

/** A token to send with, or why there is none. */
export type AccessToken =
  { readonly ok: true; readonly token: string } | { readonly ok: false; readonly verdict: ConversionVerdict };

export interface GoogleAccessTokenOptions {
  /** Posts a form to the token's address, with the deadlines and the address guard of everything that leaves. */
  readonly post: (form: string) => Promise<PlatformAnswer>;
  readonly nowMs: () => number;
}

const success = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const failure = z.object({ error: z.string(), error_description: someText });

const newCredential =
  'Save a new serviceAccount or refresh: Google takes the one that is saved no longer, or its project lacks the scope.';

/**
 * The access tokens of Google's destinations. They are kept in memory alone, one a destination, for as long as Google lets
 * them live; whoever needs a destination's token while it is being fetched waits for that one.
 */
export class GoogleAccessTokens {
  private readonly kept = new LRUCache<string, { credential: string; token: string; untilMs: number }>({
    max: tokensKept,
  });
  private readonly underWay = new Map<string, Promise<AccessToken>>();

  constructor(private readonly options: GoogleAccessTokenOptions) {}

  /** @param credential of the destination as it is now: after a change of it the token before serves no longer */
  async of(destinationId: string, credential: GoogleCredential): Promise<AccessToken> {
    const text = JSON.stringify(credential);
    const kept = this.kept.get(destinationId);
    if (kept !== undefined && kept.credential === text && this.options.nowMs() < kept.untilMs) {
      return { ok: true, token: kept.token };
    }
    const key = `${destinationId} ${text}`;
    const asked = this.underWay.get(key);
    if (asked !== undefined) return await asked;
    const fetching = this.fetch(destinationId, credential).finally(() => this.underWay.delete(key));
    this.underWay.set(key, fetching);
    return await fetching;
  }

  /** Drops a token that Google refused, so that the next one is fetched; one that was fetched meanwhile stays. */
  forget(destinationId: string, token: string): void {
    if (this.kept.get(destinationId)?.token === token) this.kept.delete(destinationId);
  }

  private async fetch(destinationId: string, credential: GoogleCredential): Promise<AccessToken> {
    const askedAtMs = this.options.nowMs();
    const answer = await this.options.post(formOf(credential, askedAtMs));
    const given = answer.status === 200 ? readAnswer(answer, success) : null;
    if (given === null) return { ok: false, verdict: refusal(answer, secretsIn(credential)) };
    const { access_token: token, expires_in: seconds } = given;
    const untilMs = askedAtMs + seconds * 1_000 - spareMs;
    this.kept.set(destinationId, { credential: JSON.stringify(credential), token, untilMs });
    return { ok: true, token };
  }
}

function formOf(credential: GoogleCredential, nowMs: number): string {
  const fields: Record<string, string> =
    'refresh' in credential
      ? {
          grant_type: 'refresh_token',
          client_id: credential.refresh.clientId,
          client_secret: credential.refresh.clientSecret,
          refresh_token: credential.refresh.refreshToken,
        }
      : {
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          assertion: assertionOf(credential.serviceAccount, nowMs),
        };
  return new URLSearchParams(fields).toString();
}

/** What a service account says of itself, signed with its key (RS256). */
function assertionOf({ clientEmail, privateKey, privateKeyId }: ServiceAccount, nowMs: number): string {
  const issuedAt = Math.floor(nowMs / 1_000);
  const header = { alg: 'RS256', typ: 'JWT', kid: privateKeyId };
  const claims = { iss: clientEmail, scope, aud: audience, iat: issuedAt, exp: issuedAt + assertionSeconds };
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
}

/** A refusal for a time that is not Google's is this machine's fault, and nothing that an owner could mend. */
function refusal(answer: PlatformAnswer, secrets: readonly string[]): ConversionVerdict {
  const error = readAnswer(answer, failure);
  if (error === null) return unanswered("Google's token endpoint", answer, secrets);
  const words = error.error_description ?? '';
  const isTrouble = meaningOfStatus(answer.status).kind === 'RETRY';
  const isClock = /\b(iat|exp)\b|timeframe|short-lived/i.test(words);
  const meaning = isTrouble || isClock ? retry : authBroken(newCredential);
  return verdict(meaning, { code: error.error, words, traceId: null }, secrets);
}

function secretsIn(credential: GoogleCredential): string[] {
  if ('refresh' in credential) return [credential.refresh.clientSecret, credential.refresh.refreshToken];
  return [credential.serviceAccount.privateKey];
}
