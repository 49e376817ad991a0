import { Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import { clock } from './clock.js';

/** A registry for each server, so that two servers in one process of tests do not share counters. */
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    const difference = new Gauge({
      name: 'iozen_clock_difference_seconds',
      help: 'How far a clock is ahead of the time that this process goes by.',
      labelNames: ['clock'],
      registers: [],
      collect() {
        for (const [whose, ms] of Object.entries(clock.differences())) this.set({ clock: whose }, ms / 1_000);
      },
    });
    this.registry.registerMetric(difference);
  }
}
