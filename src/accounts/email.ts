import { invalid } from '../platform/errors.js';

export const emailForm = /^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$/;

/** Trimmed, in lower case. */
export function readEmail(text: string): string {
  const email = text.trim().toLowerCase();
  if (emailForm.test(email) && email.length <= 254) return email;
  throw invalid('email', 'bad_format', 'must be an e-mail address');
}
