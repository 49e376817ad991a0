import { Field, ID, InterfaceType } from 'type-graphql';
import { kindOf, type Kind } from '../id.js';

/** The GraphQL types whose objects can be looked up by an id alone, by the kind that the id names. */
const nodeTypes = {
  intakeBot: 'IntakeBot',
  submission: 'Submission',
  message: 'Message',
  contact: 'Contact',
  record: 'Record',
  event: 'Event',
  apiKey: 'ApiKey',
  user: 'User',
  webhookEndpoint: 'WebhookEndpoint',
  webhookDelivery: 'WebhookDelivery',
  replay: 'Replay',
  workspace: 'Workspace',
  notice: 'Notice',
  invitation: 'Invitation',
  auditEntry: 'AuditEntry',
  erasure: 'Erasure',
  conversionDestination: 'ConversionDestination',
  conversion: 'Conversion',
} as const satisfies Partial<Record<Kind, string>>;
export type NodeKind = keyof typeof nodeTypes;

export const isNodeKind = (kind: Kind | null): kind is NodeKind => kind !== null && Object.hasOwn(nodeTypes, kind);

/** The name of the GraphQL type of a row, by the kind that its id names. */
export function nodeTypeOf({ id }: { id: string }): string | undefined {
  const kind = kindOf(id);
  return isNodeKind(kind) ? nodeTypes[kind] : undefined;
}

@InterfaceType('Node', {
  description: 'Anything with an id; the id itself says what it is of.',
  resolveType: nodeTypeOf,
})
export abstract class Node {
  @Field(() => ID, { description: 'The id, the same in REST.' })
  id!: string;
}
