import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { seconds, theCluster } from './support/cluster.js';
import { otherNode, type Part } from './support/engines.js';
import { expectKept, storyOf } from './support/expect-kept.js';
import { Load } from './support/load.js';

const failovers = Number(process.env['CLUSTER_FAILOVERS'] ?? '1');
/** What is killed of the primary, in turns. */
const parts: readonly Part[] = ['PostgreSQL', 'both', 'Patroni'];
/** Beyond what Patroni takes. */
const refusedMsMax = 5_000;
/** From the death of a node to its being a standby in step, on two cores. */
const eachMsMax = 120_000;
const followsWithinMs = 60_000;

interface Round {
  part: Part;
  from: string;
  /** From the kill until the other node says that it is the primary. */
  patroniMs: number;
  /** The longest that a change took from the first time that it was asked for. */
  refusedMs: number;
  refused: number;
  /** From the kill until the killed node is a standby in step again. */
  inStepMs: number;
}

describe('a primary of PostgreSQL that is killed under load', function () {
  this.timeout(60_000 + failovers * eachMsMax);

  it(`is followed by its standby, ${failovers} times: nothing is lost, and nobody refused for long`, async () => {
    const cluster = theCluster();
    const { engines } = cluster;
    const load = await Load.start(cluster);
    const rounds: Round[] = [];
    for (let each = 0; each < failovers; each += 1) {
      const part = parts[each % parts.length] ?? 'PostgreSQL';
      // One that is killed before its standby has all that it answered has nobody to follow it.
      const from = await engines.untilInStep();
      await wait(1_000 + Math.random() * 1_000);
      const before = load.refusals.length;
      const killedMs = performance.now();
      const { restart } = await engines.kill(from, part);
      while (!(await engines.isPrimary(otherNode(from)))) {
        if (performance.now() - killedMs > followsWithinMs)
          throw new Error(`${otherNode(from)} did not follow ${from}`);
        await wait(20);
      }
      const patroniMs = performance.now() - killedMs;
      restart();
      await engines.untilInStep();
      const inStepMs = performance.now() - killedMs;
      await wait(1_000);
      const own = load.refusals.slice(before);
      const refusedMs = Math.max(0, ...own.map(({ tookMs }) => tookMs));
      rounds.push({ part, from, patroniMs, refusedMs, refused: own.length, inStepMs });
    }
    const account = await load.end();
    console.log(tableOf(rounds));
    console.log(`      ${storyOf(account, load)}`);
    expectKept(account, load);
    for (const { part, patroniMs, refusedMs } of rounds)
      expect(refusedMs, `refused, of ${part} killed`).to.be.below(patroniMs + refusedMsMax);
  });

  it('goes on without its standby: commits wait for it no longer than 5 s', async () => {
    const cluster = theCluster();
    const { engines } = cluster;
    const load = await Load.start(cluster);
    const primary = await engines.untilInStep();
    await wait(1_000);
    const { restart } = await engines.kill(otherNode(primary), 'both');
    await wait(refusedMsMax + 1_000);
    restart();
    expect(await engines.untilInStep()).to.equal(primary);
    const account = await load.end();
    console.log(`      ${storyOf(account, load)}; held up for ${seconds(load.slowestMs)} at most`);
    expectKept(account, load);
    expect(load.slowestMs).to.be.below(refusedMsMax);
  });
});

function tableOf(rounds: readonly Round[]): string {
  const head = [
    '',
    'killed of the primary',
    'followed after',
    'refused for at most',
    'changes held up',
    'in step again after',
  ];
  const lines = rounds.map(({ part, from, patroniMs, refusedMs, refused, inStepMs }, each) => [
    String(each + 1),
    `${part} of ${from}`,
    seconds(patroniMs),
    seconds(refusedMs),
    String(refused),
    seconds(inStepMs),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const row = (cells: readonly string[]) =>
    `      | ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n');
}
