import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import type { LogLevel } from './config.js';

export type Log = Logger;

const charactersGatheredMax = 16_384;
const heldMsMax = 50;

/** JSON lines on stdout, readable text on a terminal. What must not be logged is never handed to it. */
export function createLog(level: LogLevel): Log {
  const options = {
    level,
    base: null,
    // The machine's own clock, as the other logs of the machine.
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (level === 'silent') return pino(options);
  if (process.stdout.isTTY) return pino(options, pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss.l' }));
  return pino(options, gathered(process.stdout));
}

/** Lines leave together: a system call each would cost more than making them. */
function gathered(out: NodeJS.WriteStream): { write: (line: string) => void } {
  let held = '';
  const flush = () => {
    if (held !== '') out.write(held);
    held = '';
  };
  // Who no longer reads the log stops nothing.
  out.on('error', () => undefined);
  setInterval(flush, heldMsMax).unref();
  process.once('exit', flush);
  return {
    write(line) {
      held += line;
      if (held.length >= charactersGatheredMax) flush();
    },
  };
}

const messageCharactersMax = 2_000;
const stackCharactersMax = 300;

/** What others wrote, for a line of the log: no longer than this, and nothing that a terminal would act on. */
export function shown(text: string, charactersMax: number): string {
  const short = text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
  if (/^[ -~]*$/.test(short)) return short;
  return short.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\x${(sign.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`,
  );
}

/** An error and what caused it, as far as the log may know. */
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

/** Also of what a library made of an error. */
function messageOf(thrown: unknown): string {
  const { message = thrown } = (thrown ?? {}) as { message?: unknown };
  return typeof message === 'string' ? shown(message, messageCharactersMax) : 'thrown value';
}
