import { argon2, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { serviceUnavailable } from '../platform/errors.js';
import { FairQueue } from '../platform/work/fair-queue.js';
import { workAccount } from '../platform/work/work-account.js';

/** argon2id with what OWASP's password storage cheat sheet asks for: 19 MiB, 2 passes, 1 lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 } as const;
const derive = promisify(argon2);

export const passwordCharactersMin = 8;
export const passwordCharactersMax = 200;

/**
 * Passwords hashed at once. A hash fills a core for a twentieth of a second: a flood of sign-ins must leave one of two
 * cores to everybody else's requests, and threads of the pool to files and DNS.
 */
const atOnceMax = availableParallelism() < 4 ? 1 : 2;
const waitingMax = 200;
let atOnce = 0;
/** Of each workspace, and of strangers each network, in turn: nobody waits for all that others have waiting. */
const waiting = new FairQueue<() => void>();

/** `argon2id$m=19456,t=2,p=1$<salt>$<hash>`, both in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const hash = await inTurn(async () => derive('argon2id', { message: password.normalize('NFKC'), nonce, ...cost }));
  const { memory, passes, parallelism } = cost;
  return `argon2id$m=${memory},t=${passes},p=${parallelism}$${nonce.toString('base64url')}$${hash.toString('base64url')}`;
}

export async function verifyPassword(password: string, kept: string): Promise<boolean> {
  const parts = /^argon2id\$m=(\d+),t=(\d+),p=(\d+)\$([\w-]+)\$([\w-]+)$/.exec(kept);
  if (parts === null) return false;
  const [memory, passes, parallelism] = parts.slice(1, 4).map(Number) as [number, number, number];
  const [nonce, expected] = parts.slice(4).map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer];
  // No password is longer; normalising a text takes the square of the number of its combining marks.
  const message = password.length > passwordCharactersMax ? '' : password.normalize('NFKC');
  const parameters = { message, nonce, memory, passes, parallelism, tagLength: expected.length };
  return timingSafeEqual(await inTurn(async () => derive('argon2id', parameters)), expected);
}

async function inTurn(work: () => Promise<Buffer>): Promise<Buffer> {
  if (waiting.size >= waitingMax) throw serviceUnavailable({ cause: 'too many passwords to check' });
  await new Promise<void>((begin) => {
    waiting.push(workAccount()?.sharer ?? '', begin);
    if (atOnce === atOnceMax) return;
    atOnce += 1;
    waiting.shift()?.();
  });
  try {
    return await work();
  } finally {
    // The next hash that waits begins, or the thread is free.
    const next = waiting.shift();
    if (next === undefined) atOnce -= 1;
    else next();
  }
}

// Without the letters and digits that people mistake for one another: i, l, o, 1, 0, I, O.
const letters = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789';

/** 20 characters, 115 bits: for passwords that people are handed. */
export function generatePassword(): string {
  return Array.from({ length: 20 }, () => letters[randomInt(letters.length)]).join('');
}
