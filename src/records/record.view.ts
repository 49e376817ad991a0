import { isoTime } from '../platform/postgres/timestamps.js';
import type { SnakeCase } from '../platform/validate.js';
import type { LinkedRecord } from './record.entity.js';

type Shown = SnakeCase<keyof Omit<LinkedRecord, 'workspaceId'>>;

/** A record over REST and to agents. */
export const recordView = (record: LinkedRecord) =>
  ({
    id: record.id,
    record_type: record.recordType,
    data: record.data,
    submission_id: record.submissionId,
    contacts: record.contacts,
    created_at: isoTime(record.createdAt),
    updated_at: isoTime(record.updatedAt),
  }) satisfies Record<Shown, unknown>;
