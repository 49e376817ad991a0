import { isoTime } from '../platform/postgres/timestamps.js';
import type { Workspace } from '../workspaces/workspace.entity.js';
import type { ApiKey } from './api-key.entity.js';

/** Who calls over REST: a key, and the workspace that it belongs to. */
export const callerView = ({ workspace, key }: { workspace: Workspace; key: ApiKey }) => ({
  workspace: { id: workspace.id, name: workspace.name, plan: workspace.plan },
  key: { id: key.id, name: key.name, scopes: key.scopes, expires_at: key.expiresAt && isoTime(key.expiresAt) },
});
