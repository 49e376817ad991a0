import { Kind, parse, type FieldNode, type SelectionSetNode } from 'graphql';
import { shortText } from '../text/storable-json.js';
import { spell } from '../validate.js';

/**
 * Fragments as a language to select of JSON: one for each type of object, `fragment on Submission { id status data }`, with
 * own fields alone, spelled as GraphQL spells them; the JSON has them in snake_case.
 */

/** The own fields of an object: `true`, or the fields of the objects in a list. */
export interface Fields {
  readonly [name: string]: true | Fields;
}

interface Selected {
  as: string;
  key: string;
  inner: readonly Selected[] | null;
}

/** The selected fields, for each type that a fragment names. */
export type JsonFragments = ReadonlyMap<string, readonly Selected[]>;

/** Why a text is none of these, in words; shortened, as names in it may be as long as the text. */
export class FragmentProblem extends Error {
  constructor(problem: string) {
    super(shortText(problem, problemCharactersMax));
  }
}

const problemCharactersMax = 300;
const tokensMax = 1_000;

/** @throws FragmentProblem with what is wrong, in words */
export function readFragments(text: string, types: Readonly<Record<string, { fields: Fields }>>): JsonFragments {
  const fragments = new Map<string, readonly Selected[]>();
  for (const definition of parsed(text).definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) throw new FragmentProblem('may hold fragments only');
    const type = definition.typeCondition.name.value;
    const known = Object.hasOwn(types, type) ? types[type] : undefined;
    if (known === undefined) {
      throw new FragmentProblem(`has a fragment on ${type}, which is none of ${Object.keys(types).join(', ')}`);
    }
    if (fragments.has(type)) throw new FragmentProblem(`has two fragments on ${type}`);
    if ((definition.directives?.length ?? 0) > 0) throw new FragmentProblem('may hold no directives');
    fragments.set(type, selected(definition.selectionSet, known.fields, type));
  }
  return fragments;
}

function parsed(text: string) {
  let fragments = 0;
  // Our documents leave the name of a fragment out, which GraphQL does not allow: each gets one.
  const named = text.replace(/\bfragment\s+on\s+(?=[A-Za-z_])(?!on\b)/g, () => `fragment F${(fragments += 1)} on `);
  try {
    return parse(named, { noLocation: true, maxTokens: tokensMax });
  } catch (error) {
    throw new FragmentProblem(`is no GraphQL: ${error instanceof Error ? error.message : 'it does not parse'}`);
  }
}

function selected({ selections }: SelectionSetNode, fields: Fields, type: string): Selected[] {
  const names = new Set<string>();
  return selections.map((selection): Selected => {
    if (selection.kind !== Kind.FIELD) throw new FragmentProblem('may hold no further fragments');
    const one = field(selection, fields, type);
    if (names.has(one.as)) throw new FragmentProblem(`selects ${one.as} twice`);
    names.add(one.as);
    return one;
  });
}

function field(node: FieldNode, fields: Fields, type: string): Selected {
  const name = node.name.value;
  const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (kind === undefined) throw new FragmentProblem(`selects ${name}, which is no own field of ${type}`);
  if ((node.arguments?.length ?? 0) > 0) throw new FragmentProblem(`gives arguments to ${name}`);
  if ((node.directives?.length ?? 0) > 0) throw new FragmentProblem('may hold no directives');
  if (kind === true && node.selectionSet !== undefined) throw new FragmentProblem(`selects inside ${name}`);
  if (kind !== true && node.selectionSet === undefined) {
    throw new FragmentProblem(`must say which fields of ${name} it wants`);
  }
  return {
    as: node.alias?.value ?? name,
    key: spell(name, 'snake_case'),
    inner: kind === true || node.selectionSet === undefined ? null : selected(node.selectionSet, kind, name),
  };
}

/** Of a JSON value what a fragment selects; null for what it has not. */
export function pick(value: unknown, wanted: readonly Selected[]): unknown {
  if (Array.isArray(value)) return value.map((entry) => pick(entry, wanted));
  if (value === null || typeof value !== 'object') return null;
  const object = value as Record<string, unknown>;
  return Object.fromEntries(
    wanted.map(({ as, key, inner }) => [as, inner === null ? (object[key] ?? null) : pick(object[key], inner)]),
  );
}
