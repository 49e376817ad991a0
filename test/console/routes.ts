/** Every address of `console/src/routes.tsx`, as the console itself has them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

interface Route {
  path?: string;
  children?: readonly Route[];
}
type Import = (file: string, options: object) => Promise<{ module: { routes: readonly Route[] } }>;

const folder = join(import.meta.dirname, '../../console');

/** What the router reads needs no styles, and no browser. */
const withoutStyles = {
  name: 'without-styles',
  enforce: 'pre',
  resolveId: (id: string) => (id.endsWith('.css') ? '\0style' : null),
  load: (id: string) => (id === '\0style' ? '' : null),
};

export async function consoleRoutes(): Promise<string[]> {
  const vite = createRequire(join(folder, 'package.json')).resolve('vite');
  const { runnerImport } = (await import(pathToFileURL(vite).href)) as { runnerImport: Import };
  const options = { root: folder, configFile: false, logLevel: 'error', plugins: [withoutStyles] };
  const { module } = await runnerImport(join(folder, 'src/routes.tsx'), options);
  return addresses(module.routes, '');
}

function addresses(routes: readonly Route[], parent: string): string[] {
  return routes.flatMap(({ path, children = [] }) => {
    if (path === undefined) return addresses(children, parent);
    const address = path.startsWith('/') ? path : `${parent}/${path}`;
    return [address, ...addresses(children, address)];
  });
}
