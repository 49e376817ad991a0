import { hash } from 'node:crypto';

/**
 * What stands for an address where it is written down whom something speaks of: for a person who is no contact, or not
 * yet. It is the same wherever a workspace meets the address, and nobody reads the address from it.
 */
export const addressSubject = (workspaceId: string, address: string): string =>
  `@${hash('sha256', `${workspaceId}\n${address}`, 'hex').slice(0, 32)}`;
