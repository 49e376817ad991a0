import { z } from 'zod';
import type { ConversionVerdict, ConversionVerdictKind, PlatformAnswer, PlatformRequest } from './platform.js';

/** What a code of a platform means; for a broken destination also what its owner has to do. */
export interface Meaning {
  readonly kind: ConversionVerdictKind;
  readonly mend?: string;
  readonly notBeforeMs?: number;
}

export const delivered: Meaning = { kind: 'DELIVERED' };
export const retry: Meaning = { kind: 'RETRY' };
export const rejected: Meaning = { kind: 'REJECTED' };
export const authBroken = (mend: string): Meaning => ({ kind: 'AUTH_BROKEN', mend });
export const configBroken = (mend: string): Meaning => ({ kind: 'CONFIG_BROKEN', mend });

/** One meaning for many codes, as a part of a table. */
export const all = (codes: string, meaning: Meaning): (readonly [string, Meaning])[] =>
  codes
    .trim()
    .split(/\s+/)
    .map((code) => [code, meaning]);

/**
 * What an answer means that has no code we know: no answer, a platform in trouble, or a success that does not say that the
 * event was taken, are tried again; another refusal is for good.
 */
export function meaningOfStatus(status: number | null): Meaning {
  if (status === null || status < 400 || status >= 500) return retry;
  return [408, 423, 425, 429].includes(status) ? retry : rejected;
}

/**
 * A refused time is tried again where the platform finds it in the future: then one of two clocks is wrong, and the event
 * is not.
 */
export const unlessClocksDiffer = (meaning: Meaning, text: string): Meaning =>
  meaning.kind === 'REJECTED' && /\bfuture\b|not exceed (the )?current time/i.test(text) ? retry : meaning;

/** The answer's JSON, if it is of this shape; null for anything else, such as the HTML of a proxy. */
export function readAnswer<Shape extends z.ZodType>(answer: PlatformAnswer, shape: Shape): z.output<Shape> | null {
  let json: unknown;
  try {
    json = JSON.parse(answer.body);
  } catch {
    return null;
  }
  return shape.safeParse(json).data ?? null;
}

/** A text of an answer that may be absent, or something else: no answer is unreadable for that. */
export const someText = z.string().nullish().catch(null);

const wordsCharactersMax = 500;
const codeCharactersMax = 100;
const wholeWordCharactersMax = 8;

/** A verdict with the platform's words, less what was `sent` of the person and of the credential, and with what to mend. */
export function verdict(
  meaning: Meaning,
  say: { code: string | null; words: string; traceId: string | null },
  secrets: readonly string[],
): ConversionVerdict {
  const { kind, mend, notBeforeMs } = meaning;
  const words = shortened(
    withoutAny(secrets, say.words),
    wordsCharactersMax - (mend === undefined ? 0 : mend.length + 1),
  );
  return {
    kind,
    code: say.code === null ? null : shortened(say.code, codeCharactersMax),
    message: [words, mend].filter(Boolean).join(' '),
    traceId: say.traceId === null ? null : shortened(say.traceId, codeCharactersMax),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
  };
}

/** The verdict where a platform did not answer, or something in front of it did: the event is tried again. */
export function unanswered(title: string, answer: PlatformAnswer, secrets: readonly string[]): ConversionVerdict {
  const words = answer.error ?? `${title} answered ${answer.status} in a form that is not its own.`;
  return verdict(retry, { code: answer.status?.toString() ?? null, words, traceId: null }, secrets);
}

/** On one line, as it can be kept and shown. */
function shortened(text: string, charactersMax: number): string {
  const line = text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line.length > charactersMax ? `${line.slice(0, charactersMax - 1).toWellFormed()}…` : line;
}

/**
 * Every text that a request has in the named fields of its body and in the named headers. Platforms repeat what they
 * refuse, and what they repeat is kept in the log.
 */
export function secretsOf(sent: PlatformRequest, fields: readonly string[], headers: readonly string[]): string[] {
  const found: string[] = headers.flatMap((name) => sent.headers[name]?.replace(/^Bearer /, '') ?? []);
  const search = (value: unknown, isSecret: boolean): void => {
    if (typeof value === 'string') {
      if (isSecret && value.length > 1) found.push(value);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) search(inner, isSecret || fields.includes(key));
    }
  };
  search(sent.body, false);
  return found;
}

/** Longer texts first: a page's address may hold a click id. A short one, such as a country, counts as a whole word. */
function withoutAny(secrets: readonly string[], words: string): string {
  return secrets
    .toSorted((one, other) => other.length - one.length)
    .reduce((text, secret) => {
      const literal = secret.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
      const pattern = secret.length < wholeWordCharactersMax ? `(?<!\\w)${literal}(?!\\w)` : literal;
      return text.replace(new RegExp(pattern, 'gi'), '…');
    }, words);
}
