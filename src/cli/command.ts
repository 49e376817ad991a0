import { parseArgs } from 'node:util';
import { ConfigProblem } from '../platform/config.js';
import { Failure } from '../platform/errors.js';
import { installedVersion } from '../platform/installed-version.js';
import { commands, type Command } from './commands.js';
import { completion } from './completion.js';
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
  const [name, ...rest] = words;
  if (name === undefined) return fail(misused, usage());
  if (name === '--version' || name === '-v' || name === 'version') return say(`${installedVersion()}\n`);
  if (name === '--help' || name === '-h' || name === 'help') return help(rest);
  const command = commands.find(({ path }) => path.every((word, at) => words[at] === word));
  try {
    if (name === 'completion') return say(completion(rest[0] ?? ''));
    if (command === undefined) return group(words);
    const options = readOptions(command, words.slice(command.path.length));
    if (options['help'] === true) return say(usage([command]));
    const json = options['json'] === true;
    const progress = command.isLong ? showProgress(command.path.join(' ')) : noProgress;
    return await command.run(options as Record<string, string>, json, progress).finally(() => progress.end());
  } catch (error) {
    if (!(error instanceof UsageError)) return fail(refused, reasonOf(error));
    const path = command === undefined ? '' : `${command.path.join(' ')} `;
    return fail(misused, `${error.message}\nSee iozen ${path}--help`);
  }
}

/** `iozen help key` tells of the group, `iozen help key create` of the command. */
function help(words: readonly string[]): number {
  if (words.length === 0) return say(usage());
  const of = commandsOf(words);
  return of.length > 0 ? say(usage(of)) : fail(misused, unknown(words));
}

/** The word of a group alone: its commands. */
function group(words: readonly string[]): number {
  const given = words.filter((word) => !word.startsWith('-'));
  const of = commandsOf(given);
  if (of.length === 0) return fail(misused, unknown(given));
  return words.includes('--help') || words.includes('-h') ? say(usage(of)) : fail(misused, usage(of));
}

function unknown(words: readonly string[]): string {
  const known = words.findLastIndex((_, at) => commandsOf(words.slice(0, at)).length > 0);
  const at = Math.max(0, known);
  const next = [...new Set((at === 0 ? commands : commandsOf(words.slice(0, at))).map(({ path }) => path[at] ?? ''))];
  const typed = words.slice(0, at + 1).join(' ');
  const begun = words.slice(0, at);
  return `Unknown command: ${typed}.${meant(words[at] ?? '', next)}\nSee iozen ${[...begun, '--help'].join(' ')}`;
}

function readOptions(command: Command, words: string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(
    Object.keys(command.options).map((option) => [option, { type: 'string' as const }]),
  );
  const flags = { json: { type: 'boolean' as const }, help: { type: 'boolean' as const, short: 'h' } };
  const { args = [] } = command;
  const known = { ...options, ...flags };
  const mistyped = words.find((word) => word.startsWith('--') && !((word.slice(2).split('=')[0] ?? '') in known));
  if (mistyped !== undefined) {
    const names = Object.keys(known).map((name) => `--${name}`);
    throw new UsageError(`Unknown option: ${mistyped}.${meant(mistyped, names)}`);
  }
  let values: Record<string, string | boolean | undefined>;
  let positionals: string[];
  try {
    const read = { args: words, options: known, strict: true, allowPositionals: args.length > 0 };
    ({ values, positionals } = parseArgs(read));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'wrong options', { cause: error });
  }
  for (const [at, name] of args.entries()) values[name.toLowerCase()] = positionals[at];
  if (positionals.length > args.length)
    throw new UsageError(`Not understood: ${positionals.slice(args.length).join(' ')}`);
  const required = Object.keys(command.options).filter((name) => command.options[name]?.required);
  const missing = [
    ...args.filter((name) => !values[name.toLowerCase()]),
    ...required.filter((name) => !values[name]).map((name) => `--${name}`),
  ];
  if (missing.length > 0 && values['help'] !== true) throw new UsageError(`Missing: ${missing.join(', ')}`);
  return values;
}

function reasonOf(error: unknown): string {
  if (error instanceof Failure) {
    const { issues } = error.details as { issues?: { path: string; message: string }[] };
    return [error.message, ...(issues ?? []).map(({ path, message }) => `  ${path || 'input'} ${message}`)].join('\n');
  }
  if (error instanceof ConfigProblem) return error.message;
  if (error instanceof AggregateError && error.message === '') return String(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

function fail(code: number, message: string): number {
  process.stderr.write(message.endsWith('\n') ? message : `${message}\n`);
  return code;
}
