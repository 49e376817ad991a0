import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Router, type Request, type Response } from 'express';
import { notFound } from '../platform/errors.js';
import { encodingFor } from './compression.js';

/** Where `npm run console` puts the pages: `dist/console`. */
const builtFolder = fileURLToPath(new URL('../../console/', import.meta.url));
const extensions = { br: '.br', gzip: '.gz' } as const;
/** The build names these files by what is in them: another content has another name. */
const hashed = /^\/assets\//;
const lasting = 'public, max-age=31536000, immutable';

const notBuilt = `<!doctype html><html lang="en"><meta charset="utf-8"><title>The console is not built</title>
<h1>The console is not built</h1>
<p>This server was started without its pages. Run <code>npm run console</code> beside it, then load this page again.</p>
`;

/** `/console`: the pages for people. They call `/graphql` with the session of whoever signed in, and nothing else. */
export function consoleRouter(publicUrl: () => string, folder = builtFolder): Router {
  const router = Router();
  router.use((request, response, next) => {
    const elsewhere = addressForSession(request, publicUrl());
    if (elsewhere !== null) return response.setHeader('Cache-Control', 'no-store').redirect(elsewhere);
    response.setHeader('Content-Security-Policy', contentSecurityPolicy(publicUrl()));
    response.setHeader('Referrer-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    next();
  });
  router.use(async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next();
    if (extname(request.path) === '') return await sendPage(response, publicUrl(), folder);
    sendFile(request, response, folder);
  });
  return router;
}

/** Only scripts and styles of this server run, and only this server is called. */
function contentSecurityPolicy(publicUrl: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    // Browsers differ on whether 'self' covers the WebSocket of the same host.
    `connect-src 'self' ${new URL(publicUrl).origin.replace(/^http/, 'ws')}`,
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/**
 * The same page under `PUBLIC_URL`, for a browser that came by another name of this machine: the session's cookie and the
 * WebSocket's origin belong to one name. Null where the name is the right one, or where a proxy may have given it.
 */
function addressForSession({ headers: { host = '' }, originalUrl }: Request, publicUrl: string): string | null {
  const url = new URL(publicUrl);
  const isOther = host.toLowerCase() !== url.host && loopback.test(host) && loopback.test(url.host);
  return isOther ? url.origin + originalUrl : null;
}

async function sendPage(response: Response, publicUrl: string, folder: string): Promise<void> {
  response.type('html').setHeader('Cache-Control', 'no-store');
  const page = await readFile(join(folder, 'index.html'), 'utf8').catch(() => null);
  if (page === null) return void response.status(503).send(notBuilt);
  const named = `name="public-url" content="${publicUrl.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;
  response.send(page.replace('name="public-url" content=""', () => named));
}

function sendFile(request: Request, response: Response, folder: string): void {
  const path = pathIn(request);
  const file = join(folder, path);
  if (path.endsWith('.html') || !existsSync(file)) throw notFound('route');
  const encoding = encodingFor(request.headers['accept-encoding']);
  const extension = encoding === null ? '' : extensions[encoding];
  const isCompressed = extension !== '' && existsSync(file + extension);
  response.type(extname(file)).vary('Accept-Encoding');
  response.setHeader('Cache-Control', hashed.test(path) ? lasting : 'no-cache');
  if (isCompressed && encoding !== null) response.setHeader('Content-Encoding', encoding);
  response.sendFile(isCompressed ? file + extension : file, { cacheControl: false, acceptRanges: false });
}

/** The path below the folder; it never leads out of it. */
function pathIn({ path }: Request): string {
  try {
    return normalize(decodeURIComponent(path));
  } catch {
    throw notFound('route');
  }
}
