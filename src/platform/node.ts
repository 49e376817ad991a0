import { Field, ID, InterfaceType } from 'type-graphql';
import { kindOf, type Kind } from './id.js';

/** Types that an id alone leads to. */
export const nodeTypes = {
  intakeBot: 'IntakeBot',
  submission: 'Submission',
  message: 'Message',
  contact: 'Contact',
  record: 'Record',
  event: 'Event',
} as const satisfies Partial<Record<Kind, string>>;
export type NodeKind = keyof typeof nodeTypes;

export const isNodeKind = (kind: Kind | null): kind is NodeKind => kind !== null && Object.hasOwn(nodeTypes, kind);

@InterfaceType('Node', {
  description: 'Anything with an id; the id itself says what it is of.',
  resolveType: ({ id }: Node) => {
    const kind = kindOf(id);
    return isNodeKind(kind) ? nodeTypes[kind] : undefined;
  },
})
export abstract class Node {
  @Field(() => ID, { description: 'The id, the same in REST.' })
  id!: string;
}
