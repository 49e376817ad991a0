/**
 * `release-before.json`: the release whose processes run beside those of this checkout while it is rolled out. Each
 * release moves it on, as CONTRIBUTING says.
 */
export interface ReleaseBefore {
  commit: string;
  /** The last of its migrations. */
  migration: string;
  /** What it knows of the tables: by table and column the type, and whether a row must give a value. */
  columns: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
