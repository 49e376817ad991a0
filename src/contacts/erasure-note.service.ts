import type { Database } from '../platform/postgres/database.js';
import { prepared, type Statement } from '../platform/postgres/statement.js';
import type { Log } from '../platform/log.js';
import type { Secrets } from '../platform/secrets.js';
import { sealNote, type SealedNote } from './erasure-note.js';
import type { Erasure } from './erasure.entity.js';
import { erasureColumns } from './erasure.service.js';

const pageRows = 1_000;

const selectNotes = prepared<Noted>(`
  select x.id, x.workspace_id as "workspaceId", x.contact_id as "contactId", x.with_submissions as "withSubmissions",
    x.created_at as "createdAt", x.sealed_note as "sealedNote"
  from erasures x where x.id > $1 order by x.id limit $2
`);
const selectAll = prepared<ListedErasure>(
  `select x.workspace_id as "workspaceId", ${erasureColumns} from erasures x where x.id > $1 order by x.id limit $2`,
);
const selectKnown = prepared<{ id: string }>('select id from erasures where id = $1');

interface Noted {
  id: string;
  workspaceId: string;
  contactId: string;
  withSubmissions: boolean;
  createdAt: Date;
  sealedNote: string | null;
}

/** An erasure as the operator of all workspaces is told of it. */
export type ListedErasure = Erasure & { workspaceId: string };

/** Tells operators of erasures, over all workspaces: for lists that are kept outside of the database. */
export class ErasureNoteService {
  constructor(
    private readonly database: Database,
    private readonly secrets: Secrets,
    private readonly log: Log,
  ) {}

  /** Writes a note to the log, which is kept where the database is not: a backup of before does not have the erasure. */
  tell(note: SealedNote): void {
    this.log.info({ erasure: note }, 'erasure');
    // Before the caller has its answer: a process that is killed keeps no lines back.
    this.log.flush();
  }

  /** Whether an erasure is in the database, done or under way. */
  async isKnown(id: string): Promise<boolean> {
    return (await this.database.query(selectKnown, [id])).length > 0;
  }

  /** Every erasure that is kept, over all workspaces, the oldest first. */
  async all(): Promise<ListedErasure[]> {
    return await this.readAll(selectAll);
  }

  /** The notes of every erasure that is kept, the oldest first. */
  async notes(): Promise<SealedNote[]> {
    return (await this.readAll(selectNotes)).map(({ sealedNote, contactId, ...row }) => {
      const { id, workspaceId, createdAt } = row;
      // A process of the release before kept no note: its contact alone is known.
      if (sealedNote === null) return sealNote(this.secrets, { ...row, contactIds: [contactId], addresses: [] });
      return { id, workspace_id: workspaceId, created_at: createdAt.toISOString(), sealed: sealedNote };
    });
  }

  private async readAll<Row extends { id: string }>(statement: Statement<Row>): Promise<Row[]> {
    const all: Row[] = [];
    for (;;) {
      const rows = await this.database.query(statement, [all.at(-1)?.id ?? '', pageRows]);
      all.push(...rows);
      if (rows.length < pageRows) return all;
    }
  }
}
