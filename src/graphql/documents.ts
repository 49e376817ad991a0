import { hash } from 'node:crypto';
import {
  GraphQLError,
  Kind,
  parse,
  validate,
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { Failure, tooCostly, validationFailed } from '../platform/errors.js';
import { WeighedCache } from '../platform/async/weighed-cache.js';
import { costOf, fragmentsOf, type Cost, type Fragments, type Variables } from './cost.js';
import { countTokens, depthMax, holdLimits, holdLines, holdNames, nestingOf, tokensMax } from './limits.js';
import { unstorableLiterals } from './literals.js';

/** Memory for callers' documents; those of one workspace have a quarter of it at most. */
const bytesKeptMax = 24 * 1_048_576;
/** Memory for strangers' documents, which are few. */
const strangersBytesKeptMax = 1_048_576;
/** The measured memory of a token with its part of the tree, and of a document beside its tokens. */
const bytesPerToken = 450;
const bytesPerDocument = 2_000;
const validationErrorsMax = 10;

/** A text that was found valid and within the limits that need no variables. */
export interface ValidDocument {
  hash: string;
  document: DocumentNode;
  fragments: Fragments;
  operations: OperationDefinitionNode[];
  tokens: number;
  /** The memory that keeping it takes. */
  bytes: number;
  /** How often it was used. */
  uses: number;
}

/** Of a document that cannot run: what GraphQL has to say of it. */
export class DocumentErrors extends Failure {
  constructor(
    code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED' | 'PERSISTED_QUERY_NOT_SUPPORTED',
    readonly errors: readonly GraphQLError[],
  ) {
    super(code, 'the document is not valid');
  }
}

type Read = ValidDocument | Failure;

/** Reads texts into documents, and keeps the documents for when they come again. */
export class Documents {
  private readonly ofCallers = new WeighedCache<string, Read>(bytesKeptMax, bytesKeptMax / 4);
  private readonly ofStrangers = new WeighedCache<string, Read>(strangersBytesKeptMax);
  /** The documents that are about to run, by hash. */
  private readonly held = new Map<string, { document: DocumentNode; times: number }>();
  private readonly constantCosts = new WeakMap<OperationDefinitionNode, Cost>();

  constructor(private readonly schema: GraphQLSchema) {}

  /**
   * @param workspaceId of the caller; null for a stranger, whose documents displace nobody else's
   * @throws DocumentErrors, query_too_costly, validation_failed for what no database can keep
   */
  read(text: string, workspaceId: string | null): ValidDocument {
    const cache = workspaceId === null ? this.ofStrangers : this.ofCallers;
    let read = cache.get(text);
    if (read === undefined) {
      read = this.tryToRead(text);
      // An error refers to the document in which it was found, which takes memory, too.
      const bytes = read instanceof Error ? bytesOf(text, Math.min(tokensMax, text.length / 2)) : read.bytes;
      cache.set(text, read, bytes, workspaceId ?? '');
    }
    if (read instanceof Error) throw read;
    read.uses += 1;
    return read;
  }

  has(text: string, workspaceId: string | null): boolean {
    return (workspaceId === null ? this.ofStrangers : this.ofCallers).has(text);
  }

  /** For Apollo, which asks by the text's SHA-256: what was read here is neither parsed nor validated again. */
  find(hash: string): DocumentNode | undefined {
    return this.held.get(hash)?.document;
  }

  /** Until the returned function is called, the document can be found. */
  hold({ hash, document }: ValidDocument): () => void {
    const held = this.held.get(hash) ?? { document, times: 0 };
    held.times += 1;
    this.held.set(hash, held);
    return () => {
      held.times -= 1;
      if (held.times === 0) this.held.delete(hash);
    };
  }

  costOf(operation: OperationDefinitionNode, fragments: Fragments, variables: Variables): Cost {
    const known = this.constantCosts.get(operation);
    if (known !== undefined) return known;
    const cost = costOf(this.schema, operation, fragments, variables);
    if (!cost.varies) this.constantCosts.set(operation, cost);
    return cost;
  }

  private tryToRead(text: string): Read {
    try {
      return readDocument(this.schema, text);
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
  }
}

/** @throws DocumentErrors, query_too_costly, validation_failed for what no database can keep */
export function readDocument(schema: GraphQLSchema, text: string): ValidDocument {
  holdLines(text);
  const document = parseWithin(text);
  const tokens = holdNames(document);
  holdLimits(document);
  const issues = unstorableLiterals(schema, document);
  if (issues.length > 0) throw validationFailed(issues);
  const errors = validate(schema, document, undefined, { maxErrors: validationErrorsMax });
  if (errors.length > 0) throw new DocumentErrors('GRAPHQL_VALIDATION_FAILED', errors);
  const fragments = fragmentsOf(document);
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  return { hash: sha256(text), document, fragments, operations, tokens, bytes: bytesOf(text, tokens), uses: 0 };
}

/** A document that a stream keeps for as long as it lasts, of which a caller may have a hundred. */
const subscriptionTokensMax = 500;
const subscriptionCharactersMax = 16_384;

/** @throws query_too_costly */
export function holdSubscription({ tokens }: ValidDocument, { length }: string): void {
  if (tokens > subscriptionTokensMax) throw tooCostly('tokens', subscriptionTokensMax, tokens);
  if (length > subscriptionCharactersMax) throw tooCostly('characters', subscriptionCharactersMax, length);
}

const bytesOf = (text: string, tokens: number) => bytesPerDocument + tokens * bytesPerToken + text.length * 2;

export const sha256 = (text: string) => hash('sha256', text);

function parseWithin(text: string): DocumentNode {
  try {
    return parse(text, { maxTokens: tokensMax });
  } catch (error) {
    // The parser calls itself for each level; what overflows its stack is far deeper than any document may be.
    if (error instanceof RangeError) throw tooCostly('depth', depthMax, nestingOf(text));
    if (!(error instanceof GraphQLError)) throw error;
    if (/contains more tha[nt] \d+ tokens/.test(error.message)) {
      throw tooCostly('tokens', tokensMax, countTokens(text));
    }
    throw new DocumentErrors('GRAPHQL_PARSE_FAILED', [error]);
  }
}
