import { commands, type Command } from './commands.js';

/** What a command is called with, on one line: `iozen key revoke --id ID`. */
function lineOf({ path, args = [], options }: Command): string {
  const written = Object.entries(options).map(([name, { value, required }]) => {
    const text = `--${name} ${value}`;
    return required ? text : `[${text}]`;
  });
  return ['iozen', ...path, ...args, ...written].join(' ');
}

/** How the commands are called and what they do; without an argument, of all. */
export function usage(of: readonly Command[] = commands): string {
  const lines = of.map((command) => `  ${lineOf(command)}\n      ${command.about}\n`);
  const isAll = of.length === commands.length;
  const about = isAll ? '  iozen --version\n  iozen help COMMAND\n' : '';
  return `Usage:\n${lines.join('')}${about}\n  --json prints one JSON object and nothing else.\n`;
}

/** The commands that begin with these words: one, or those of a group such as `workspace`. */
export const commandsOf = (words: readonly string[]): readonly Command[] =>
  words.length === 0 ? [] : commands.filter(({ path }) => words.every((word, at) => path[at] === word));

/** ` Did you mean listen?`, where one of the known words is near to what was typed. */
export function meant(typed: string, known: readonly string[]): string {
  const near = known
    .map((word) => ({ word, far: distance(typed, word) }))
    .filter(({ word, far }) => far <= 2 || (typed.length > 2 && word.startsWith(typed)))
    .toSorted((one, other) => one.far - other.far)[0];
  return near === undefined ? '' : ` Did you mean ${near.word}?`;
}

/** How many letters have to be put in, left out or changed to get from one word to the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [done, letter] of [...from].entries()) {
    const next = [done + 1];
    for (const [at, other] of [...to].entries()) {
      const changed = (row[at] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(changed, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
