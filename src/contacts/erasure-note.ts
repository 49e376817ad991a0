import { isId } from '../platform/id.js';
import type { Secrets } from '../platform/secrets.js';

/**
 * What erases a person once more, should a backup of before bring the person back. It is kept outside of the database,
 * in the log and in files, so whom it names is sealed: without `SECRETS_KEY` nobody reads it, and nobody can write one.
 */
export interface ErasureNote {
  id: string;
  workspaceId: string;
  createdAt: Date;
  /** The contact that was deleted first, then those that had been merged into it. */
  contactIds: readonly [string, ...string[]];
  /** Digests of the person's addresses. */
  addresses: readonly string[];
  withSubmissions: boolean;
}

/** A note as it is kept: one line of JSON, alone or in a line of the log. */
export interface SealedNote {
  id: string;
  workspace_id: string;
  created_at: string;
  sealed: string;
}

type Told = Pick<SealedNote, 'id' | 'workspace_id' | 'created_at'>;
type Sealed = Pick<ErasureNote, 'contactIds' | 'addresses' | 'withSubmissions'>;

const told = ({ id, workspaceId, createdAt }: Pick<ErasureNote, 'id' | 'workspaceId' | 'createdAt'>): Told => ({
  id,
  workspace_id: workspaceId,
  created_at: createdAt.toISOString(),
});
/** A sealed text opens beside the id, workspace and time alone with which it was made. */
const contextOf = ({ id, workspace_id, created_at }: Told) => `erasure:${id}:${workspace_id}:${created_at}`;

export function sealNote(secrets: Secrets, note: ErasureNote): SealedNote {
  const { contactIds, addresses, withSubmissions } = note;
  const sealed: Sealed = { contactIds, addresses, withSubmissions };
  return { ...told(note), sealed: secrets.seal(JSON.stringify(sealed), contextOf(told(note))) };
}

/** @throws Error when `SECRETS_KEY` lacks the key, or somebody has changed the note */
export function openNote(secrets: Secrets, note: SealedNote): ErasureNote {
  const sealed = JSON.parse(secrets.open(note.sealed, contextOf(note))) as Sealed;
  return { id: note.id, workspaceId: note.workspace_id, createdAt: new Date(note.created_at), ...sealed };
}

/** The notes in a list as `export` writes it, or in a log; other lines are passed over, and of one note twice the first. */
export async function notesIn(lines: AsyncIterable<string>): Promise<SealedNote[]> {
  const found = new Map<string, SealedNote>();
  for await (const line of lines) {
    // A supervisor may put its own words before a line of the log.
    const start = line.indexOf('{');
    if (start === -1 || !line.includes('"erasure"')) continue;
    const note = noteOf(line.slice(start));
    if (note !== null && !found.has(note.id)) found.set(note.id, note);
  }
  return [...found.values()];
}

function noteOf(text: string): SealedNote | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const { erasure } = parsed as { erasure?: Partial<SealedNote> | null };
  if (erasure === null || typeof erasure !== 'object') return null;
  const { id, workspace_id, created_at, sealed } = erasure;
  const isWhole =
    isId(id, 'erasure') &&
    isId(workspace_id, 'workspace') &&
    typeof created_at === 'string' &&
    !Number.isNaN(Date.parse(created_at)) &&
    typeof sealed === 'string';
  return isWhole ? { id, workspace_id, created_at, sealed } : null;
}

/** As the list has it, line by line. */
export const lineOf = (note: SealedNote): string => `${JSON.stringify({ erasure: note })}\n`;
