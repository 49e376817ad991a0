import { parseArgs } from 'node:util';
import { ConfigProblem } from '../platform/config.js';
import { Failure } from '../platform/errors.js';
import { installedVersion } from '../platform/installed-version.js';
import { commands, type Command } from './commands.js';
import { oneOf } from './options.js';
import { noProgress, showProgress } from './progress.js';
import { UsageError } from './usage-error.js';
import { commandsOf, meant, usage } from './usage.js';

const refused = 1;
const misused = 2;

/**
 * Runs one command and returns the exit code: 0; 2 for an unknown command or a missing or unknown option; 1 for
 * everything refused or failed, with the reason on stderr.
 */
export async function runCommand(words: string[]): Promise<number> {
  const [name = '', ...rest] = words;
  if (name === '--json') return await runCommand(rest.length === 0 ? [] : [...rest, name]);
  if (name === '') return fail(misused, usage());
  if (name === '--version' || name === '-v' || name === 'version') return version(rest);
  if (name === '--help' || name === '-h' || name === 'help') return help(rest);
  const command = commands.find(({ path }) => path.every((word, at) => words[at] === word));
  try {
    if (command === undefined) return group(words);
    const options = readOptions(command, words.slice(command.path.length));
    if (options['help'] === true) return say(usage([command]));
    const json = options['json'] === true;
    const progress = command.isLong ? showProgress(command.path.join(' ')) : noProgress;
    return await command.run(options as Record<string, string>, json, progress).finally(() => progress.end());
  } catch (error) {
    if (!(error instanceof UsageError)) return fail(refused, reasonOf(error, command));
    const path = command === undefined ? '' : `${command.path.join(' ')} `;
    return fail(misused, `${error.message}\nSee iozen ${path}--help`);
  }
}

function version(words: readonly string[]): number {
  const installed = installedVersion();
  return say(`${words.includes('--json') ? JSON.stringify({ version: installed }) : installed}\n`);
}

/** `iozen help key` tells of the group, `iozen help key create` of the command. */
function help(asked: readonly string[]): number {
  const words = asked.filter((word) => !word.startsWith('-'));
  if (words.length === 0) return say(usage());
  const of = commandsOf(words);
  return of.length > 0 ? say(usage(of)) : fail(misused, unknown(words));
}

/** The word of a group alone: its commands. Options follow the words of a command, so what follows them names none. */
function group(words: readonly string[]): number {
  const at = words.findIndex((word) => word.startsWith('-'));
  const given = at === -1 ? words : words.slice(0, at);
  if (given.length === 0) throw unknownOption(words[0] ?? '', ['--version', '--help', '--json']);
  const of = commandsOf(given);
  if (of.length === 0) return fail(misused, unknown(given));
  return words.includes('--help') || words.includes('-h') ? say(usage(of)) : fail(misused, usage(of));
}

const unknownOption = (typed: string, known: readonly string[]) =>
  new UsageError(`Unknown option: ${typed}.${meant(typed, known)}`);

function unknown(words: readonly string[]): string {
  const known = words.findLastIndex((_, at) => commandsOf(words.slice(0, at)).length > 0);
  const at = Math.max(0, known);
  const next = [...new Set((at === 0 ? commands : commandsOf(words.slice(0, at))).map(({ path }) => path[at] ?? ''))];
  const typed = words.slice(0, at + 1).join(' ');
  const begun = words.slice(0, at);
  return `Unknown command: ${typed}.${meant(words[at] ?? '', next)}\nSee iozen ${[...begun, '--help'].join(' ')}`;
}

function readOptions(command: Command, words: string[]): Record<string, string | boolean | undefined> {
  const known: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    ...Object.fromEntries(Object.keys(command.options).map((option) => [option, { type: 'string' as const }])),
    json: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  };
  const { args = [] } = command;
  const named = words.includes('--') ? words.slice(0, words.indexOf('--')) : words;
  const mistyped = named.find((word) => word.startsWith('--') && !((word.slice(2).split('=')[0] ?? '') in known));
  if (mistyped !== undefined) {
    throw unknownOption(
      mistyped,
      Object.keys(known).map((name) => `--${name}`),
    );
  }
  let values: Record<string, string | boolean | undefined>;
  let positionals: string[];
  let given: string[];
  try {
    const read = {
      args: words,
      options: known,
      strict: true,
      allowPositionals: args.length > 0,
      tokens: true,
    } as const;
    const { tokens, ...parsed } = parseArgs(read);
    ({ values, positionals } = parsed);
    given = tokens.flatMap((token) => (token.kind === 'option' && token.value !== undefined ? [token.name] : []));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'wrong options', { cause: error });
  }
  if (values['help'] === true) return values;
  const twice = given.find((name, at) => given.indexOf(name) !== at);
  if (twice !== undefined) throw new UsageError(`Given more than once: --${twice}`);
  for (const [at, name] of args.entries()) values[name.toLowerCase()] = positionals[at];
  if (positionals.length > args.length)
    throw new UsageError(`Not understood: ${positionals.slice(args.length).join(' ')}`);
  const required = Object.keys(command.options).filter((name) => command.options[name]?.required);
  const missing = [
    ...args.filter((name) => !values[name.toLowerCase()]),
    ...required.filter((name) => !values[name]).map((name) => `--${name}`),
  ];
  if (missing.length > 0) throw new UsageError(`Missing: ${missing.join(', ')}`);
  // An empty variable of a script: without --expires-at, say, a key would be made that never ends.
  const empty = given.find((name) => values[name] === '');
  if (empty !== undefined) throw new UsageError(`--${empty} is empty: give it a value, or leave it out`);
  for (const [name, { value }] of Object.entries(command.options)) {
    const text = values[name];
    if (typeof text === 'string' && value.includes('|')) oneOf(name, text, value.split('|'));
  }
  return values;
}

function reasonOf(error: unknown, command: Command | undefined): string {
  if (error instanceof Failure) {
    const { issues = [] } = error.details as { issues?: { path: string; message: string }[] };
    const lines = issues.map(({ path, message }) => `${optionFor(path, command)} ${message}`);
    return lines.length === 0 ? error.message : lines.join('\n');
  }
  if (error instanceof ConfigProblem) return error.message;
  if (error instanceof AggregateError && error.message === '') return String(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

/** What an issue is about, as it was given: `--owner-email` for `email`. */
function optionFor(path: string, command: Command | undefined): string {
  const name = path.replaceAll('_', '-').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const option = Object.keys(command?.options ?? {}).find((known) => known === name || known.endsWith(`-${name}`));
  return option === undefined ? path || 'The input' : `--${option}`;
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function fail(code: number, message: string): number {
  process.stderr.write(message.endsWith('\n') ? message : `${message}\n`);
  return code;
}
