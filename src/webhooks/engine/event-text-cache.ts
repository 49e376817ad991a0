import { bodyOf } from '../../events/event-erasure.service.js';
import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { EventText } from '../wire/event-text.js';

const recentBytesMax = 16 * 1_024 * 1_024;

const selectMany = prepared<EventRow>(`select id, type, ${bodyOf('events')} as body from events where id = any($1)`);

const selectSizes = prepared<{ id: string; bytes: number }>(
  'select id, octet_length(body) as bytes from events where id = any($1)',
);

interface EventRow {
  id: string;
  type: string;
  body: string;
}

/**
 * Events' texts that were read, for the other endpoints that they go to at about the same time. Who was given one holds
 * it himself, so each is kept until the second `age` after it at most.
 */
export class EventTexts {
  private recent = new Map<string, EventText>();
  private recentBytes = 0;
  private older = new Map<string, EventText>();
  /** Grows whenever what was read before may have been erased since. */
  edition = 0;
  private erasures = '';

  constructor(private readonly database: Database) {}

  /** Bytes of each that exists. */
  async sizes(ids: ReadonlySet<string>): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    const missing: string[] = [];
    for (const id of ids) {
      const known = this.known(id);
      if (known === undefined) missing.push(id);
      else sizes.set(id, known.body.length);
    }
    const rows = missing.length === 0 ? [] : await this.database.query(selectSizes, [missing]);
    for (const { id, bytes } of rows) sizes.set(id, bytes);
    return sizes;
  }

  /** Those that exist; a text may be too much to keep and is in the answer all the same. */
  async read(ids: ReadonlySet<string>): Promise<Map<string, EventText>> {
    const texts = new Map<string, EventText>();
    const missing: string[] = [];
    for (const id of ids) {
      const known = this.known(id);
      if (known === undefined) missing.push(id);
      else texts.set(id, known);
    }
    const { edition } = this;
    const rows = missing.length === 0 ? [] : await this.database.query(selectMany, [missing]);
    // What was read may have been erased since.
    if (edition !== this.edition) return await this.read(ids);
    for (const row of rows) texts.set(row.id, this.keep(row));
    return texts;
  }

  /** Forgets all if anything was erased since the last time, and says whether. */
  follow(erasures: string): boolean {
    if (erasures === this.erasures) return false;
    this.erasures = erasures;
    this.forget();
    return true;
  }

  /** After a deletion that blanked what events tell of someone. */
  forget(): void {
    this.age();
    this.age();
    this.edition += 1;
  }

  /** To be called now and then: a backlog that is over should not stay in memory. */
  age(): void {
    this.older = this.recent;
    this.recent = new Map();
    this.recentBytes = 0;
  }

  private known(id: string): EventText | undefined {
    return this.recent.get(id) ?? this.older.get(id);
  }

  private keep(event: EventRow): EventText {
    const known = this.known(event.id);
    if (known !== undefined) return known;
    const text = new EventText(event);
    if (this.recentBytes + text.body.length > recentBytesMax) this.age();
    this.recent.set(text.id, text);
    this.recentBytes += text.body.length;
    return text;
  }
}
