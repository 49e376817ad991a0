import { z } from 'zod';
import { report } from '../../platform/validate.js';
import type { Issue } from '../../platform/errors.js';

const headersMax = 20;
const valueCharactersMax = 4_096;
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
const visibleAscii = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
// Headers that we set ourselves, and those that belong to the connection.
const reserved =
  /^(host|user-agent|content-.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|webhook-.*|x-iozen-.*)$/i;

const headers = z
  .record(z.string(), z.string())
  .nullable()
  .superRefine((sent, context) => {
    const issues: Issue[] = [];
    const names = Object.keys(sent ?? {});
    if (names.length > headersMax) {
      issues.push({ path: '', message: `must have at most ${headersMax} entries`, code: 'too_long' });
    }
    const seen = new Set<string>();
    for (const name of names) {
      const value = sent?.[name] ?? '';
      // A name with a dot is not put into the path, which it would split.
      const path = token.test(name) && !name.includes('.') ? name : '';
      if (!token.test(name))
        issues.push({
          path,
          message: `has the name ${JSON.stringify(name.slice(0, 100))}, which is no HTTP header name`,
          code: 'bad_format',
        });
      else if (reserved.test(name)) issues.push({ path, message: 'may not be set', code: 'not_allowed' });
      else if (seen.has(name.toLowerCase())) issues.push({ path, message: 'is given twice', code: 'not_allowed' });
      if (value.length > valueCharactersMax) {
        issues.push({ path, message: `must have at most ${valueCharactersMax} characters`, code: 'too_long' });
      } else if (!visibleAscii.test(value)) {
        issues.push({ path, message: 'must be visible ASCII characters', code: 'bad_format' });
      }
      seen.add(name.toLowerCase());
    }
    report(context, issues);
  });

/** Headers that an endpoint wants with every delivery, an object of names and values; null or an empty one for none. */
export const customHeaders = z
  .unknown()
  .superRefine((sent, context) => {
    // A zod record would lose this key silently.
    if (sent === null || typeof sent !== 'object' || !Object.hasOwn(sent, '__proto__')) return;
    report(context, [{ path: '__proto__', message: 'may not be set', code: 'not_allowed' }]);
  })
  .pipe(headers);
