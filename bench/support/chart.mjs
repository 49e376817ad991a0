// The ratios of a run as an SVG: a dot for each, with the range of its rounds, on a scale on which twice and half are
// equally far from 1. It reads on a light ground and on a dark one.
import { verdictOf } from './report.mjs';

const [labelWidth, chartWidth, rowHeight, headHeight] = [460, 400, 20, 56];
const scaleMax = 16;

const style = `
  text { font: 12px system-ui, sans-serif; fill: #1f2328 }
  .head { font-weight: 600 } .dim, .tick { fill: #59636e } .tick { font-size: 11px; text-anchor: middle }
  .grid { stroke: #d1d9e0 } .one { stroke: #59636e }
  .range { stroke: #0969da; stroke-width: 3; opacity: 0.4 } .dot { fill: #0969da } .bound { stroke: #59636e; stroke-width: 2 }
  .failed { fill: #cf222e }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .dim, .tick { fill: #9198a1 } .grid { stroke: #3d444d } .one { stroke: #9198a1 }
    .range { stroke: #4493f8 } .dot { fill: #4493f8 } .bound { stroke: #9198a1 } .failed { fill: #f85149 }
  }
`;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const clamped = (value) => Math.min(scaleMax, Math.max(1 / scaleMax, value));

export function chartOf(benches, title) {
  const ratios = benches.flatMap(({ rows }) => rows.flatMap(({ least, most }) => [clamped(least), clamped(most)]));
  const from = Math.floor(Math.log2(Math.min(0.5, ...ratios)));
  const to = Math.ceil(Math.log2(Math.max(2, ...ratios)));
  const x = (ratio) => labelWidth + ((Math.log2(clamped(ratio)) - from) / (to - from)) * chartWidth;
  const lines = [];
  let y = headHeight;
  const text = (at, content, more = '') => `<text x="${at}" y="${y + 4}" ${more}>${escaped(content)}</text>`;
  for (const { name, rows, error } of benches) {
    y += rowHeight;
    lines.push(text(8, name, 'class="head"'));
    if (error !== undefined) lines.push(text(labelWidth, 'failed', 'class="failed"'));
    for (const row of rows) {
      y += rowHeight;
      const bound = row.atLeast ?? row.atMost;
      lines.push(
        text(16, row.what),
        `<line class="range" x1="${x(row.least)}" x2="${x(row.most)}" y1="${y}" y2="${y}"/>`,
        ...(bound === undefined ? [] : [boundAt(x(bound), y, row.atLeast !== undefined)]),
        `<circle class="dot${verdictOf(row).verdict === 'NOT held' ? ' failed' : ''}" cx="${x(row.ratio)}" cy="${y}" r="4"/>`,
        text(labelWidth + chartWidth + 16, row.ratio.toFixed(2), 'class="dim"'),
      );
    }
  }
  const height = y + rowHeight;
  const grid = Array.from({ length: to - from + 1 }, (_, n) => 2 ** (from + n)).map(
    (ratio) =>
      `<line class="${ratio === 1 ? 'one' : 'grid'}" x1="${x(ratio)}" x2="${x(ratio)}" y1="${headHeight}" y2="${height - 8}"/>` +
      `<text class="tick" x="${x(ratio)}" y="${headHeight - 6}">${ratio >= 1 ? ratio : `1/${1 / ratio}`}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${labelWidth + chartWidth + 70}" height="${height}" role="img">
<title>Ratios of npm run bench</title>
<style>${style}</style>
<text class="head" x="8" y="18">Ratios of npm run bench: ${escaped(title)}</text>
<text class="dim" x="8" y="36">dot: median · bar: range of rounds · [ at least, ] at most</text>
${[...grid, ...lines].join('\n')}
</svg>
`;
}

/** A tick with a hook to the side that is good. */
function boundAt(x, y, isLeast) {
  const side = isLeast ? 4 : -4;
  return `<path class="bound" fill="none" d="M${x + side} ${y - 6}H${x}V${y + 6}H${x + side}"/>`;
}
