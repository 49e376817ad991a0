import { ArgsType, Field, InputType, Int, ObjectType, type ClassType } from 'type-graphql';
import type { Actor } from '../actor.js';
import type { OperationContext } from './operation-context.js';
import { Costs, counted } from './field-cost.js';
import type { Kind } from '../id.js';
import type { Page } from '../postgres/keyset-page.js';
import { connectionPage, type ConnectionArguments, type PageRequest } from '../page-request.js';
import { DateTime } from './scalars.js';

@ArgsType()
export class ConnectionArgs implements ConnectionArguments {
  @Field(() => Int, { nullable: true, description: 'How many, towards older; 20 by default, 100 at most.' })
  first?: number | null;

  @Field(() => String, { nullable: true, description: 'Start behind this cursor, towards older.' })
  after?: string | null;

  @Field(() => Int, { nullable: true, description: 'How many, towards newer; 100 at most.' })
  last?: number | null;

  @Field(() => String, { nullable: true, description: 'Start before this cursor, towards newer.' })
  before?: string | null;
}

@InputType('DateTimeRange', { description: 'From a moment on, up to another.' })
export class DateTimeRange {
  @Field(() => DateTime, { nullable: true, description: 'At or after.' })
  gte?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Before.' })
  lt?: Date | null;
}

@InputType('IntRange', { description: 'From a number on, up to another.' })
export class IntRange {
  @Field(() => Int, { nullable: true, description: 'This or more.' })
  gte?: number | null;

  @Field(() => Int, { nullable: true, description: 'Less.' })
  lt?: number | null;
}

@ObjectType('PageInfo', { description: 'Where a page stands in its list.', simpleResolvers: true })
class PageInfo {
  @Field(() => Boolean, { description: 'Whether there is more towards older.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether there is more towards newer.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Of the first node.' })
  startCursor!: string | null;

  @Field(() => String, { nullable: true, description: 'Of the last node.' })
  endCursor!: string | null;
}

export interface Connection<T> {
  edges: { cursor: string; node: T }[];
  nodes: T[];
  pageInfo: PageInfo;
  /** Counts the rows, where an operation selects `totalCount`. */
  totalCount: () => Promise<number>;
}

/** The Relay connection of a type; cursors are ids. */
export function connectionType<T extends object>(name: string, node: ClassType<T>): ClassType<Connection<T>> {
  @ObjectType(`${name}Edge`, { description: `One ${name} and its place in the list.`, simpleResolvers: true })
  class Edge {
    @Field(() => String, { description: 'Its place: give it to `after` or `before`.' })
    cursor!: string;

    @Field(() => node, { description: `The ${name}.` })
    node!: T;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}, newest first.`, simpleResolvers: true })
  class ConnectionOfType {
    @Field(() => [Edge], { description: 'The page, with cursors.' })
    edges!: Edge[];

    @Field(() => [node], { description: 'The page, without.' })
    nodes!: T[];

    @Field(() => PageInfo, { description: 'Whether there is more.' })
    pageInfo!: PageInfo;

    @Costs(counted)
    @Field(() => Int, { description: 'How many there are in all; counted only when asked for.' })
    async totalCount(): Promise<number> {
      // A connection that `connectionOf` made has a `totalCount` of its own in this one's place.
      throw new Error(`a ${name}Connection was made without connectionOf`);
    }
  }
  return ConnectionOfType;
}

export function connectionOf<T extends { id: string }>(
  request: PageRequest,
  { rows, hasMore }: Page<T>,
  count: () => Promise<number>,
): Connection<T> {
  const older = request.direction === 'older';
  return {
    get edges() {
      return rows.map((node) => ({ cursor: node.id, node }));
    },
    nodes: rows,
    pageInfo: {
      hasNextPage: older ? hasMore : request.cursor !== null,
      hasPreviousPage: older ? request.cursor !== null : hasMore,
      startCursor: rows[0]?.id ?? null,
      endCursor: rows.at(-1)?.id ?? null,
    },
    totalCount: count,
  };
}

/** A list under each of many parents: read, and counted, for all of them at once. */
export interface ListUnder<T> {
  /** `Contact.submissions`. */
  field: string;
  kind: Kind;
  filter?: object | undefined;
  pages: (actor: Actor, parentIds: readonly string[], page: PageRequest) => Promise<ReadonlyMap<string, Page<T>>>;
  counts: (actor: Actor, parentIds: readonly string[]) => Promise<ReadonlyMap<string, number>>;
}

/** One parent's page of such a list: one statement reads it for all parents that are asked for the same. */
export async function connectionUnder<T extends { id: string }>(
  context: OperationContext,
  parentId: string,
  args: ConnectionArgs,
  { field, kind, filter = {}, pages, counts }: ListUnder<T>,
): Promise<Connection<T>> {
  const page = connectionPage(args, kind);
  const key = `${field} ${JSON.stringify(filter)}`;
  const found = await context.loadFor(`${key} ${JSON.stringify(page)}`, parentId, async (actor, ids) =>
    pages(actor, ids, page),
  );
  return connectionOf(
    page,
    found ?? { rows: [], hasMore: false },
    async () => (await context.loadFor(`${key} count`, parentId, counts)) ?? 0,
  );
}
