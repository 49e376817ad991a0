import type { NamedOperation, Parameter } from './open-api.js';

/** A request as each of the programs makes it, by the examples of the document. */
interface Sampled {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

/** Programs that make the request: they take `IOZEN_URL` and `IOZEN_API_KEY`, and need no packages. */
export function restSamples(operation: NamedOperation): { language: string; name: string; text: string }[] {
  const sampled = sampledOf(operation);
  return [
    { language: 'sh', name: 'curl', text: curl(sampled) },
    { language: 'js', name: 'Node.js', text: node(sampled) },
    { language: 'python', name: 'Python', text: python(sampled) },
  ];
}

function sampledOf({ method, path, parameters, requestBody }: NamedOperation): Sampled {
  const valueOf = ({ example, schema }: Parameter) => {
    const value = example ?? schema['default'] ?? '';
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  const given = (place: string) =>
    parameters.filter((parameter) => parameter.in === place && valueOf(parameter) !== '');
  const filled = given('path').reduce((so, parameter) => so.replace(`{${parameter.name}}`, valueOf(parameter)), path);
  // The example of a cursor is that of a page before, which a first request does not have.
  const query = given('query').filter(({ name }) => name !== 'cursor');
  const asked = query.map((parameter) => `${parameter.name}=${encodeURIComponent(valueOf(parameter))}`).join('&');
  const content = requestBody?.content['application/json'];
  const body = content?.example ?? Object.values(content?.examples ?? {})[0]?.value;
  // `If-Match` has the value that an answer brought.
  const headers = given('header').filter(({ name }) => name !== 'If-Match');
  return {
    method,
    path: `/api/v1${filled}${asked === '' ? '' : `?${asked}`}`,
    headers: Object.fromEntries([
      ...headers.map((parameter) => [parameter.name, valueOf(parameter)] as const),
      ...(body === undefined ? [] : [['Content-Type', 'application/json'] as const]),
    ]),
    body,
  };
}

function curl({ method, path, headers, body }: Sampled): string {
  const lines = [
    `curl --fail-with-body --silent --show-error${method === 'GET' ? '' : ` --request ${method}`} \\`,
    `  "$IOZEN_URL${path}"`,
    '  --header "Authorization: Bearer $IOZEN_API_KEY"',
    ...Object.entries(headers).map(([name, value]) => `  --header '${name}: ${value}'`),
    ...(body === undefined ? [] : [`  --data '${JSON.stringify(body, null, 2).replaceAll("'", `'\\''`)}'`]),
  ];
  const [first = '', ...others] = lines;
  return `${first}\n${others.join(' \\\n')}\n`;
}

function node({ method, path, headers, body }: Sampled): string {
  const sent = Object.entries(headers).map(([name, value]) => `    '${name}': '${value}',`);
  const lines = [
    `const response = await fetch(\`\${process.env.IOZEN_URL}${path}\`, {`,
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    '  headers: {',
    '    Authorization: `Bearer ${process.env.IOZEN_API_KEY}`,',
    ...sent,
    '  },',
    ...(body === undefined ? [] : [`  body: JSON.stringify(${indented(JSON.stringify(body, null, 2))}),`]),
    '});',
    'const { success, data, error } = await response.json();',
    'if (!success) throw new Error(`${error.code}: ${error.message}`);',
    'console.log(data);',
  ];
  return `${lines.join('\n')}\n`;
}

function python({ method, path, headers, body }: Sampled): string {
  const sent = Object.entries(headers).map(([name, value]) => `        "${name}": "${value}",`);
  const lines = [
    ...(body === undefined ? ['import json, os, urllib.request'] : ['import json, os, urllib.request', '']),
    ...(body === undefined ? [''] : [`body = ${pythonOf(body)}`]),
    'request = urllib.request.Request(',
    `    os.environ["IOZEN_URL"] + "${path}",`,
    ...(method === 'GET' ? [] : [`    method="${method}",`]),
    '    headers={',
    '        "Authorization": "Bearer " + os.environ["IOZEN_API_KEY"],',
    ...sent,
    '    },',
    ...(body === undefined ? [] : ['    data=json.dumps(body).encode(),']),
    ')',
    'with urllib.request.urlopen(request) as response:',
    '    print(json.load(response)["data"])',
  ];
  return `${lines.join('\n')}\n`;
}

const indented = (text: string) => text.replaceAll('\n', '\n  ');

/** JSON as Python spells it. */
function pythonOf(value: unknown, indent = ''): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value !== 'object') return JSON.stringify(value);
  const inner = `${indent}    `;
  const entries = Array.isArray(value)
    ? value.map((entry) => pythonOf(entry, inner))
    : Object.entries(value).map(([key, entry]) => `${JSON.stringify(key)}: ${pythonOf(entry, inner)}`);
  const [begin, end] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) return begin + end;
  return `${begin}\n${entries.map((entry) => `${inner}${entry},\n`).join('')}${indent}${end}`;
}
