import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { LogLevel } from './config.js';

export type Log = Logger;

const charactersGatheredMax = 16_384;
const heldMsMax = 50;

/** JSON lines on stdout, readable text on a terminal. It hides nothing: a secret must never be handed to it. */
export function createLog(level: LogLevel): Log {
  const options = {
    level,
    base: null,
    // By the machine's own clock, as other programs' logs on the machine are.
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (level === 'silent') return pino(options);
  if (process.stdout.isTTY) return pino(options, pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss.l' }));
  return pino(options, gathered(process.stdout));
}

/** Writes lines together: a system call for each would cost more than making the line. */
function gathered(out: NodeJS.WriteStream): { write: (line: string) => void; flush: () => void } {
  let held = '';
  const flush = () => {
    if (held !== '') out.write(held);
    held = '';
  };
  // A reader of the log that has ended must not end this process.
  out.on('error', () => undefined);
  setInterval(flush, heldMsMax).unref();
  process.once('exit', flush);
  return {
    write(line) {
      held += line;
      if (held.length >= charactersGatheredMax) flush();
    },
    flush,
  };
}

const messageCharactersMax = 2_000;
const stackCharactersMax = 300;

/** A text that somebody else wrote, for a line of the log: shortened, and without what a terminal would act on. */
export function shown(text: string, charactersMax: number): string {
  const short = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
  if (/^[ -~]*$/.test(short)) return short;
  return short.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\x${(sign.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}

/** The fields of a log line for an error and its causes; without what the log must not know. */
export function errorFields(thrown: unknown): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { message: messageOf(thrown) };
  const { code } = thrown as { code?: unknown };
  return {
    name: thrown.name,
    message: shown(thrown.message, messageCharactersMax),
    ...(typeof code === 'string' && { code }),
    stack: thrown.stack
      ?.split('\n')
      .slice(1, 8)
      .map((line) => line.trim().slice(0, stackCharactersMax)),
    ...(thrown.cause !== undefined && {
      cause: typeof thrown.cause === 'string' ? shown(thrown.cause, messageCharactersMax) : errorFields(thrown.cause),
    }),
  };
}

/** The message of an error, also of one that a library has wrapped or thrown as something else. */
function messageOf(thrown: unknown): string {
  const { message = thrown } = (thrown ?? {}) as { message?: unknown };
  return typeof message === 'string' ? shown(message, messageCharactersMax) : 'thrown value';
}
