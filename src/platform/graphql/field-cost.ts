import { Extensions } from 'type-graphql';

/**
 * What a field of the GraphQL schema costs, declared beside it. Without a word, an object costs 1, a leaf and the shape
 * of a connection nothing; a list must say what it costs, and the schema's test holds it to that.
 */
export interface FieldCost {
  /**
   * In place of 1 for each object, for what is read with its row or has an enforced bound: a list costs this however
   * many entries it has, and what its entries come to once.
   */
  flat?: number;
  /** Of a list that loads rows: the argument that says how many, or which ones; the service holds it to `max`. */
  rows?: { argument: string; byDefault: number; max: number };
  /** The argument whose `search`, if it has one, makes this a search. */
  searchIn?: string;
  /** Of a root field: points of the per-minute limit, for work that is no reading. */
  points?: number;
  /** Of a root field: the list in its `input` of which each entry takes a point; the service holds it to `max`. */
  pointForEach?: { list: string; max: number };
}

export const Costs = (cost: FieldCost) => Extensions({ cost });

/** A list that is read with its row. */
export const listInRow = { flat: 5 } as const satisfies FieldCost;

/** What may be long: answers, payloads, texts. */
export const bulky = { flat: 2 } as const satisfies FieldCost;

/** A number that is counted when it is asked for. */
export const counted = { flat: 10 } as const satisfies FieldCost;

/** An object that is a part of its parent's row. */
export const partOfRow = { flat: 0 } as const satisfies FieldCost;

/** What verifies or makes a password, which takes some 20 ms of a processor. */
export const hashesPassword = { points: 25 } as const satisfies FieldCost;

/** The field's own words, or none. */
export const costIn = ({ cost }: { cost?: unknown }): FieldCost => cost ?? {};
