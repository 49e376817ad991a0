import { Registry, collectDefaultMetrics } from 'prom-client';

/** One registry a process, so that two servers in one test process do not share counters. */
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
