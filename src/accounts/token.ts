import { hash, randomBytes } from 'node:crypto';

/** 256 random bits, for a cookie or a link; only its hash is kept. */
export const newToken = () => randomBytes(32).toString('base64url');

export const tokenHash = (token: string): Buffer => hash('sha256', token, 'buffer');

export const isToken = (text: string) => /^[A-Za-z0-9_-]{43}$/.test(text);
