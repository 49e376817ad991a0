import { Kind, parse, type FieldNode, type SelectionSetNode } from 'graphql';
import type { EventType } from '../../events/event-type.js';
import { shortText } from '../../platform/text/storable-json.js';
import { spell } from '../../platform/validate.js';

/** The own fields of an object: `true`, or the fields of the objects in a list. */
interface Fields {
  readonly [name: string]: true | Fields;
}

const own = (names: string): Fields => Object.fromEntries(names.split(' ').map((name) => [name, true]));

/** The types of objects in events, with the fields that the frozen object has; names as in the GraphQL schema. */
export const payloadTypes: Readonly<Record<string, { key: string; fields: Fields }>> = {
  Submission: {
    key: 'submission',
    fields: own('id data status aiSummary isTest fileCount schemaVersion createdAt updatedAt'),
  },
  Contact: {
    key: 'contact',
    fields: own('id email phone firstName lastName tags customFields submissionCount createdAt updatedAt'),
  },
  IntakeBot: {
    key: 'intake_bot',
    fields: {
      ...own('id name description status submissionCount shareUrl createdAt updatedAt'),
      schema: own('name label type required options helperText placeholder min max minLength maxLength pattern kind'),
    },
  },
};

const typeOfEvent: Record<EventType, string> = {
  'submission.completed': 'Submission',
  'submission.updated': 'Submission',
  'contact.created': 'Contact',
  'contact.updated': 'Contact',
  'intake-bot.status-changed': 'IntakeBot',
};

interface Selected {
  as: string;
  key: string;
  inner: readonly Selected[] | null;
}

/** The selected fields, for each type that a fragment names. */
export type PayloadQuery = ReadonlyMap<string, readonly Selected[]>;

/** Why a text is no payload query, in words; shortened, as names in it may be as long as the query. */
export class PayloadQueryProblem extends Error {
  constructor(problem: string) {
    super(shortText(problem, problemCharactersMax));
  }
}

const problemCharactersMax = 300;

const tokensMax = 1_000;

/**
 * Reads a query: one fragment for each type of object, `fragment on Submission { id status data }`, with own fields alone.
 * @throws PayloadQueryProblem with what is wrong, in words
 */
export function readPayloadQuery(text: string): PayloadQuery {
  const query = new Map<string, readonly Selected[]>();
  for (const definition of parsed(text).definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) throw new PayloadQueryProblem('may hold fragments only');
    const type = definition.typeCondition.name.value;
    const known = Object.hasOwn(payloadTypes, type) ? payloadTypes[type] : undefined;
    if (known === undefined) {
      throw new PayloadQueryProblem(
        `has a fragment on ${type}; events tell of ${Object.keys(payloadTypes).join(', ')}`,
      );
    }
    if (query.has(type)) throw new PayloadQueryProblem(`has two fragments on ${type}`);
    if ((definition.directives?.length ?? 0) > 0) throw new PayloadQueryProblem('may hold no directives');
    query.set(type, selected(definition.selectionSet, known.fields, type));
  }
  return query;
}

function parsed(text: string) {
  let fragments = 0;
  // Our documents leave the name of a fragment out, which GraphQL does not allow: each gets one.
  const named = text.replace(/\bfragment\s+on\s+(?=[A-Za-z_])(?!on\b)/g, () => `fragment F${(fragments += 1)} on `);
  try {
    return parse(named, { noLocation: true, maxTokens: tokensMax });
  } catch (error) {
    throw new PayloadQueryProblem(`is no GraphQL: ${error instanceof Error ? error.message : 'it does not parse'}`);
  }
}

function selected({ selections }: SelectionSetNode, fields: Fields, type: string): Selected[] {
  const names = new Set<string>();
  return selections.map((selection): Selected => {
    if (selection.kind !== Kind.FIELD) throw new PayloadQueryProblem('may hold no further fragments');
    const one = field(selection, fields, type);
    if (names.has(one.as)) throw new PayloadQueryProblem(`selects ${one.as} twice`);
    names.add(one.as);
    return one;
  });
}

function field(node: FieldNode, fields: Fields, type: string): Selected {
  const name = node.name.value;
  const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (kind === undefined) throw new PayloadQueryProblem(`selects ${name}, which is no own field of ${type}`);
  if ((node.arguments?.length ?? 0) > 0) throw new PayloadQueryProblem(`gives arguments to ${name}`);
  if ((node.directives?.length ?? 0) > 0) throw new PayloadQueryProblem('may hold no directives');
  if (kind === true && node.selectionSet !== undefined) throw new PayloadQueryProblem(`selects inside ${name}`);
  if (kind !== true && node.selectionSet === undefined) {
    throw new PayloadQueryProblem(`must say which fields of ${name} it wants`);
  }
  return {
    as: node.alias?.value ?? name,
    key: spell(name, 'snake_case'),
    inner: kind === true || node.selectionSet === undefined ? null : selected(node.selectionSet, kind, name),
  };
}

/** The event with what the query selects; whole where no fragment is for its object. The same event gives the same bytes. */
export function selectPayload(query: PayloadQuery, eventType: string, body: Buffer): Buffer {
  const type = typeOfEvent[eventType as EventType];
  const wanted = query.get(type);
  const known = payloadTypes[type];
  if (wanted === undefined || known === undefined) return body;
  const event = JSON.parse(body.toString()) as { data: Record<string, unknown> };
  return Buffer.from(JSON.stringify({ ...event, data: pick(event.data[known.key], wanted) }));
}

function pick(value: unknown, wanted: readonly Selected[]): unknown {
  if (Array.isArray(value)) return value.map((entry) => pick(entry, wanted));
  if (value === null || typeof value !== 'object') return null;
  const object = value as Record<string, unknown>;
  return Object.fromEntries(
    wanted.map(({ as, key, inner }) => [as, inner === null ? (object[key] ?? null) : pick(object[key], inner)]),
  );
}
