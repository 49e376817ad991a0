import { prepared, type Database } from '../platform/database.js';
import { happenedAt } from '../platform/id.js';
import type { EventText } from './lane.js';

const bytesKeptMax = 32 * 1_024 * 1_024;

const selectMany = prepared<Event>('select id, type, body from events where id = any($1)');

const selectSizes = prepared<{ id: string; bytes: number }>(
  'select id, octet_length(body) as bytes from events where id = any($1)',
);

interface Event {
  id: string;
  type: string;
  body: string;
}

/** For who holds it while it is of use, as fan-out's deliveries do: kept for others too, each would grow old first. */
export function textOf({ id, type, body }: Event): EventText {
  return { id, type, happenedAt: happenedAt(id), body: Buffer.from(body) };
}

/** Events' texts that were read, once however many endpoints they go to. Bounded; the oldest go first. */
export class EventTexts {
  private readonly kept = new Map<string, EventText>();
  private bytes = 0;
  /** Grows whenever what was read before may have been erased since. */
  edition = 0;
  private erasures = '';

  constructor(private readonly database: Database) {}

  /** Bytes of each that exists. */
  async sizes(ids: ReadonlySet<string>): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    const missing: string[] = [];
    for (const id of ids) {
      const known = this.kept.get(id);
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
      const known = this.kept.get(id);
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
    this.kept.clear();
    this.bytes = 0;
    this.edition += 1;
  }

  private keep(event: Event): EventText {
    const known = this.kept.get(event.id);
    if (known !== undefined) return known;
    const text = textOf(event);
    this.kept.set(text.id, text);
    this.bytes += text.body.length;
    for (const [id, { body }] of this.kept) {
      if (this.bytes <= bytesKeptMax) break;
      this.kept.delete(id);
      this.bytes -= body.length;
    }
    return text;
  }
}
