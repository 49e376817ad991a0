import { hash } from 'node:crypto';

/**
 * A digest that stands for an address wherever we keep whom an event or an answer speaks of, for a person who is not, or
 * not yet, a contact. A workspace's digest of an address is always the same, and nobody can read the address from it.
 */
export const addressSubject = (workspaceId: string, address: string): string =>
  `@${hash('sha256', `${workspaceId}\n${address}`, 'hex').slice(0, 32)}`;
