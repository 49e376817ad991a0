// `npm run bench [-- --quick] [-- NAME…]`: every bench at a size that fits two cores and a quarter of an hour, one after
// the other, and at the end one table of ratios. All of them leave bench/results/<date>.json and <date>.svg; a part of
// them, or --quick, leaves bench/results/part.json and part.svg.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chartOf } from './support/chart.mjs';
import { machine } from './support/ground.mjs';
import { verdictOf } from './support/report.mjs';

/** About how long each takes, in seconds, on two cores; `quick` only shows that it runs. */
const benches = [
  { name: 'rest', args: [2, 4], quick: [0.5, 1], seconds: 90 },
  { name: 'conversions', folder: 'rest', args: [2, 5, 'conversions'], quick: [0.5, 1, 'conversions'], seconds: 35 },
  { name: 'graphql', args: [1, 3], quick: [0.5, 1], seconds: 100 },
  { name: 'mcp', args: [1, 4], quick: [0.5, 1], seconds: 40 },
  { name: 'webhooks', args: [20_000, 3, 4], quick: [2_000, 1, 2], seconds: 190 },
  { name: 'workers', args: [5, 3], quick: [2, 1], seconds: 90 },
  { name: 'deliveries', args: [100_000, 4], quick: [10_000, 1], seconds: 35 },
  { name: 'fairness', args: [2, 10], quick: [1, 4], seconds: 90 },
  { name: 'neighbours', args: [40, 1], quick: [5, 1], seconds: 120 },
  { name: 'hostile', args: [3, 3], quick: [1, 2], seconds: 20 },
  { name: 'limits', args: [2], quick: [1], seconds: 40 },
  // Against itself: what the machine alone makes of a ratio.
  { name: 'control', folder: 'turns', args: [root('..'), 1, 3], quick: [root('..'), 0.3, 1], seconds: 60 },
];
const growthFile = /^growth-(\d.+)\.json$/;
const ticksEveryMs = 30_000;
/** Of one that fails. */
const linesShown = 15;

const fair = `\
Both sides of a ratio ran in turns, in this one run, on this machine and one PostgreSQL with its usual durability; who is
first changes from round to round; each was warmed up before it counted; what is compared answers the same bytes or does
the same work, and other queues are set up as their documentation wants. A ratio is the median of its rounds, with their
range. "control" is this checkout against itself: what lies within its range, the machine makes. More: bench/README.md.`;

const given = process.argv.slice(2);
const isQuick = given.includes('--quick');
const names = given.filter((arg) => arg !== '--quick');
const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no ${unknown.join(', ')}. There are: ${benches.map(({ name }) => name).join(', ')}, and --quick.`,
  );
  process.exit(2);
}
const chosen = benches.filter(({ name }) => names.length === 0 || names.includes(name));
const isWhole = chosen.length === benches.length && !isQuick;
const startedAt = new Date();

const results = [];
for (const [index, bench] of chosen.entries()) {
  const left = chosen.slice(index).reduce((sum, { seconds }) => sum + (isQuick ? seconds / 5 : seconds), 0);
  const place = `[${index + 1}/${chosen.length}] ${bench.name}`;
  const result = await run(bench, (seconds) => {
    tell(`${place}: ${seconds} s, about ${Math.max(1, Math.round((left - seconds) / 60))} min left for all`);
  });
  results.push(result);
  const failure = result.error === undefined ? '' : ` FAILED, and the others go on:\n${result.error}`;
  console.log(`${place}: ${result.rows.length} ratios in ${result.seconds} s${failure}`);
}
const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
const growth = isWhole ? await lastGrowth() : null;
const tables = growth === null ? results : [...results, growth];

console.log(`\n${tableOf(tables)}\n\n${fair}`);
const day = startedAt.toISOString().slice(0, 10);
const file = root(`results/${isWhole ? day : 'part'}`);
const report = {
  startedAt,
  minutes: Number(minutes),
  machine: machine(),
  fair: fair.replaceAll('\n', ' '),
  benches: tables,
};
await mkdir(root('results'), { recursive: true });
await writeFile(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`);
await writeFile(`${file}.svg`, chartOf(tables, `${report.machine.commit}, ${day}, ${report.machine.cpus} CPUs`));
console.log(`\n${minutes} min. ${file}.json and .svg`);
process.exitCode = results.some(({ error }) => error !== undefined) ? 1 : 0;

function root(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** What a bench found; an `error` with the last that it said where it found nothing, or less than it should. */
async function run({ name, folder = name, args, quick }, tick) {
  const from = performance.now();
  const took = () => Math.round((performance.now() - from) / 1_000);
  const child = fork(root(`${folder}/run.mjs`), (isQuick ? quick : args).map(String), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const stop = () => child.kill();
  process.once('exit', stop);
  const said = [];
  let rows = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => said.push(chunk));
  child.on('message', (message) => (rows = message.rows));
  const ticker = setInterval(() => tick(took()), process.stdout.isTTY ? 1_000 : ticksEveryMs);
  tick(0);
  const [code, signal] = await once(child, 'exit');
  clearInterval(ticker);
  process.off('exit', stop);
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  const result = { name, args: isQuick ? quick : args, seconds: took(), rows };
  if (rows.length > 0) return result;
  const last = Buffer.concat(said).toString().trimEnd().split('\n').slice(-linesShown).join('\n');
  return { ...result, error: `ended with ${signal ?? code}\n${last}` };
}

/** One line that changes on a terminal, lines elsewhere. */
function tell(text) {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`);
  else console.log(text);
}

/** What `npm run bench:growth` found last. */
async function lastGrowth() {
  const files = await readdir(root('results')).catch(() => []);
  const last = files
    .filter((name) => growthFile.test(name))
    .toSorted()
    .at(-1);
  if (last === undefined) return null;
  const { rows } = JSON.parse(await readFile(root(`results/${last}`), 'utf8'));
  return { name: `growth, of ${growthFile.exec(last)[1]}`, rows };
}

function tableOf(all) {
  const lines = [['bench', 'what', 'ratio', 'range', 'wanted', '', 'figures']];
  for (const { name, rows, error } of all) {
    if (error !== undefined) lines.push([name, 'FAILED', '', '', '', '', '']);
    for (const row of rows) {
      const { bound, verdict } = verdictOf(row);
      const range = `${row.least.toFixed(2)}–${row.most.toFixed(2)}`;
      lines.push([name, row.what, row.ratio.toFixed(2), range, bound, verdict, row.detail ?? '']);
    }
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  lines.splice(
    1,
    0,
    widths.map((width) => '-'.repeat(width)),
  );
  return lines.map((line) => `| ${line.map((text, column) => text.padEnd(widths[column])).join(' | ')} |`).join('\n');
}
