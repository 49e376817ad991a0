import type { Tx } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { newId } from '../../platform/id.js';

export interface NewNotice {
  workspaceId: string;
  kind: 'webhook_failing' | 'webhook_paused' | 'webhook_held' | 'webhook_headers_removed';
  /** For people. */
  text: string;
  /** For programs. */
  params: Record<string, unknown>;
}

const insertMany = prepared(`
  insert into notices (id, workspace_id, kind, text, params, created_at)
  select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::json[], $6::timestamptz[])
`);

/** What Owners and Admins of the workspace should know. */
export function tell(tx: Tx, notices: readonly NewNotice[], at: Date): void {
  if (notices.length === 0) return;
  tx.write(insertMany, [
    notices.map(() => newId('notice')),
    notices.map(({ workspaceId }) => workspaceId),
    notices.map(({ kind }) => kind),
    notices.map(({ text }) => text),
    notices.map(({ params }) => JSON.stringify(params)),
    notices.map(() => at),
  ]);
}
