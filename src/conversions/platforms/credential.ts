import { z } from 'zod';

/** What is sealed with a destination, as JSON: a token as it is sent, or what Google's tokens are fetched with. */
export type Credential =
  { readonly accessToken: string } | { readonly serviceAccount: ServiceAccount } | { readonly refresh: RefreshToken };

export type CredentialName = 'accessToken' | 'serviceAccount' | 'refresh';

/** The key of a Google service account: of its JSON only what signs is kept. */
export interface ServiceAccount {
  readonly clientEmail: string;
  readonly privateKey: string;
  readonly privateKeyId: string;
}

export interface RefreshToken {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
}

/** By which an owner recognises a credential that nobody reads again. */
export function lastFourOf(credential: Credential): string {
  if ('accessToken' in credential) return credential.accessToken.slice(-4);
  if ('refresh' in credential) return credential.refresh.refreshToken.slice(-4);
  return credential.serviceAccount.privateKeyId.slice(-4);
}

/** A token, or another secret of one line, as it was pasted. */
export const token = z
  .string()
  .trim()
  .max(4_000)
  .regex(/^[\x21-\x7e]+$/, 'must be one word of ASCII characters');

/** An id of a platform, as it was pasted. */
export const id = (form: RegExp, message: string) => z.string().trim().max(200).regex(form, message);
