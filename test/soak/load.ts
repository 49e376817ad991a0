/** What the clients do, each request in its turn of the rate: every write is in the ledger before it is sent. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sha256 } from '../platforms/golden.js';
import type { Ledger, Outcome, Write } from './ledger.js';
import type { Answered, Requests } from './requests.js';
import { attribution, lead, type Workspace } from './site.js';

const run = randomBytes(3).toString('hex');
let tokens = 0;
/** Names one write, and nothing else that this or any other run sends. */
export const newToken = () => `t${run}x${(tokens += 1).toString(36)}`;

export class Load {
  /** Submissions that were accepted of bots with conversions, by their ids. */
  readonly leads: string[] = [];
  private nextAt = 0;
  private stopped = false;
  private turns = 0;
  /** Bots of which nobody knows how they stand, since a change was never answered. */
  private readonly doubtful = new Set<string>();

  constructor(
    private readonly requests: Requests,
    private readonly ledger: Ledger,
    private readonly workspaces: readonly Workspace[],
    /** Requests a second. */
    private readonly rate: number,
    /** Told of what platforms know the next lead by, before it is sent. */
    private readonly expectDigest: (externalId: string) => void,
  ) {}

  /** Goes on until `stop`; what is begun by then ends. */
  async run(): Promise<void> {
    const users = Math.min(96, Math.max(8, Math.ceil(this.rate * 1.2)));
    await Promise.all(Array.from({ length: users }, async (_, index) => this.user(index)));
  }

  stop(): void {
    this.stopped = true;
  }

  /** Jane is a contact of the first workspace from now on, and no lead makes her one; there alone are leads. */
  async begin(): Promise<void> {
    for (const workspace of this.workspaces) {
      if (workspace === this.workspaces[0]) await this.lead(workspace, ['contact.created jane.doe+lead']);
      await this.switchBot(workspace, workspace.bots.switched[0] ?? '');
      const query = '{ events(first: 1) { nodes { id } } }';
      const answered = await this.graphql(workspace.keys[0] ?? '', query);
      workspace.firstEventId = answered?.body.data.events.nodes[0].id;
    }
  }

  private async user(index: number): Promise<void> {
    const workspace = this.workspaces[index % this.workspaces.length] as Workspace;
    // A bot has one hand that switches it, as what its next state is depends on the last.
    const bot = workspace.bots.switched[Math.floor(index / this.workspaces.length)];
    const doings: [weight: number, does: () => Promise<void>][] = [
      [6, async () => this.read(workspace)],
      [4, async () => this.submit(workspace)],
      [1, async () => this.draft(workspace)],
      [1, async () => this.contact(workspace)],
      [workspace === this.workspaces[0] ? 2 : 0, async () => this.lead(workspace)],
      [1.5, async () => this.refuse(workspace)],
      [bot === undefined ? 0 : 2, async () => this.switchBot(workspace, bot ?? '')],
    ];
    const sum = doings.reduce((sum, [weight]) => sum + weight, 0);
    while (!this.stopped) {
      let left = Math.random() * sum;
      await doings.find(([weight]) => (left -= weight) < 0)?.[1]();
    }
  }

  /** Waits for the next slot of the rate; slots that nobody could take are not made up for. */
  private async slot(): Promise<void> {
    const now = Date.now();
    const at = Math.max(this.nextAt, now);
    this.nextAt = at + 1_000 / this.rate;
    await delay(at - now);
  }

  private keyOf({ keys }: Workspace): string {
    return keys[Math.floor(Math.random() * keys.length)] ?? '';
  }

  private async rest(key: string, method: string, path: string, body?: unknown, idempotencyKey?: string) {
    await this.slot();
    return await this.requests.ask({
      door: 'rest',
      method,
      path: `/api/v1${path}`,
      body,
      headers: {
        Authorization: `Bearer ${key}`,
        ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
      },
      // A change to a state, once more, changes nothing; what makes something has a key.
      repeats: method !== 'POST' || idempotencyKey !== undefined,
    });
  }

  /** By an API key, or by a session's cookie. */
  private async graphql(caller: string, query: string, variables: object = {}): Promise<Answered | null> {
    await this.slot();
    const isCookie = caller.includes('=');
    return await this.requests.ask({
      door: isCookie ? 'console' : 'graphql',
      method: 'POST',
      path: '/graphql',
      body: { query, variables },
      headers: {
        ...(isCookie ? { Cookie: caller } : { Authorization: `Bearer ${caller}` }),
        'Idempotency-Key': randomUUID(),
      },
      repeats: true,
    });
  }

  /** Enters what a write came to; an answer that is neither yes nor no leaves it unknown. */
  private settle(write: Write, answered: Answered | null): boolean {
    const outcome: Outcome = answered === null ? 'unknown' : answered.code === null ? 'accepted' : 'refused';
    write.outcome = outcome;
    if (outcome === 'refused')
      this.ledger.breaks(
        'what is right is accepted',
        `${write.story}: ${answered?.status} ${JSON.stringify(answered?.body)}`,
      );
    return outcome === 'accepted';
  }

  private async submit(workspace: Workspace): Promise<void> {
    const token = newToken();
    const key = this.keyOf(workspace);
    const path = `/intake-bots/${workspace.bots.form}/submissions`;
    const body = { data: { token, email: `${token}@example.com`, note: 'n'.repeat(Math.random() * 500) } };
    const idempotencyKey = randomUUID();
    const events = [`contact.created ${token}`, `submission.completed ${token}`];
    const write = this.ledger.write('REST create submission', workspace.id, token, events);
    const answered = await this.rest(key, 'POST', path, body, idempotencyKey);
    if (!this.settle(write, answered)) return;
    const id: string = answered?.body.data.submission.id;
    this.remember(workspace.made.submissions, id);
    if (Math.random() < 0.1) {
      const again = await this.rest(key, 'POST', path, body, idempotencyKey);
      const same = again === null || again.code !== null || again.body.data.submission.id === id;
      if (!same) this.ledger.breaks('one Idempotency-Key is one write', `${idempotencyKey}: ${id}, then another`);
    }
    if (Math.random() < 0.3) {
      const read = await this.rest(key, 'GET', `${path}/${id}`);
      const found = read?.body?.data?.submission?.data?.token;
      if (read !== null && read.code !== 'rate_limit_exceeded' && found !== token)
        this.ledger.breaks(
          'what was answered is there to read',
          `${id} at ${read.target}: ${read.status} ${read.code}`,
        );
    }
  }

  private async draft(workspace: Workspace): Promise<void> {
    const life = newToken();
    const key = this.keyOf(workspace);
    const create = this.ledger.write('GraphQL create draft', workspace.id, life, []);
    const made = await this.graphql(
      key,
      'mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }',
      { input: { intakeBotId: workspace.bots.form, status: 'IN_PROGRESS', data: { token: life } } },
    );
    if (!this.settle(create, made)) return;
    const id: string = made?.body.data.createSubmission.submission.id;
    const update = async (story: string, more: object, data: object, events: (token: string) => string[]) => {
      const token = newToken();
      const write = this.ledger.write(story, workspace.id, life, events(token));
      const query =
        'mutation ($input: UpdateSubmissionInput!) { updateSubmission(input: $input) { submission { id } } }';
      const email = Object.keys(data).length > 0 ? { email: `${token}@example.com` } : {};
      return this.settle(
        write,
        await this.graphql(key, query, { input: { id, ...more, data: { ...data, token, ...email } } }),
      );
    };
    for (let n = 0; n < 2; n += 1)
      if (!(await update('GraphQL update draft', {}, {}, (token) => [`submission.updated ${token}`]))) return;
    await update('GraphQL complete draft', { status: 'COMPLETED' }, { note: 'done' }, (token) => [
      `contact.created ${token}`,
      `submission.completed ${token}`,
    ]);
  }

  /** People keep contacts, by their session. */
  private async contact(workspace: Workspace): Promise<void> {
    const life = newToken();
    const { cookie } = workspace;
    const create = this.ledger.write('console create contact', workspace.id, life, [`contact.created ${life}`]);
    const made = await this.graphql(
      cookie,
      'mutation ($input: CreateContactInput!) { createContact(input: $input) { contact { id } } }',
      { input: { email: `${life}@example.com` } },
    );
    if (!this.settle(create, made)) return;
    const id: string = made?.body.data.createContact.contact.id;
    this.remember(workspace.made.contacts, id);
    for (let n = 0; n < 2; n += 1) {
      const token = newToken();
      const query = 'mutation ($input: UpdateContactInput!) { updateContact(input: $input) { contact { lastName } } }';
      const input = { id, lastName: token };
      const write = this.ledger.write('console update contact', workspace.id, life, [`contact.updated ${token}`]);
      if (!this.settle(write, await this.graphql(cookie, query, { input }))) return;
      // What changes nothing is told to nobody: a second event would have the same token.
      if (n === 0) await this.graphql(cookie, query, { input });
    }
  }

  private async lead(workspace: Workspace, more: string[] = []): Promise<void> {
    const token = newToken();
    const events = [...more, `submission.completed ${token}`];
    const write = this.ledger.write('REST create lead', workspace.id, token, events);
    const body = { data: lead(token), attribution: attribution(token) };
    this.expectDigest(sha256(token));
    const path = `/intake-bots/${workspace.bots.leads}/submissions`;
    const answered = await this.rest(this.keyOf(workspace), 'POST', path, body, randomUUID());
    if (this.settle(write, answered)) this.leads.push(answered?.body.data.submission.id);
  }

  private async switchBot(workspace: Workspace, id: string): Promise<void> {
    if (this.doubtful.has(id)) return;
    for (const status of ['PAUSED', 'ACTIVE']) {
      const token = newToken();
      const events = [`intake-bot.status-changed ${token}`];
      const write = this.ledger.write(`REST ${status} bot`, workspace.id, id, events);
      const answered = await this.rest(this.keyOf(workspace), 'PATCH', `/intake-bots/${id}`, { name: token, status });
      if (!this.settle(write, answered)) return void this.doubtful.add(id);
    }
  }

  private async read(workspace: Workspace): Promise<void> {
    const key = this.keyOf(workspace);
    const pick = (ids: string[]) => ids[Math.floor(Math.random() * ids.length)];
    const submission = pick(workspace.made.submissions);
    const contact = pick(workspace.made.contacts);
    const { form } = workspace.bots;
    const ways: (() => Promise<Answered | null>)[] = [
      async () => this.rest(key, 'GET', '/intake-bots'),
      async () => this.rest(key, 'GET', `/intake-bots/${form}/submissions?limit=50`),
      async () => this.rest(key, 'GET', '/contacts'),
      async () => this.rest(key, 'GET', '/records'),
      async () => this.rest(key, 'GET', '/events'),
      async () => this.rest(key, 'GET', '/webhooks'),
      async () =>
        this.graphql(
          key,
          '{ intakeBots { nodes { id name submissions(first: 5) { nodes { id data contact { id email } } } } } }',
        ),
      async () => this.graphql(key, '{ contacts(first: 20) { totalCount nodes { id email submissionCount } } }'),
      async () =>
        this.graphql(
          key,
          '{ webhookDeliveries(first: 20) { nodes { id status event { id type } attempts { at outcome } } } }',
        ),
      async () =>
        submission === undefined ? null : this.rest(key, 'GET', `/intake-bots/${form}/submissions/${submission}`),
      async () => (contact === undefined ? null : this.rest(key, 'GET', `/contacts/${contact}`)),
    ];
    const way = ways[Math.floor(Math.random() * ways.length)] as (typeof ways)[number];
    const answered = await way();
    if (answered !== null && answered.code !== null && answered.code !== 'rate_limit_exceeded')
      this.ledger.breaks('what is right is accepted', `a read: ${answered.status} ${JSON.stringify(answered.body)}`);
  }

  /** What must be refused, by the right code, and leaves nothing. */
  private async refuse(workspace: Workspace): Promise<void> {
    const token = newToken();
    const { weakKey, bots } = workspace;
    const key = this.keyOf(workspace);
    const path = `/intake-bots/${bots.form}/submissions`;
    const data = { token, email: `${token}@example.com` };
    const other = this.workspaces.find(({ id }) => id !== workspace.id);
    const ways: [code: string, ask: () => Promise<Answered | null>][] = [
      [
        'validation_failed',
        async () => this.rest(key, 'POST', path, { data: { token, email: 'nobody' } }, randomUUID()),
      ],
      [
        'validation_failed',
        async () => this.rest(key, 'POST', path, { data: { ...data, colour: 'blue' } }, randomUUID()),
      ],
      ['insufficient_scopes', async () => this.rest(weakKey, 'POST', path, { data }, randomUUID())],
      ['authentication_required', async () => this.rest(`${key}x`, 'POST', path, { data }, randomUUID())],
      [
        'resource_not_found',
        async () =>
          this.rest(key, 'POST', `/intake-bots/${other?.bots.form ?? 'nothing'}/submissions`, { data }, randomUUID()),
      ],
      [
        'GRAPHQL_VALIDATION_FAILED',
        async () => this.graphql(key, 'mutation { createSubmission(input: {nothing: true}) { submission { id } } }'),
      ],
    ];
    const [code, ask] = ways[(this.turns += 1) % ways.length] as (typeof ways)[number];
    const events = [`contact.created ${token}`, `submission.completed ${token}`];
    const write = this.ledger.write(`what is refused with ${code}`, workspace.id, token, events);
    const answered = await ask();
    if (answered === null) return;
    write.outcome = answered.code === null ? 'accepted' : 'refused';
    if (answered.code !== code)
      this.ledger.breaks('what is wrong is refused by its code', `${code}: ${answered.status} ${answered.code}`);
  }

  private remember(list: string[], id: string): void {
    list.push(id);
    if (list.length > 200) list.shift();
  }
}
