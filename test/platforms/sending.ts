import type { PlatformDouble } from './double.js';

// oxlint-disable-next-line typescript/no-explicit-any -- a test reads whatever shape it expects.
type Loose = any;

/** One request to a double, as a sender of its own would make it. */
export async function send(
  double: PlatformDouble,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
  method = 'POST',
): Promise<{ status: number; body: Loose; text: string; headers: Headers }> {
  const answer = await fetch(`${double.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(method !== 'GET' && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Nothing, or HTML.
  }
  return { status: answer.status, body: parsed, text, headers: answer.headers };
}

/** A copy with one place changed, named by its path; undefined takes it away. */
export function changed<T>(value: T, path: string, to: unknown): T {
  const copy = structuredClone(value) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let inner = copy;
  for (const key of keys) inner = inner[key] as Record<string, unknown>;
  if (to === undefined) delete inner[last];
  else inner[last] = to;
  return copy as T;
}
