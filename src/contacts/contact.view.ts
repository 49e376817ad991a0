import { isoTime } from '../platform/postgres/timestamps.js';
import type { Contact } from './contact.entity.js';

/** A contact over REST and in webhook bodies. */
export const contactView = (contact: Contact) => ({
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
});
