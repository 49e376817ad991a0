import { expect } from 'chai';
import { Ledger, type EventBody, type Outcome } from './ledger.js';

const types = ['submission.completed', 'contact.created'];

/** A workspace with one endpoint that gets one at a time, and one that does not. */
class Book {
  readonly ledger = new Ledger();
  private made = 0;
  private at = 1_000;

  constructor() {
    for (const [id, inOrder] of [
      ['ep1', false],
      ['ep2', true],
    ] as const)
      this.ledger.listen({ id, workspaceId: 'w', kind: id, types, inOrder });
  }

  event(token: string, id = `evt_${String((this.made += 1)).padStart(4, '0')}`): EventBody {
    return { id, type: 'submission.completed', data: { submission: { data: { token } } } };
  }

  write(token: string, outcome: Outcome = 'accepted', life = token): void {
    this.ledger.write('a write', 'w', life, [`submission.completed ${token}`]).outcome = outcome;
  }

  deliver(event: EventBody, endpoints = ['ep1', 'ep2'], { ok = true, forMs = 1, delivery = event.id } = {}): void {
    for (const endpoint of endpoints) {
      this.at += 10;
      this.ledger.arrive(endpoint, delivery, event, JSON.stringify(event), this.at)(ok, this.at + forMs);
    }
  }

  list(...events: EventBody[]): void {
    this.ledger.list('w', events);
  }

  broken(): string[] {
    return this.ledger.judge().map(({ promise }) => promise);
  }
}

describe("the soak's ledger", () => {
  let book: Book;
  beforeEach(() => (book = new Book()));

  it('has nothing to say where each accepted write is one event that everybody got, some of it twice', () => {
    const [one, two] = [book.event('one'), book.event('two')];
    for (const token of ['one', 'two']) book.write(token);
    book.write('never', 'refused');
    book.write('perhaps', 'unknown');
    book.deliver(one, ['ep2'], { ok: false });
    for (const event of [one, one, two]) book.deliver(event);
    book.list(one, two);
    book.ledger.followed('stream', 'w', 'evt_0000', null, [one.id, two.id]);
    expect(book.broken()).to.deep.equal([]);
    expect(book.ledger.counts()).to.include({ events: 2, deliveries: 4, lost: 0, duplicates: 2, orderViolations: 0 });
  });

  it('finds where it breaks that what was accepted is an event: all that listen miss it', () => {
    book.write('one');
    expect(book.broken()).to.deep.equal(['what was accepted is an event', 'no delivery is lost']);
    expect(book.ledger.counts()).to.include({ deliveries: 2, lost: 2 });
  });

  const breaks: [promise: string, does: () => void][] = [
    [
      'no delivery is lost',
      () => {
        const event = book.event('one');
        book.write('one');
        book.deliver(event, ['ep2']);
        book.deliver(event, ['ep1'], { ok: false });
        book.list(event);
      },
    ],
    [
      'what was done once is one event',
      () => {
        const twice = [book.event('one'), book.event('one')];
        book.write('one');
        for (const event of twice) book.deliver(event);
        book.list(...twice);
      },
    ],
    [
      'what was refused leaves no trace',
      () => {
        const event = book.event('one');
        book.write('one', 'refused');
        book.deliver(event);
        book.list(event);
      },
    ],
    [
      'there is no event without a cause',
      () => {
        const event = book.event('of nobody');
        book.list(event);
      },
    ],
    [
      'the list of events skips none',
      () => {
        book.write('one');
        book.deliver(book.event('one'));
      },
    ],
    [
      'a repeat has the same bytes',
      () => {
        const event = book.event('one');
        book.write('one');
        book.deliver(event);
        book.deliver({ ...event, data: { ...event.data, more: 1 } }, ['ep1']);
        book.list(event);
      },
    ],
    [
      'order: ids follow the history of an object',
      () => {
        const [later, earlier] = [book.event('later'), book.event('earlier')];
        for (const token of ['earlier', 'later']) book.write(token, 'accepted', 'one life');
        for (const event of [later, earlier]) book.deliver(event);
        book.list(later, earlier);
      },
    ],
    [
      'order: deliveries follow the order of fan-out',
      () => {
        const [one, two] = [book.event('one'), book.event('two')];
        for (const token of ['one', 'two']) book.write(token);
        for (const event of [two, one]) book.deliver(event);
        book.list(one, two);
      },
    ],
    [
      'order: one at a time where an endpoint asks for it',
      () => {
        const [one, two] = [book.event('one'), book.event('two')];
        for (const token of ['one', 'two']) book.write(token);
        book.deliver(one, ['ep1', 'ep2'], { forMs: 30 });
        book.deliver(two, ['ep1', 'ep2'], { forMs: 30 });
        book.list(one, two);
      },
    ],
    [
      'order: a failing delivery holds the next one back',
      () => {
        const [one, two] = [book.event('one'), book.event('two')];
        for (const token of ['one', 'two']) book.write(token);
        book.deliver(one, ['ep2'], { ok: false });
        for (const event of [two, one]) book.deliver(event);
        book.list(one, two);
      },
    ],
    [
      'a stream skips no event, repeats none, and keeps their order',
      () => {
        const [one, two] = [book.event('one'), book.event('two')];
        for (const token of ['one', 'two']) book.write(token);
        for (const event of [one, two]) book.deliver(event);
        book.list(one, two);
        book.ledger.followed('stream', 'w', 'evt_0000', null, [one.id, one.id]);
      },
    ],
  ];
  for (const [promise, does] of breaks) {
    it(`finds where it breaks that ${promise.replace('order: ', '')}`, () => {
      does();
      expect(book.broken()).to.deep.equal([promise]);
    });
  }
});
