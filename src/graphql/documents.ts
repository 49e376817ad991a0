import { createHash } from 'node:crypto';
import {
  GraphQLError,
  Kind,
  parse,
  validate,
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { Failure, tooCostly, validationFailed } from '../platform/errors.js';
import { costOf, type Cost, type Fragments, type Variables } from './cost.js';
import { countTokens, depthMax, holdLimits, nestingOf, tokensMax } from './limits.js';
import { unstorableLiterals } from './literals.js';

/** How much is kept, over all texts: a token weighs as much as eight characters, and takes some 300 bytes. */
const weightKeptMax = 150_000;
const charactersPerToken = 8;
const textCharactersKeptMax = 65_536;
const validationErrorsMax = 10;

/** A text that was found valid and within the limits that need no variables. */
export interface ValidDocument {
  hash: string;
  document: DocumentNode;
  fragments: Fragments;
  operations: OperationDefinitionNode[];
  /** How often it was asked for. */
  uses: number;
}

/** The errors of a document that cannot run, as GraphQL words them. */
export class DocumentErrors extends Error {
  constructor(
    readonly code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED',
    readonly errors: readonly GraphQLError[],
  ) {
    super('the document is not valid');
  }
}

/** Reads texts into documents, and keeps those that come again; the least lately used go first. */
export class Documents {
  private readonly kept = new Map<string, { weight: number; read: ValidDocument | Error }>();
  private readonly byHash = new Map<string, ValidDocument>();
  private readonly constantCosts = new WeakMap<OperationDefinitionNode, Cost>();
  private weightKept = 0;

  constructor(private readonly schema: GraphQLSchema) {}

  /** @throws DocumentErrors, query_too_costly, validation_failed for what no database can keep */
  read(text: string): ValidDocument {
    const known = this.kept.get(text);
    if (known !== undefined) {
      // Put last again.
      this.kept.delete(text);
      this.kept.set(text, known);
      if (known.read instanceof Error) throw known.read;
      known.read.uses += 1;
      return known.read;
    }
    let tokens = tokensMax;
    let read: ValidDocument | Error;
    try {
      read = readDocument(this.schema, text);
      tokens = tokensOf(read.document);
    } catch (error) {
      if (!(error instanceof Failure || error instanceof DocumentErrors)) throw error;
      read = error;
    }
    if (text.length <= textCharactersKeptMax) this.keep(text, tokens, read);
    if (read instanceof Error) throw read;
    return read;
  }

  /** For Apollo, which asks by the text's SHA-256: what was read here is neither parsed nor validated again. */
  find(hash: string): DocumentNode | undefined {
    return this.byHash.get(hash)?.document;
  }

  costOf(operation: OperationDefinitionNode, fragments: Fragments, variables: Variables): Cost {
    const known = this.constantCosts.get(operation);
    if (known !== undefined) return known;
    const cost = costOf(this.schema, operation, fragments, variables);
    if (!cost.varies) this.constantCosts.set(operation, cost);
    return cost;
  }

  private keep(text: string, tokens: number, read: ValidDocument | Error): void {
    const weight = tokens + Math.ceil(text.length / charactersPerToken);
    this.kept.set(text, { weight, read });
    if (!(read instanceof Error)) this.byHash.set(read.hash, read);
    this.weightKept += weight;
    for (const [oldest, entry] of this.kept) {
      if (this.weightKept <= weightKeptMax) break;
      this.kept.delete(oldest);
      if (!(entry.read instanceof Error)) this.byHash.delete(entry.read.hash);
      this.weightKept -= entry.weight;
    }
  }
}

/** @throws DocumentErrors, query_too_costly, validation_failed for what no database can keep */
export function readDocument(schema: GraphQLSchema, text: string): ValidDocument {
  const document = parseWithin(text);
  holdLimits(document);
  const issues = unstorableLiterals(schema, document);
  if (issues.length > 0) throw validationFailed(issues);
  const errors = validate(schema, document, undefined, { maxErrors: validationErrorsMax });
  if (errors.length > 0) throw new DocumentErrors('GRAPHQL_VALIDATION_FAILED', errors);
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
  }
  return { hash: sha256(text), document, fragments, operations, uses: 1 };
}

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

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

function tokensOf({ loc }: DocumentNode): number {
  let tokens = 0;
  for (let token = loc?.startToken; token; token = token.next ?? undefined) tokens += 1;
  return tokens;
}
