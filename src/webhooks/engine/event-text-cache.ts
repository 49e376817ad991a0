import { LRUCache } from 'lru-cache';
import { bodyOf } from '../../events/event-erasure.service.js';
import type { Database } from '../../platform/postgres/database.js';
import { prepared } from '../../platform/postgres/statement.js';
import { EventText } from '../wire/event-text.js';

const keptBytesMax = 32 * 1_024 * 1_024;

const selectMany = prepared<{ id: string; type: string; body: string }>(
  `select id, type, ${bodyOf('events')} as body from events where id = any($1)`,
);

/**
 * Texts of events that were read, kept for a moment for the other endpoints to which the same events go. A delivery in
 * memory holds its event's text itself.
 */
export class EventTexts {
  private readonly kept: LRUCache<string, EventText>;
  /** Grows whenever what was read before may have been erased since. */
  private edition = 0;
  private erasures = '';

  constructor(
    private readonly database: Database,
    keptMs = 2_000,
  ) {
    const sizeCalculation = ({ body }: EventText) => Math.max(1, body.length);
    this.kept = new LRUCache({ maxSize: keptBytesMax, sizeCalculation, ttl: keptMs });
  }

  /** Those that exist; a text may be too long to keep and is in the answer all the same. */
  async read(ids: ReadonlySet<string>): Promise<Map<string, EventText>> {
    const texts = new Map<string, EventText>();
    for (const id of ids) {
      const text = this.kept.get(id);
      if (text !== undefined) texts.set(id, text);
    }
    const missing = [...ids].filter((id) => !texts.has(id));
    if (missing.length === 0) return texts;
    const { edition } = this;
    const rows = await this.database.query(selectMany, [missing]);
    if (edition !== this.edition) return await this.read(ids);
    for (const row of rows) {
      const text = new EventText(row);
      this.kept.set(text.id, text);
      texts.set(text.id, text);
    }
    return texts;
  }

  /** Forgets all if anything was erased since the last time, and says whether. */
  follow(erasures: string): boolean {
    if (erasures === this.erasures) return false;
    this.erasures = erasures;
    this.forget();
    return true;
  }

  /** After an erasure that blanked what events tell of someone. */
  forget(): void {
    this.kept.clear();
    this.edition += 1;
  }

  /** To be called now and then: what a backlog left should not stay in memory. */
  purge(): void {
    this.kept.purgeStale();
  }
}
