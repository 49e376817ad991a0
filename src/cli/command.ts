import { parseArgs } from 'node:util';
import { ConfigProblem } from '../platform/config.js';
import { Failure } from '../platform/errors.js';
import { commands, type Command } from './commands.js';
import { UsageError } from './usage-error.js';

const refused = 1;
const misused = 2;

/**
 * Runs one command and returns the exit code: 0; 2 for an unknown command or a missing or unknown option; 1 for
 * everything refused or failed, with the reason on stderr.
 */
export async function runCommand(words: string[]): Promise<number> {
  const [name] = words;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    process.stdout.write(usage());
    return name === undefined ? misused : 0;
  }
  const command = commands.find(({ path }) => path.every((word, index) => words[index] === word));
  if (command === undefined) return fail(misused, `Unknown command: ${words.slice(0, 2).join(' ')}\n\n${usage()}`);
  try {
    const options = readOptions(command, words.slice(command.path.length));
    if (options['help'] === true) {
      process.stdout.write(usage([command]));
      return 0;
    }
    return await command.run(options as Record<string, string>, options['json'] === true);
  } catch (error) {
    if (error instanceof UsageError) return fail(misused, `${error.message}\n\n${usage([command])}`);
    return fail(refused, reasonOf(error));
  }
}

function readOptions(command: Command, words: string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(
    Object.keys(command.options).map((option) => [option, { type: 'string' as const }]),
  );
  const flags = { json: { type: 'boolean' as const }, help: { type: 'boolean' as const } };
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({ args: words, options: { ...options, ...flags }, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'wrong options', { cause: error });
  }
  const missing = Object.entries(command.options).filter(([name, { required }]) => required && !values[name]);
  if (missing.length > 0 && values['help'] !== true) {
    throw new UsageError(`Missing: ${missing.map(([name]) => `--${name}`).join(', ')}`);
  }
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

function fail(code: number, message: string): number {
  process.stderr.write(`${message}\n`);
  return code;
}

function usage(of: readonly Command[] = commands): string {
  const lines = of.map(({ path, options, about }) => {
    const written = Object.entries(options).map(([name, { value, required }]) => {
      const text = `--${name} ${value}`;
      return required ? text : `[${text}]`;
    });
    return `  iozen ${[...path, ...written].join(' ')}\n      ${about}\n`;
  });
  return `Usage:\n${lines.join('')}\n  --json prints one JSON object and nothing else.\n`;
}
