import type { Issue } from '../../platform/errors.js';
import type { Credential } from './credential.js';
import type { Platform } from './platform.js';

export interface Account {
  readonly settings: Readonly<Record<string, string>>;
  /** null: what is sealed stays. */
  readonly credential: Credential | null;
}

/**
 * Sorts what an owner gave of an account (the platform's `input`, read) into what may be read again and what never may.
 * @param before the settings that the destination has, which stay where they are absent, and go where null is given; null
 *   for a new destination, which needs all
 */
export function readAccount(
  platform: Platform,
  given: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, string>> | null,
): Account & { readonly issues: readonly Issue[] } {
  const isGiven = (name: string) => given[name] !== undefined && given[name] !== null;
  const path = (name: string) => `${platform.name}.${name}`;

  const names = Object.keys(platform.settings);
  const known = names.map((name) => [name, given[name] === undefined ? before?.[name] : given[name]] as const);
  const settings = Object.fromEntries(known.filter((one): one is [string, string] => typeof one[1] === 'string'));
  const issues = names
    .filter((name) => platform.settings[name] === 'required' && settings[name] === undefined)
    .map((name): Issue => ({ path: path(name), code: 'required', message: 'is required' }));

  const [name, other] = platform.credentials.filter(isGiven);
  if (other !== undefined) {
    issues.push({ path: path(other), code: 'not_allowed', message: `must not be given together with ${name}` });
  } else if (name === undefined && before === null) {
    const [first = '', ...others] = platform.credentials;
    const message = ['is required', ...others].join(', or else ');
    issues.push({ path: path(first), code: 'required', message });
  }
  const credential = name === undefined ? null : ({ [name]: given[name] } as unknown as Credential);
  return { settings, credential, issues };
}
