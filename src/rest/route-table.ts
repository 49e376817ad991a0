import { methodNotAllowed, notFound } from '../platform/errors.js';
import { templateOf, type Route } from './route.js';

export interface Match {
  route: Route;
  /** The path that it was found by, such as `/api/v1/intake-bots/{id}`. */
  template: string;
  params: Readonly<Record<string, string>>;
}

interface Entry {
  segments: readonly string[];
  template: string;
  routes: readonly Route[];
}

/** Finds the route of a request, by looking through the list of paths, which is short. */
export class RouteTable {
  private readonly entries: readonly Entry[];

  constructor(routes: readonly Route[]) {
    this.entries = [...Map.groupBy(routes, ({ path }) => path)].map(([path, sharing]) => ({
      segments: segmentsOf(path),
      template: `/api/v1${templateOf(path)}`,
      routes: sharing,
    }));
  }

  /** @throws resource_not_found for an unknown path, method_not_allowed for a known one */
  match(method: string, path: string): Match {
    const { routes, params, template } = this.entry(path);
    const route = routes.find((candidate) => candidate.method === (method === 'HEAD' ? 'GET' : method));
    if (route === undefined) throw methodNotAllowed(methodsOf(routes));
    return { route, template, params };
  }

  /** The methods that a path takes. @throws resource_not_found */
  allowed(path: string): string[] {
    return methodsOf(this.entry(path).routes);
  }

  private entry(path: string): Omit<Entry, 'segments'> & Pick<Match, 'params'> {
    const given = segmentsOf(path.endsWith('/') ? path.slice(0, -1) : path);
    for (const { segments, template, routes } of this.entries) {
      const params = matching(segments, given);
      if (params !== null) return { template, routes, params };
    }
    throw notFound('route');
  }
}

const segmentsOf = (path: string) => path.split('/').slice(1);

const methodsOf = (routes: readonly Route[]) => [
  ...routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])),
  'OPTIONS',
];

function matching(segments: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (given.length !== segments.length) return null;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const value = given[index] ?? '';
    if (segment.startsWith(':') && value !== '') params[segment.slice(1)] = decoded(value);
    else if (segment !== value) return null;
  }
  return params;
}

/** Decodes a part of a path; a part that cannot be decoded stays as it is, and so is nobody's id. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
