import { hash } from 'node:crypto';
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
import * as demo from '../events/demo-set.view.js';

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
    variables: Object.fromEntries(
      args.map((arg) => [arg.name, inputs[field.name] ?? valueOf(arg.type, arg.name, field.name)]),
    ),
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
      return demo.completedAt;
    case 'EventType':
      return 'submission.completed';
    case 'Scope':
      return 'read:submissions';
    case 'JSONObject':
      return demo.adasAnswers;
    case 'ID':
      return idOf(name, about);
    default:
      return exampleByName[name];
  }
}

const isShown = ({ name }: GraphQLInputField, about: string) =>
  (/^(update|create)/.test(about) && ['name', 'email', 'description', 'status', 'tags'].includes(name)) ||
  (about === 'updateSubmission' && name === 'data');

const exampleByEnum: Readonly<Record<string, string>> = {
  IntakeBotStatus: 'PAUSED',
  MessageRole: 'USER',
  Role: 'ADMIN',
  SubmissionStatus: 'COMPLETED',
};

const destinationId = 'cmkd3x1c0t0a4hh494mh3xn59';
const trusted = 'query Bots { intakeBots(first: 5) { nodes { id name } } }';

const exampleByName: Readonly<Record<string, unknown>> = {
  name: demo.intakeBot.name,
  email: demo.contact.email,
  description: demo.webhook.description,
  url: demo.webhook.url,
  password: 'correct horse battery staple',
  currentPassword: 'correct horse battery staple',
  newPassword: 'battery staple correct horse',
  content: 'Could you call me back?',
  role: 'referrer',
  tags: 'newsletter',
  documents: trusted,
  recordType: demo.record.record_type,
};

/** What an operation is shown with, where what its types and names say would be no example. */
const inputs: Readonly<Record<string, object>> = {
  acceptInvitation: { token: 'inv_from_the_link', name: 'Grace Hopper', password: 'correct horse battery staple' },
  createApiKey: { name: 'CRM', scopes: ['read:submissions', 'read:contacts'] },
  createContact: { email: 'katherine@example.com', firstName: 'Katherine', lastName: 'Johnson', tags: ['newsletter'] },
  createConversionDestination: {
    intakeBotId: demo.intakeBot.id,
    meta: { datasetId: '1234567890123456', accessToken: 'EAABexampleOfAToken' },
  },
  createIntakeBot: {
    name: 'Newsletter',
    schema: [{ name: 'email', label: 'Where can we reach you?', type: 'email', required: true }],
  },
  createSubmission: { intakeBotId: demo.intakeBot.id, data: demo.othersAnswers[0] ?? {} },
  distrustDocuments: { documentIds: [`sha256:${hash('sha256', trusted)}`] },
  inviteMember: { email: 'grace@example.com', role: 'MEMBER' },
  testConversionDestination: { id: destinationId, acceptRealConversion: true },
  updateContact: { id: demo.contact.id, lastName: 'King', tags: ['newsletter'] },
  updateConversionDestination: { id: destinationId, eventName: 'Lead' },
  updateIntakeBot: { id: demo.intakeBot.id, description: 'What visitors see first.' },
  updateRecord: { id: demo.record.id, data: { stage: 'won' } },
  updateSubmission: { id: demo.submission.id, data: { topic: 'Support' } },
  updateWorkspace: { name: demo.workspace.name },
};

/** What an id is of, by the name that it is given under; where that says nothing, by the operation's. */
const idsOfKinds: readonly (readonly [pattern: RegExp, id: string])[] = [
  [/^(eventId|after)$|^event$/, demo.eventId],
  [/duplicate/i, 'cmkfb9k2xp0f6gq34xm5fn3l8'],
  [/record/i, demo.record.id],
  [/destination/i, destinationId],
  [/conversion/i, 'cmkfb5w00v0anng393my6ch6m'],
  [/erasure/i, 'cmkgh1t40x0bncmxr75nnq8f5'],
  [/bot/i, demo.intakeBot.id],
  [/deliver/i, demo.deliveryId],
  [/replay/i, 'cmkfz7h10y0bn3p8krmhvdjnj'],
  [/endpoint|webhook/i, demo.webhook.id],
  [/contact/i, demo.contact.id],
  [/apiKey/i, 'cmke5n8w0k0fc9w7sv94nclkz'],
  [/notice/i, 'cmkg2r5t0o0ftjcp45lh7vd6k'],
  [/session/i, 'cmkg3v8x0l0g3r4vmnwzxddsf'],
  [/invitation/i, 'cmkg4y1b0n0hnwj4x4bksr43t'],
  [/ownership/i, 'cmk0vzk60u0eqnrxjcsgzrf2j'],
  [/member/i, 'cmk1b2c30u0f7p5k38vc6t9gg'],
];

/** Ids of the kinds of things: an event's says that it is one. */
const idOf = (name: string, about: string): string =>
  (idsOfKinds.find(([pattern]) => pattern.test(name)) ?? idsOfKinds.find(([pattern]) => pattern.test(about)))?.[1] ??
  demo.submission.id;
