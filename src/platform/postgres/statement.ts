import { hash } from 'node:crypto';
import { getMetadataArgsStorage } from 'typeorm';

/**
 * A statement, and how PostgreSQL is to plan and run it. There are three kinds; the wrong one is slow, never wrong.
 *
 * | made by      | PostgreSQL plans it       | it runs on                                | for                           |
 * | ------------ | ------------------------- | ----------------------------------------- | ----------------------------- |
 * | `prepared`   | once a connection         | a connection of its own while it runs     | most statements               |
 * | `pipelined`  | once a connection         | a connection shared with others' reads    | a few rows by key, or a page  |
 * | `unprepared` | each time, for its values | a connection of its own while it runs     | many rows; callers' filters   |
 *
 * TypeORM prepares nothing, so a hot path that goes through TypeORM is planned at each call.
 */
export interface Statement<Row> {
  /** Empty: PostgreSQL keeps no plan. */
  readonly name: string;
  readonly text: string;
  /** Whether it is over in a moment, so that others' reads on the same connection may wait behind it. */
  readonly isPipelined: boolean;
  /** Whether its rows are a page of a list, which may end early for want of room: `isCut` then says so of the rows. */
  readonly isPage?: boolean;
  /**
   * Whether PostgreSQL may work at it for long: of these a workspace's requests have only a few under way at once, as each
   * takes a core of PostgreSQL's from everybody.
   */
  readonly isHeavy?: boolean;
  /** Whether a replica may answer it. */
  readonly isForReplica?: boolean;
  /** A type only: what a row of the answer looks like. */
  readonly row?: Row;
}

/** A statement of a transaction whose answer nobody waits for before the commit. */
export interface Write {
  statement: Statement<object>;
  values: unknown[];
  /** May turn PostgreSQL's error into an error for the caller. */
  explain?: ((error: unknown) => unknown) | undefined;
}

export function prepared<Row extends object = object>(text: string): Statement<Row> {
  return { name: nameOf(text), text, isPipelined: false };
}

/** A read of a few rows by key, or of one page of an index. It must neither lock nor write: others wait behind it. */
export function pipelined<Row extends object = object>(text: string): Statement<Row> {
  return { name: nameOf(text), text, isPipelined: true };
}

/**
 * For a statement over many rows, whose best plan depends on its values and on how much the tables hold by then; and for
 * a text whose form comes of a caller's filter: there are thousands of forms, and a name for each would fill PostgreSQL's
 * memory, connection by connection.
 */
export function unprepared<Row extends object = object>(text: string): Statement<Row> {
  return { name: '', text, isPipelined: false };
}

/**
 * In SQL: whether a row that was found by something else belongs to the workspace. The concatenation hides the index
 * of workspaces, through which PostgreSQL would read all that a large one has where most are small (decision 011).
 */
export const isOf = (alias: string, workspace = '$2') => `${alias}.workspace_id || '' = ${workspace}`;

/** In SQL: the rows with the ids `$1` that belong to the workspace `$2`. */
export const byIds = (alias: string) => `${alias}.id = any($1) and ${isOf(alias)}`;

/** For what may look at much to find or to count little: by a caller's filter, in texts, or to the end of a list. */
export function heavy<Row extends object>(statement: Statement<Row>): Statement<Row> {
  return { ...statement, isHeavy: true };
}

/**
 * For a read that a replica may answer, where there is one that has caught up. Never for authentication, events,
 * idempotency or counts, by which something is decided; nor for what a lock or a transaction is about.
 */
export function forReplica<Row extends object>(statement: Statement<Row>): Statement<Row> {
  return { ...statement, isForReplica: true };
}

const names = new Map<string, string>();

/** How many texts have a name: a test holds that it stops growing. */
export const preparedNames = (): number => names.size;

function nameOf(text: string): string {
  const name = names.get(text) ?? hash('sha256', text, 'base64url').slice(0, 20);
  names.set(text, name);
  return name;
}

/**
 * The select list of an entity, `b."created_at" as "createdAt", …`: a statement then answers with the properties that
 * TypeORM would give, and the name of a column stands in one place, its entity. Where several are joined, `under` sets
 * one apart for `partsOf`.
 */
export function columnsOf(
  entity: new () => object,
  alias: string,
  { only, without = [], under }: { only?: readonly string[]; without?: readonly string[]; under?: string } = {},
): string {
  const columns = getMetadataArgsStorage().filterColumns(entity);
  return columns
    .filter(({ propertyName }) => (only?.includes(propertyName) ?? true) && !without.includes(propertyName))
    .map(({ options, propertyName }) => {
      const name = under === undefined ? propertyName : `${under}.${propertyName}`;
      return `${alias}."${options.name ?? propertyName}" as "${name}"`;
    })
    .join(', ');
}

/**
 * An entity's columns as statements write them, a row whole: the name of a column stands in one place, its entity. The first
 * is the id, `$1`.
 */
export function rowOf<Row extends object>(entity: new () => Row) {
  const columns = getMetadataArgsStorage().filterColumns(entity);
  const names = columns.map(({ options, propertyName }) => `"${options.name ?? propertyName}"`);
  const valueOf = (value: unknown, type: unknown) =>
    type === 'json' && value !== null ? JSON.stringify(value) : value;
  return {
    /** In SQL: `("id", "url", …) values ($1, $2, …)`. */
    inserted: `(${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    /** In SQL: `"url" = $2, …`. */
    assigned: names
      .map((name, index) => `${name} = $${index + 1}`)
      .slice(1)
      .join(', '),
    values: (row: Row): unknown[] =>
      columns.map(({ options, propertyName }) => valueOf(row[propertyName as keyof Row], options.type)),
  };
}

/** Of a joined row: what `columnsOf` was told to name under each of these, and the rest. */
export function partsOf<Under extends string>(row: object, ...under: Under[]): Record<Under | 'rest', object> {
  const parts = Object.fromEntries([...under, 'rest'].map((part) => [part, {}])) as Record<Under | 'rest', object>;
  for (const [name, value] of Object.entries(row)) {
    const [part, property] = name.includes('.') ? (name.split('.') as [Under, string]) : (['rest', name] as const);
    Object.assign(parts[part], { [property]: value });
  }
  return parts;
}
