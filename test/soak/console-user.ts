/** Somebody at the console: the operations are those of its own pages, read out of their sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from './ledger.js';
import type { Requests } from './requests.js';
import type { Workspace } from './site.js';

const pages = resolve(import.meta.dirname, '../../../console/src');

interface Operation {
  name: string;
  text: string;
}

/** Every query of the console, whole with the fragments that it spreads. */
export function consoleQueries(): Operation[] {
  const texts = readdirSync(pages, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('gql'))
    .flatMap((name) => [...readFileSync(join(pages, name), 'utf8').matchAll(/graphql\(\s*`([^`]*)`/g)])
    .map(([, text = '']) => text);
  const fragments = new Map(texts.map((text) => [/^\s*fragment (\w+) on /.exec(text)?.[1] ?? '', text]));
  const spread = (text: string, found = new Set<string>()): Set<string> => {
    for (const [, name = ''] of text.matchAll(/\.\.\.\s*(?!on\b)(\w+)/g))
      if (!found.has(name)) spread(fragments.get(name) ?? '', found.add(name));
    return found;
  };
  return texts.flatMap((text) => {
    const [, name] = /^\s*query (\w+)/.exec(text) ?? [];
    if (name === undefined) return [];
    return [{ name, text: text + [...spread(text)].map((fragment) => fragments.get(fragment)).join('') }];
  });
}

/** Ids that pages are opened with, as the lists before have shown them. */
class Seen {
  private readonly ids = new Map<string, string>();

  constructor({ bots, endpoints }: Workspace) {
    this.ids.set('OneBot', bots.form);
    for (const name of ['BotToChange', 'SubmissionsOfBot', 'MarketedBot', 'BotToMap', 'DestinationsOfBot'])
      this.ids.set(name, bots.leads);
    for (const name of ['EndpointById']) this.ids.set(name, endpoints[0]?.id ?? '');
    this.ids.set('endpoint', endpoints[0]?.id ?? '');
  }

  /** The first node of a list, which is what one clicks on. */
  // oxlint-disable-next-line typescript/no-explicit-any -- the answer of a stranger.
  look(list: string, data: any): void {
    const opens: Record<string, string[]> = {
      ApiKeys: ['KeyById'],
      AuditLog: ['OneEntry', 'Named'],
      Contacts: ['OneContact', 'WhatGoes', 'SubmissionsOfContact'],
      Deliveries: ['DeliveryById'],
      Members: ['MemberById'],
      Records: ['OneRecord'],
      ConversionsOfBot: ['OneConversion'],
      SubmissionsOfBot: ['OneSubmission', 'SubmissionToChange', 'MessagesOfSubmission', 'EventsOfSubmission'],
    };
    const first = /"nodes":\[\{.*?"id":"([^"]+)"/.exec(JSON.stringify(data))?.[1];
    if (first !== undefined) for (const name of opens[list] ?? []) this.ids.set(name, first);
    const event = /"id":"(evt_\w+)"/.exec(JSON.stringify(data))?.[1];
    if (event !== undefined) this.ids.set('DeliveryOfEvent', event);
  }

  /** What a page asks with; null while there is nothing to open. */
  variablesOf({ name, text }: Operation): Record<string, unknown> | null {
    const [, declared = ''] = /query \w+\s*\(([^{]*)\)\s*\{/.exec(text) ?? [];
    const id = this.ids.get(name);
    const given: Record<string, unknown> = {
      id,
      ids: id === undefined ? undefined : [id],
      first: 20,
      since: new Date(Date.now() - 86_400_000).toISOString(),
      endpointId: this.ids.get('endpoint'),
      failures: ['TIMEOUT', 'DNS', 'HTTP_ERROR'],
      filter: name === 'FindDuplicates' ? { email: 'nobody@example.com' } : undefined,
      type: 'submission.completed',
    };
    const variables: Record<string, unknown> = {};
    for (const [, variable = '', isRequired] of declared.matchAll(/\$(\w+):\s*[\w[\]!]*?(!?)\s*(?:[,)$\n]|$)/g)) {
      if (given[variable] !== undefined) variables[variable] = given[variable];
      else if (isRequired === '!') return null;
    }
    return variables;
  }
}

export class ConsoleUser {
  /** How often each operation was answered. */
  readonly walked = new Map<string, number>();
  private stopped = false;
  private readonly seen: Seen;

  constructor(
    private readonly requests: Requests,
    private readonly ledger: Ledger,
    private readonly workspace: Workspace,
  ) {
    this.seen = new Seen(workspace);
  }

  stop(): void {
    this.stopped = true;
  }

  /** From page to page, with a moment to read each. */
  async walk(): Promise<void> {
    const queries = consoleQueries();
    while (!this.stopped) {
      for (const operation of queries) {
        if (this.stopped) return;
        await delay(300);
        const variables = this.seen.variablesOf(operation);
        if (variables === null) continue;
        const answered = await this.requests.ask({
          door: 'console',
          method: 'POST',
          path: '/graphql',
          body: { query: operation.text, variables, operationName: operation.name },
          headers: { Cookie: this.workspace.cookie },
          repeats: true,
        });
        if (answered === null || answered.code === 'rate_limit_exceeded') continue;
        if (answered.code !== null) {
          const example = `${operation.name} ${JSON.stringify(variables)}: ${answered.status} ${JSON.stringify(answered.body.errors?.[0])}`;
          this.ledger.breaks('the pages of the console are answered', example);
          continue;
        }
        this.walked.set(operation.name, (this.walked.get(operation.name) ?? 0) + 1);
        this.seen.look(operation.name, answered.body.data);
      }
    }
  }

  /** Operations that no page could be opened for. */
  notWalked(): string[] {
    return consoleQueries()
      .map(({ name }) => name)
      .filter((name) => !this.walked.has(name));
  }
}
