// `npm run dev`: builds at every change and starts the server anew with what came of it. It takes what `serve` takes, and
// `--inspect`, `--inspect=PORT` or `--inspect-brk` for a debugger, on 127.0.0.1 alone: whoever reaches it runs code here.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const inspects = /^--inspect(-brk)?(=\d+)?$/;
const args = process.argv.slice(2);
const wrong = args.find((arg) => arg.startsWith('--inspect') && !inspects.test(arg));
if (wrong !== undefined) {
  console.error(`${wrong} is not understood: --inspect, --inspect=PORT or --inspect-brk, always on 127.0.0.1.`);
  process.exit(1);
}

const inspector = args.filter((arg) => inspects.test(arg)).map((arg) => arg.replace('=', '=127.0.0.1:'));
const forServe = args.filter((arg) => !inspects.test(arg));
const watching = ['--watch', '--watch-preserve-output', '--enable-source-maps'];

const running = [
  ['tsc', '-p', '.', '--watch', '--preserveWatchOutput'],
  ['node', ...watching, ...inspector, 'dist/src/main.js', 'serve', ...forServe],
].map(([command, ...options]) => spawn(command, options, { stdio: 'inherit' }));

const stop = () => {
  for (const one of running) one.kill();
};
// Ctrl-C reaches both by itself, and the server takes its time to stop.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, stop);
const ended = running.map((one) => once(one, 'exit'));
await Promise.race(ended);
stop();
await Promise.all(ended);
