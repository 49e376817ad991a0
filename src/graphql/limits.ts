import {
  getIntrospectionQuery,
  GraphQLError,
  Kind,
  Lexer,
  parse,
  Source,
  TokenKind,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { tooCostly } from '../platform/errors.js';
import { fragmentsOf, type Fragments } from './cost.js';

export const tokensMax = 2_000;
export const depthMax = 12;
const aliasesMax = 30;
const rootFieldsMax = 20;
/** The most fields, spreads and inline fragments, each fragment as often as it is spread: every later step walks them. */
const selectionsMax = 2_000;
/**
 * The most pairs of fields that have one name in one place, all of which validation compares: 140 fields of one name make
 * as many, where clients that merge fragments have some thirty.
 */
const overlapsMax = 10_000;
/** The most lines, as many as tokens: to say where an error is, graphql-js counts the lines before it. */
const linesMax = 2_000;
/** The longest name: many messages may repeat one. */
const nameLengthMax = 1_000;

/** Counting the tokens, or lines, of a refused text stops here. */
const tokensCountedMax = 20_000;

/** @throws query_too_costly for a text that is more lines than tokens */
export function holdLines(text: string): void {
  const lines = countLines(text);
  if (lines > linesMax) throw tooCostly('lines', linesMax, lines);
}

function countLines(text: string): number {
  const breaks = /\r\n|[\n\r]/g;
  let lines = 1;
  while (lines < tokensCountedMax && breaks.test(text)) lines += 1;
  return lines;
}

/** How many tokens a document has. @throws query_too_costly for a name that is too long */
export function holdNames({ loc }: DocumentNode): number {
  let tokens = 0;
  for (let token = loc?.startToken; token; token = token.next ?? undefined) {
    tokens += 1;
    const length = token.end - token.start;
    if (token.kind === TokenKind.NAME && length > nameLengthMax) throw tooCostly('nameLength', nameLengthMax, length);
  }
  return tokens;
}

/** Counts tokens, up to the first text that is none, where parsing would stop, too. */
export function countTokens(text: string): number {
  let tokens = 0;
  for (const _kind of kindsOf(text)) if (++tokens === tokensCountedMax) break;
  return tokens;
}

function* kindsOf(text: string): Generator<TokenKind> {
  const lexer = new Lexer(new Source(text));
  try {
    for (let { kind } = lexer.advance(); kind !== TokenKind.EOF; { kind } = lexer.advance()) yield kind;
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
  }
}

/** Levels of brackets of any kind. */
export function nestingOf(text: string): number {
  let level = 0;
  let deepest = 0;
  for (const kind of kindsOf(text)) {
    if (opening.has(kind)) deepest = Math.max(deepest, ++level);
    else if (closing.has(kind)) level -= 1;
  }
  return deepest;
}

const opening = new Set<TokenKind>([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing = new Set<TokenKind>([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

interface Size {
  /** Levels of fields, without introspection. */
  depth: number;
  /** Levels of fields from `__schema` or `__type` on. */
  introspectionDepth: number;
  aliases: number;
  /** Fields of the selection set itself. */
  fields: number;
  /** Selections of the set and of all below it. */
  selections: number;
}

const nothing: Size = { depth: 0, introspectionDepth: 0, aliases: 0, fields: 0, selections: 0 };

/**
 * Measures a document before it is validated, counting each fragment as often as it is spread. Each fragment is measured
 * once, so that the work is linear in the tokens, and a cycle of fragments, which validation refuses, does not go on.
 */
function measure(document: DocumentNode): Size {
  const fragments = fragmentsOf(document);
  const measured = new Map<string, Size>();

  function ofFragment(name: string): Size {
    const known = measured.get(name);
    if (known !== undefined) return known;
    measured.set(name, nothing);
    const fragment = fragments.get(name);
    const size = fragment === undefined ? nothing : ofSet(fragment.selectionSet);
    measured.set(name, size);
    return size;
  }

  function ofSet({ selections }: SelectionSetNode): Size {
    const size = { ...nothing };
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const inner = selection.selectionSet === undefined ? nothing : ofSet(selection.selectionSet);
        const introspects = selection.name.value === '__schema' || selection.name.value === '__type';
        if (introspects) size.introspectionDepth = Math.max(size.introspectionDepth, inner.depth + 1);
        else size.depth = Math.max(size.depth, inner.depth + 1);
        size.introspectionDepth = Math.max(size.introspectionDepth, inner.introspectionDepth);
        size.aliases += inner.aliases + (selection.alias === undefined ? 0 : 1);
        size.fields += 1;
        size.selections += inner.selections + 1;
      } else {
        const inner =
          selection.kind === Kind.FRAGMENT_SPREAD ? ofFragment(selection.name.value) : ofSet(selection.selectionSet);
        size.depth = Math.max(size.depth, inner.depth);
        size.introspectionDepth = Math.max(size.introspectionDepth, inner.introspectionDepth);
        size.aliases += inner.aliases;
        size.fields += inner.fields;
        size.selections += inner.selections + 1;
      }
    }
    return size;
  }

  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const sizes = operations.map(({ selectionSet }) => ofSet(selectionSet));
  const most = (of: (size: Size) => number) => Math.max(0, ...sizes.map(of));
  return {
    depth: most(({ depth }) => depth),
    introspectionDepth: most(({ introspectionDepth }) => introspectionDepth),
    aliases: most(({ aliases }) => aliases),
    fields: most(({ fields }) => fields),
    // All operations are validated, whichever runs, so their selections add up.
    selections: sizes.reduce((sum, { selections }) => sum + selections, 0),
  };
}

/** Introspection may be as deep as the standard query, and no deeper. */
const introspectionDepthMax = measure(
  parse(getIntrospectionQuery({ specifiedByUrl: true, directiveIsRepeatable: true, inputValueDeprecation: true })),
).introspectionDepth;

/** @throws query_too_costly for any operation of the document that is too deep, or has too many aliases or root fields */
export function holdLimits(document: DocumentNode): void {
  const { depth, introspectionDepth, aliases, fields, selections } = measure(document);
  if (depth > depthMax) throw tooCostly('depth', depthMax, depth);
  if (introspectionDepth > introspectionDepthMax) throw tooCostly('depth', introspectionDepthMax, introspectionDepth);
  if (aliases > aliasesMax) throw tooCostly('aliases', aliasesMax, aliases);
  if (fields > rootFieldsMax) throw tooCostly('rootFields', rootFieldsMax, fields);
  if (selections > selectionsMax) throw tooCostly('selections', selectionsMax, selections);
  const overlaps = countOverlaps(document);
  if (overlaps > overlapsMax) throw tooCostly('overlaps', overlapsMax, overlaps);
}

/** Fields, spreads and inline fragments of an operation, each fragment as often as it is spread. */
export function selectionsOf({ selectionSet }: OperationDefinitionNode, fragments: Fragments): number {
  let count = 0;
  walk(selectionSet);
  return count;

  function walk({ selections }: SelectionSetNode): void {
    for (const selection of selections) {
      count += 1;
      const inner =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? fragments.get(selection.name.value)?.selectionSet
          : selection.selectionSet;
      if (inner !== undefined) walk(inner);
    }
  }
}

/** Counts such pairs; the document is within the limit on selections. */
function countOverlaps(document: DocumentNode): number {
  const fragments = fragmentsOf(document);
  let pairs = 0;
  let left = selectionsMax;
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) merge([definition.selectionSet]);
  }
  return pairs;

  /** Counts the fields of one place in the answer, from wherever in the document they are selected. */
  function merge(sets: readonly SelectionSetNode[]): void {
    const inner = new Map<string, SelectionSetNode[]>();
    const counts = new Map<string, number>();
    const spread = new Set<string>();
    sets.forEach(collect);
    for (const count of counts.values()) pairs += (count * (count - 1)) / 2;
    for (const below of inner.values()) merge(below);

    function collect({ selections }: SelectionSetNode): void {
      for (const selection of selections) {
        // A cycle of fragments, which validation refuses, would go on.
        if (left === 0) return;
        left -= 1;
        if (selection.kind === Kind.INLINE_FRAGMENT) {
          collect(selection.selectionSet);
        } else if (selection.kind === Kind.FRAGMENT_SPREAD) {
          const name = selection.name.value;
          const fragment = fragments.get(name);
          if (fragment === undefined || spread.has(name)) continue;
          spread.add(name);
          collect(fragment.selectionSet);
        } else {
          const name = (selection.alias ?? selection.name).value;
          counts.set(name, (counts.get(name) ?? 0) + 1);
          if (selection.selectionSet === undefined) continue;
          const below = inner.get(name);
          if (below === undefined) inner.set(name, [selection.selectionSet]);
          else below.push(selection.selectionSet);
        }
      }
    }
  }
}
