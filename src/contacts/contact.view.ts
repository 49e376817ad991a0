import { isoTime } from '../platform/postgres/timestamps.js';
import type { SnakeCase } from '../platform/validate.js';
import type { Contact } from './contact.entity.js';

type Shown = SnakeCase<keyof Omit<Contact, 'workspaceId'>>;

/** A contact over REST, in webhook bodies and to agents. */
export const contactView = (contact: Contact) =>
  ({
    id: contact.id,
    email: contact.email,
    phone: contact.phone,
    first_name: contact.firstName,
    last_name: contact.lastName,
    tags: contact.tags,
    custom_fields: contact.customFields,
    submission_count: contact.submissionCount,
    created_at: isoTime(contact.createdAt),
    updated_at: isoTime(contact.updatedAt),
  }) satisfies Record<Shown, unknown>;
