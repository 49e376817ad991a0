/** What each scope lets a key do, in the order of forms. A scope that the server adds is shown by its name. */
export interface ScopeInfo {
  scope: string;
  label: string;
  help: string;
}

export const scopeGroups: readonly { title: string; scopes: readonly ScopeInfo[] }[] = [
  {
    title: 'Read',
    scopes: [
      { scope: 'read:intake-bots', label: 'Read bots', help: 'Names, questions and status of every bot.' },
      { scope: 'read:submissions', label: 'Read submissions', help: 'Every answer of every bot in this workspace.' },
      { scope: 'read:contacts', label: 'Read contacts', help: 'Names, e-mail addresses and phone numbers of people.' },
      { scope: 'read:records', label: 'Read records', help: 'Every record, such as leads, and whom it is about.' },
    ],
  },
  {
    title: 'Write',
    scopes: [
      { scope: 'write:intake-bots', label: 'Write bots', help: 'Makes and changes bots, and sends submissions in.' },
    ],
  },
  {
    title: 'Manage',
    scopes: [
      {
        scope: 'manage:webhooks',
        label: 'Manage webhooks',
        help: "Can send this workspace's events to an address of its choice.",
      },
    ],
  },
];

const known = scopeGroups.flatMap(({ scopes }) => scopes);
const allScopes = known.map(({ scope }) => scope);

const readScopes = allScopes.filter((scope) => scope.startsWith('read:'));

export interface Preset {
  label: string;
  scopes: readonly string[];
  /** Of `expiries` in the form; without it what was chosen stays. */
  expiry?: string;
}

/** Short-lived, as it lies in a file of somebody's editor. */
export const agentPreset = { label: 'For an agent', scopes: readScopes, expiry: '30' } as const satisfies Preset;

export const presets: readonly Preset[] = [
  { label: 'Read everything', scopes: readScopes },
  agentPreset,
  { label: 'Send submissions in', scopes: ['read:intake-bots', 'write:intake-bots'] },
  { label: 'Webhooks', scopes: allScopes.filter((scope) => scope.startsWith('read:') || scope === 'manage:webhooks') },
  { label: 'All', scopes: allScopes },
  { label: 'None', scopes: [] },
];

export const labelOf = (scope: string): string => known.find((one) => one.scope === scope)?.label ?? scope;

/** "read submissions, contacts": as few words as say it. */
export function scopesInWords(scopes: readonly string[]): string {
  if (allScopes.every((scope) => scopes.includes(scope))) return `all ${scopes.length}`;
  const byVerb = Map.groupBy(scopes, (scope) => scope.split(':', 1)[0] ?? '');
  return [...byVerb]
    .map(
      ([verb, those]) =>
        `${verb} ${those.map((scope) => scope.slice(verb.length + 1).replace('intake-', '')).join(', ')}`,
    )
    .join('; ');
}
