import { Extensions } from 'type-graphql';

/**
 * What a field of the GraphQL schema costs, declared beside the field. By default an object costs 1, and a leaf or the
 * shape of a connection nothing. A list has to declare its cost: the schema's test fails for one that does not.
 */
export interface FieldCost {
  /**
   * The cost in place of 1 for each object, for a field that is read with its parent's row or has an enforced bound: a
   * list then costs this, however many entries it has, and what one of its entries selects.
   */
  flat?: number;
  /**
   * For a list that loads rows: the argument that says how many, or which ones; the service holds it to `max`. Of entries
   * that are little work `perObject` together cost as one object.
   */
  rows?: { argument: string; byDefault: number; max: number; perObject?: number };
  /** The argument whose `search`, if it has one, makes this a search. */
  searchIn?: string;
  /** For a root field: points of the per-minute limit, where its work is not reading. */
  points?: number;
  /** For a root field: the list in its `input` of which each entry takes a point; the service holds it to `max`. */
  pointForEach?: { list: string; max: number };
}

export const Costs = (cost: FieldCost) => Extensions({ cost });

/** A list that is read with its row. */
export const listInRow = { flat: 5 } as const satisfies FieldCost;

/** A value that may be long: answers, payloads, texts. */
export const bulky = { flat: 2 } as const satisfies FieldCost;

/** A number that is counted when it is asked for. */
export const counted = { flat: 10 } as const satisfies FieldCost;

/** An object that is made for all entries of its list at once. */
export const readWithOthers = { flat: 1 } as const satisfies FieldCost;

/** An object that is a part of its parent's row. */
export const partOfRow = { flat: 0 } as const satisfies FieldCost;

/** A root field that verifies or hashes a password, which takes some 20 ms of a processor. */
export const hashesPassword = { points: 25 } as const satisfies FieldCost;

/** The cost that a field declares; empty where it declares none. */
export const costIn = ({ cost }: { cost?: unknown }): FieldCost => cost ?? {};
