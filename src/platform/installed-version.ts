import { readFileSync } from 'node:fs';

/** The version in package.json, two folders above what is built. */
export function installedVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
