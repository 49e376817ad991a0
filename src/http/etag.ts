import { createHash, hash } from 'node:crypto';
import { pauseForOthers } from '../platform/work/pause-for-others.js';
import type { ExpectedVersions } from '../platform/version.js';
import type { Encoding } from './compression.js';

/**
 * A strong validator: each encoding of a text has one of its own, as the bytes differ. `version` is made of what a caller
 * may change of a thing: it stays the same while only counts and times change, and `If-Match` compares it alone.
 */
export function etagOf(text: string, encoding: Encoding | null, version: string | null): string {
  return tagOf(hash('sha256', text, 'base64url'), encoding, version);
}

/** The same validator, for a large text in pieces. */
export async function etagOfPieces(
  pieces: readonly Buffer[],
  encoding: Encoding | null,
  version: string | null,
): Promise<string> {
  const digest = createHash('sha256');
  for (const piece of pieces) {
    digest.update(piece);
    await pauseForOthers();
  }
  return tagOf(digest.digest('base64url'), encoding, version);
}

function tagOf(whole: string, encoding: Encoding | null, version: string | null): string {
  const before = version === null ? '' : `${version}-`;
  const behind = encoding === null ? '' : `-${encoding}`;
  return `"${before}${whole.slice(0, 27)}${behind}"`;
}

const versioned = /^"([0-9a-z]+)-[\w-]{27}(?:-[a-z]+)?"$/;

/** The versions that `If-Match` allows to be changed. A weak tag, and a tag of a list, allow none. */
export function versionsIn(ifMatch: string | undefined): ExpectedVersions {
  if (ifMatch === undefined || ifMatch.trim() === '*') return null;
  return new Set(ifMatch.split(',').flatMap((tag) => versioned.exec(tag.trim())?.[1] ?? []));
}

/** Whether `If-None-Match` names the tag: then the caller has these bytes already. */
export function isNamedBy(etag: string, ifNoneMatch: string | undefined): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((named) => named.trim().replace(/^W\//, '') === etag);
}
