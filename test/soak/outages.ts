/** When what was broken on purpose, and what that excuses. */
export interface Outage {
  readonly fault: string;
  /** Unix milliseconds. */
  readonly from: number;
  /** null: it goes on. */
  to: number | null;
  readonly excuses: Excuse;
}

export interface Excuse {
  /** Whether requests may be refused with 5xx meanwhile. */
  refusals?: boolean;
  /** The process whose connections may break meanwhile. */
  process?: string;
}

/** One try of a request as its sender saw it. */
export interface Try {
  readonly from: number;
  readonly to: number;
  readonly process: string;
}

export class Outages {
  readonly all: Outage[] = [];

  constructor(private readonly graceMs: number) {}

  begin(fault: string, excuses: Excuse): () => void {
    const outage: Outage = { fault, from: Date.now(), to: null, excuses };
    this.all.push(outage);
    return () => {
      outage.to ??= Date.now();
    };
  }

  /** The faults under way, for the line that tells how it goes. */
  current(): string[] {
    return this.all.filter(({ to }) => to === null).map(({ fault }) => fault);
  }

  excuseRefusal(one: Try): boolean {
    return this.around(one).some(({ excuses }) => excuses.refusals === true);
  }

  /** Of the refusals and breaks that a fault excuses: how many there were, and how long after its end the last was. */
  shareOf(outage: Outage, { refusals, breaks }: { refusals: readonly Try[]; breaks: readonly Try[] }) {
    const { refusals: mayRefuse = false, process } = outage.excuses;
    const within = (one: Try) => this.around(one).includes(outage);
    const refused = refusals.filter((one) => mayRefuse && within(one));
    const broken = breaks.filter((one) => one.process === process && within(one));
    const last = Math.max(...[...refused, ...broken].map(({ from }) => from - (outage.to ?? Infinity)), 0);
    return { serverErrors: refused.length, unanswered: broken.length, lastSecondsAfter: last / 1_000 };
  }

  /** A connection breaks with the process at its other end; nothing else excuses it. */
  excuseBreak(one: Try): boolean {
    return this.around(one).some(({ excuses }) => excuses.process === one.process);
  }

  private around({ from, to }: Try): Outage[] {
    return this.all.filter((outage) => outage.from <= to && from <= (outage.to ?? Infinity) + this.graceMs);
  }
}
