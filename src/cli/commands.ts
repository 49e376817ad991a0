import crypto from 'node:crypto';
import { scopes } from '../platform/actor.js';
import type * as clientCommands from './client-commands.js';
import type * as operatorCommands from './operator-commands.js';
import type { Options } from './options.js';
import type { Progress } from './progress.js';

export interface Command {
  path: readonly string[];
  about: string;
  /** What follows the words without a name, in order; a command gets `FILE` as the option `file`. */
  args?: readonly string[];
  /** Whether it may take so long that people want to know that it is at work. */
  isLong?: boolean;
  options: Readonly<Record<string, { value: string; required?: boolean }>>;
  run(options: Options, json: boolean, progress: Progress): Promise<number>;
}

/** What the command line can do: to add a command is to add its entry. */
export const commands: readonly Command[] = [
  {
    path: ['serve'],
    about: 'Starts the server: the API, the webhook worker, or both.',
    options: { role: { value: 'all|api|worker' } },
    run: async ({ role = 'all' }) => {
      requireNode();
      return await (await import('./serve.js')).serve(role);
    },
  },
  {
    path: ['migrate'],
    about: 'Brings the database up to date.',
    isLong: true,
    options: {},
    run: operator('migrate'),
  },
  {
    path: ['workspace', 'create'],
    about: 'Makes a workspace, its owner and a key with all scopes; password and key are shown once.',
    options: {
      name: { value: 'NAME', required: true },
      plan: { value: 'free|pro|business', required: true },
      'owner-email': { value: 'EMAIL', required: true },
    },
    run: operator('createWorkspace'),
  },
  {
    path: ['workspace', 'set-plan'],
    about: 'Changes the plan; it takes effect at once.',
    options: { workspace: { value: 'ID', required: true }, plan: { value: 'free|pro|business', required: true } },
    run: operator('setPlan'),
  },
  {
    path: ['workspace', 'archive'],
    about: 'Closes a workspace to every call.',
    options: { workspace: { value: 'ID', required: true } },
    run: operator('archiveWorkspace'),
  },
  {
    path: ['key', 'create'],
    about: 'Makes an API key, shown once.',
    options: {
      workspace: { value: 'ID', required: true },
      name: { value: 'NAME', required: true },
      scopes: { value: scopes.join(','), required: true },
      'expires-at': { value: 'ISO-TIME' },
    },
    run: operator('createKey'),
  },
  {
    path: ['key', 'revoke'],
    about: 'Ends an API key, in every process.',
    options: { id: { value: 'ID', required: true } },
    run: operator('revokeKey'),
  },
  {
    path: ['user', 'reset-password'],
    about: 'Gives a person a new password, shown once.',
    options: { email: { value: 'EMAIL', required: true } },
    run: operator('resetPassword'),
  },
  {
    path: ['audit', 'verify'],
    about: "Checks every link of a workspace's audit log, and that it holds an end that was kept of it.",
    isLong: true,
    options: { workspace: { value: 'ID', required: true }, length: { value: 'N' }, head: { value: 'MAC' } },
    run: operator('verifyAudit'),
  },
  {
    path: ['audit', 'digest'],
    about: 'Makes the daily digests of all audit logs again, and shows one to be compared with the log of its day.',
    isLong: true,
    options: { day: { value: 'YYYY-MM-DD' } },
    run: operator('digestAudit'),
  },
  {
    path: ['erasures', 'list'],
    about: 'Lists who was erased, without saying whom, as far as it is kept: 90 days.',
    isLong: true,
    options: {},
    run: operator('listErasures'),
  },
  {
    path: ['erasures', 'export'],
    about: 'Adds to a file the erasures that it lacks, to be kept outside of the database; whom they name is sealed.',
    args: ['FILE'],
    isLong: true,
    options: {},
    run: operator('exportErasures'),
  },
  {
    path: ['erasures', 'replay'],
    about: 'After a restore, erases once more whom the erasures in such a file, or in a log, erased.',
    args: ['FILE'],
    isLong: true,
    options: {},
    run: operator('replayErasures'),
  },
  {
    path: ['bot', 'create'],
    about: 'Makes an intake bot from a file that holds a REST schema[] array.',
    options: {
      workspace: { value: 'ID', required: true },
      name: { value: 'NAME', required: true },
      schema: { value: 'FILE.json', required: true },
      status: { value: 'DRAFT|ACTIVE|PAUSED' },
      'record-type': { value: 'TYPE' },
    },
    run: operator('createBot'),
  },
  {
    path: ['documents', 'trust'],
    about: "Trusts the documents of a manifest: GraphQL Code Generator's, Relay's, Apollo's, or a list of texts.",
    args: ['FILE'],
    isLong: true,
    options: { workspace: { value: 'ID', required: true } },
    run: operator('trustDocuments'),
  },
  {
    path: ['listen'],
    about: 'Forwards each event from now on, signed, and prints a line for it; takes IOZEN_API_KEY and IOZEN_URL.',
    options: { 'forward-to': { value: 'URL', required: true }, events: { value: 'TYPE,TYPE' } },
    run: async ({ 'forward-to': receiver = '', events = null }, json) =>
      await (await import('./listen.js')).listen(receiver, events, json),
  },
  {
    path: ['trigger'],
    about:
      'Sends an example of a type to an endpoint, or signed to a receiver here; these and the next take IOZEN_API_KEY.',
    args: ['TYPE'],
    options: { endpoint: { value: 'ID' }, 'forward-to': { value: 'URL' } },
    run: client('trigger'),
  },
  {
    path: ['events', 'list'],
    about: 'Lists what happened, the last first.',
    options: {
      type: { value: 'TYPE,TYPE' },
      subject: { value: 'ID' },
      limit: { value: '1-100' },
      after: { value: 'CURSOR' },
    },
    run: client('listEvents'),
  },
  {
    path: ['events', 'resend'],
    about: 'Sends an event once more, with the same id and bytes, to each endpoint that it went to or to one.',
    args: ['ID'],
    options: { endpoint: { value: 'ID' } },
    run: client('resendEvent'),
  },
  {
    path: ['deliveries', 'list'],
    about: 'Lists deliveries, the newest first, with what their receivers said last.',
    options: {
      status: { value: 'STATUS,STATUS' },
      endpoint: { value: 'ID' },
      search: { value: 'TEXT' },
      limit: { value: '1-100' },
      after: { value: 'CURSOR' },
    },
    run: client('listDeliveries'),
  },
  {
    path: ['completion'],
    about: 'Prints what teaches bash, zsh or fish these words: source <(iozen completion bash).',
    args: ['SHELL'],
    options: {},
    run: async ({ shell = '' }, json) => {
      const script = (await import('./completion.js')).completion(shell, commands);
      process.stdout.write(json ? `${JSON.stringify({ shell, script })}\n` : script);
      return 0;
    },
  },
];

/** The server is loaded for these alone: it takes a second, which `help`, `listen` and a mistyped word need not wait for. */
function operator(name: keyof typeof operatorCommands): Command['run'] {
  return async (options, json, progress) => {
    requireNode();
    return await (await import('./operator-commands.js'))[name](options, json, progress);
  };
}

/** The server needs `crypto.argon2`, of Node.js 24.7: who calls an older one by hand would be told of a missing export. */
function requireNode(): void {
  if ('argon2' in crypto) return;
  throw new Error(
    `The server needs the Node.js 24 that its packages bring, and this is ${process.version}: start it by \`npm start\`, ` +
      '`npm run -s iozen -- …` or `npx iozen …`, or put node_modules/.bin first in PATH.',
  );
}

function client(name: keyof typeof clientCommands): Command['run'] {
  return async (options, json) => await (await import('./client-commands.js'))[name](options, json);
}
