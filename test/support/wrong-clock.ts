/** Loaded before a process of ours: to it, the machine's clock is ahead by `CLOCK_AHEAD_MS`. */
const aheadMs = Number(process.env['CLOCK_AHEAD_MS'] ?? '0');
const RealDate = Date;

class WrongDate extends RealDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RealDate.now() + aheadMs);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + aheadMs;
  }
}

globalThis.Date = WrongDate as DateConstructor;
