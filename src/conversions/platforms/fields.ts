import { digest } from './digest.js';
import type { NormalForm } from './normal-forms.js';

/** The fields of a body that have a value: no platform is ever sent a null or an empty text. */
export const present = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));

/** A list of one, for the platforms that take several. */
export const list = <T>(value: T | null): [T] | null => (value === null ? null : [value]);

/**
 * Puts what is known of a person into the forms of one platform. What is known but has no form there is left out, since a
 * bad optional field must not lose the lead, and named in `dropped`.
 */
export class UserFields {
  readonly dropped: string[] = [];

  plain(name: string, known: string | null, form: NormalForm): string | null {
    const text = known === null ? null : form(known);
    if (known !== null && text === null) this.dropped.push(name);
    return text;
  }

  hashed(name: string, known: string | null, form: NormalForm): string | null {
    return digest(this.plain(name, known, form));
  }
}
