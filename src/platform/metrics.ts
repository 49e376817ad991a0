import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type CounterConfiguration,
  type GaugeConfiguration,
  type HistogramConfiguration,
} from 'prom-client';
import { clock } from './clock.js';

/**
 * A registry for each server, so that two servers in one process of tests do not share counters. Whoever asks for a metric
 * that is there already, as a second worker of the same server does, gets that one.
 */
export class Metrics {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    this.gauge({
      name: 'iozen_clock_difference_seconds',
      help: 'How far a clock is ahead of the time that this process goes by.',
      labelNames: ['clock'],
      collect() {
        for (const [whose, ms] of Object.entries(clock.differences())) this.set({ clock: whose }, ms / 1_000);
      },
    });
  }

  /** All of them, as Prometheus reads them. */
  async text(): Promise<string> {
    return withFormerNames(await this.registry.metrics());
  }

  counter<Label extends string>(config: CounterConfiguration<Label>): Counter<Label> {
    return (
      (this.known(config.name) as Counter<Label> | undefined) ?? new Counter({ ...config, registers: [this.registry] })
    );
  }

  gauge<Label extends string>(config: GaugeConfiguration<Label>): Gauge<Label> {
    return (
      (this.known(config.name) as Gauge<Label> | undefined) ?? new Gauge({ ...config, registers: [this.registry] })
    );
  }

  histogram<Label extends string>(config: HistogramConfiguration<Label>): Histogram<Label> {
    return (
      (this.known(config.name) as Histogram<Label> | undefined) ??
      new Histogram({ ...config, registers: [this.registry] })
    );
  }

  private known(name: string) {
    return this.registry.getSingleMetric(name);
  }
}

/** Had no prefix before 1.1, and go under that name too for one release: dashboards and alerts have it. No other joins them. */
const withoutPrefixBefore = [
  'webhook_attempts_total',
  'webhook_delivery_lag_seconds',
  'webhook_endpoints',
  'webhook_oldest_due_seconds',
  'webhook_refused_total',
];
const linesOfThem = new RegExp(
  `^(?:# (?:HELP|TYPE) )?iozen_(?:${withoutPrefixBefore.join('|')})(?:_bucket|_sum|_count)?[ {].*\\n`,
  'gm',
);

function withFormerNames(text: string): string {
  const former = text.match(linesOfThem) ?? [];
  return text + former.map((line) => line.replace('iozen_', '')).join('');
}
