import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLOutputType,
} from 'graphql';

export interface OperationSample {
  /** A whole operation, named. */
  query: string;
  variables: Record<string, unknown>;
}

export type OperationKind = 'query' | 'mutation' | 'subscription';

/** So many fields of an object are asked for. */
const fieldsMax = 8;
/** What is worth asking for first. */
const telling = ['id', 'name', 'status', 'type', 'createdAt'];

/** An operation that calls a field, with variables for whatever it takes. */
export function sampleOf(kind: OperationKind, field: GraphQLField<unknown, unknown>): OperationSample {
  const args = argumentsOf(field);
  const declared = args.map(({ name, type }) => `$${name}: ${String(type)}`).join(', ');
  const passed = args.map(({ name }) => `${name}: $${name}`).join(', ');
  const name = field.name.charAt(0).toUpperCase() + field.name.slice(1);
  const call = `${field.name}${passed === '' ? '' : `(${passed})`}${selectionOf(field.type, 1, 0)}`;
  return {
    query: `${kind} ${name}${declared === '' ? '' : `(${declared})`} {\n  ${call}\n}\n`,
    variables: Object.fromEntries(args.map((arg) => [arg.name, valueOf(arg.type, arg.name, field.name)])),
  };
}

/** What must be given; of what may be, how many. */
const argumentsOf = ({ args }: GraphQLField<unknown, unknown>): readonly GraphQLArgument[] =>
  args.filter((arg) => isRequiredArgument(arg) || arg.name === 'first');

function selectionOf(type: GraphQLOutputType, depth: number, nested: number): string {
  const named = getNamedType(type);
  if (isLeafType(named)) return '';
  const indent = '  '.repeat(depth + 1);
  const close = `\n${'  '.repeat(depth)}}`;
  if (isUnionType(named)) return ` {\n${indent}__typename${close}`;
  const fields = Object.values(named.getFields()).filter(
    (field) => field.deprecationReason === undefined && !field.args.some(isRequiredArgument),
  );
  const isPage = named.name.endsWith('Connection');
  const chosen = isPage
    ? fields.filter(({ name }) => name === 'nodes' || name === 'pageInfo')
    : fields.filter((field) => isAsked(field, nested));
  const lines = chosen
    .toSorted((one, other) => rankOf(one) - rankOf(other))
    .slice(0, fieldsMax)
    .map((field) => indent + field.name + selectionOf(field.type, depth + 1, isPage ? nested : nested + 1));
  const typed = isInterfaceType(named) ? [`${indent}__typename`] : [];
  return ` {\n${[...typed, ...(lines.length === 0 && typed.length === 0 ? [`${indent}__typename`] : lines)].join('\n')}${close}`;
}

/** The object that the operation is about with its own values; of objects in those of a payload, too, no deeper. */
function isAsked({ type, args }: GraphQLField<unknown, unknown>, nested: number): boolean {
  const named = getNamedType(type);
  if (isLeafType(named)) return args.length === 0;
  return nested === 0 && isObjectType(named) && !named.name.endsWith('Connection') && args.length === 0;
}

function rankOf({ name, type }: GraphQLField<unknown, unknown>): number {
  const rank = telling.indexOf(name);
  if (!isLeafType(getNamedType(type))) return telling.length + 1;
  return rank === -1 ? telling.length : rank;
}

/** A value that a variable of the type takes, by the name that it is given under. */
function valueOf(type: GraphQLInputType, name: string, about: string): unknown {
  if (isNonNullType(type)) return valueOf(type.ofType, name, about);
  if (isListType(type)) return [valueOf(type.ofType, name, about)];
  if (isEnumType(type)) return exampleByEnum[type.name] ?? type.getValues()[0]?.name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const required = fields.filter(isRequiredInputField);
    // What may be left out is shown by what people most often give.
    const shown = fields.filter((field) => required.includes(field) || isShown(field, about));
    return Object.fromEntries(shown.map((field) => [field.name, valueOf(field.type, field.name, about)]));
  }
  switch (type.name) {
    case 'Int':
      return 10;
    case 'Float':
      return 1;
    case 'Boolean':
      return false;
    case 'DateTime':
      return '2026-01-15T10:30:00.000Z';
    case 'EventType':
      return 'submission.completed';
    case 'Scope':
      return 'read:submissions';
    case 'JSONObject':
      return { full_name: 'Ada Lovelace', email: 'ada@example.com' };
    case 'ID':
      return idOf(name, about);
    default:
      return exampleByName[name] ?? 'Example';
  }
}

const isShown = ({ name }: GraphQLInputField, about: string) =>
  (/^(update|create)/.test(about) && ['name', 'email', 'description', 'status', 'tags'].includes(name)) ||
  (about === 'updateSubmission' && name === 'data');

const exampleByEnum: Readonly<Record<string, string>> = {
  IntakeBotStatus: 'ACTIVE',
  SubmissionStatus: 'COMPLETED',
  Role: 'MEMBER',
};

const exampleByName: Readonly<Record<string, unknown>> = {
  name: 'Contact us',
  email: 'ada@example.com',
  description: 'CRM',
  url: 'https://hooks.example.com/iozen',
  password: 'correct horse battery staple',
  currentPassword: 'correct horse battery staple',
  newPassword: 'battery staple correct horse',
  content: 'Could you call me back?',
  role: 'submitter',
  type: 'text',
  label: 'What is your name?',
  tags: 'newsletter',
  documents: 'query Bots { intakeBots(first: 5) { nodes { id name } } }',
  documentIds: `sha256:${'0'.repeat(64)}`,
};

/** Ids of the kinds of things: an event's says that it is one. */
function idOf(name: string, about: string): string {
  const of = `${name} ${about}`.toLowerCase();
  if (/^eventid|^id event$|^after /.test(of)) return 'evt_cmkfb5w00e0h6y2u9i4o7p1a8';
  const kinds: [RegExp, string][] = [
    [/bot/, 'cmkaxmlc0b0f3k9z7x2m4q8t1'],
    [/deliver/, 'cmkfb5w00d0j3z8x5c2v9b6n1'],
    [/endpoint|webhook/, 'cmkcbgko0h0b2x5v8n1m4q7w9'],
    [/contact/, 'cmkfb5w00p0d7f2h5l9n3r1v6'],
    [/record/, 'cmkfb5w00r0e4t8b1m6w2z5k3'],
  ];
  return kinds.find(([pattern]) => pattern.test(of))?.[1] ?? 'cmkfb5w00s0c2r6w4y8h1d5j9';
}
