import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { RequestHandler } from 'express';
import { factsOf } from './request.js';
import { answersOptions, Encodings, send } from './send.js';

const source = readFileSync(new URL('../../../docs/attribution.js', import.meta.url), 'utf8');

/** Without comments, indentation and what line breaks it can do without: pages of strangers load it. */
const text = source
  .replace(/^ *(\/\/.*)?\n/gm, '')
  .replace(/^ +/gm, '')
  .replace(/([{;,(])\n/g, '$1');

/** By which a page can make sure that it runs this script and no other. */
export const attributionScriptIntegrity = `sha384-${hash('sha384', text, 'base64')}`;

const type = 'text/javascript; charset=utf-8';

/** `/attribution.js`: for pages of any origin, which `CORS_ORIGINS` is not about, and for their caches. */
export function attributionScript(): RequestHandler {
  const encodings = new Encodings(text);
  return async (request, response) => {
    const facts = factsOf(request);
    facts.setHeader('Access-Control-Allow-Origin', '*');
    facts.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
    if (request.method === 'OPTIONS') facts.setHeader('Access-Control-Allow-Methods', 'GET, HEAD, OPTIONS');
    if (answersOptions(request, response)) return;
    await send(request, response, { status: 200, type, text, encodings, caching: 'public, max-age=3600' });
  };
}
