import { expect } from 'chai';
import { agentOf, type Agent, type Told } from '../support/agent-by-hand.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../support/app.js';
import { createBot, operator } from '../support/factories.js';
import { Receiver } from '../support/receiver.js';
import { hidden, steering } from '../support/steering.js';
import { validate } from '../../src/platform/validate.js';
import { plans } from '../../src/workspaces/plans.js';
import { CreateContact } from '../../src/contacts/contact.input.js';
import { CreateSubmission } from '../../src/submissions/submission.input.js';

const places = ['an answer', 'a message', 'a name', 'where it came from', 'an answer of a receiver'] as const;
type Place = (typeof places)[number];

const form = [
  { name: 'full_name', label: 'Name', type: 'text' },
  { name: 'email', label: 'E-mail', type: 'email', required: true },
  { name: 'notes', label: 'Notes', type: 'textarea' },
];

/** So many characters of a text, with its mark. */
function around(mark: string, text: string, characters: number): string {
  const [before = '', after = ''] = text.split(mark, 2);
  const room = characters - mark.length;
  const head = [...before].slice(-Math.floor(room / 2)).join('');
  return head + mark + [...after].slice(0, Math.floor(room / 2)).join('');
}

/** Whoever fills in a form, or receives an event, types what a model then reads. */
describe('text of strangers, to agents', function () {
  this.timeout(120_000);
  let server: TestServer;
  let receiver: Receiver;
  let tenant: Tenant;
  let agent: Agent;
  const told: { tool: string; result: Told }[] = [];
  const limit = plans.BUSINESS.requestsPerMinute;

  before(async () => {
    server = await startServer({ env: { WEBHOOK_RETRY_DELAYS: '1h,1h' } });
    receiver = await Receiver.start();
    tenant = await createTenant(server.app);
    plans.BUSINESS.requestsPerMinute = 1_000_000;
    agent = agentOf(server.url, tenant.key);
    await strangersType();
    await agentReads();
  });
  after(async () => {
    plans.BUSINESS.requestsPerMinute = limit;
    await server?.stop();
    await receiver?.stop();
  });

  async function strangersType(): Promise<void> {
    const { app } = server;
    const owner = await operator(app, tenant.workspaceId);
    receiver.answer = (response, { body }) => {
      const { text } = steering[Number(/steer(\d+)@/.exec(body)?.[1])] ?? { text: '' };
      response
        .writeHead(200, { 'X-Told': encodeURIComponent(text).slice(0, 200), 'Content-Type': 'text/plain' })
        .end(text);
    };
    const bot = await createBot(app, tenant.workspaceId, { schema: form, record_type: 'lead' });
    const input = { url: receiver.url, events: ['submission.completed' as const] };
    await app.webhookEndpoints.create(owner, () => input);
    for (const [index, { mark, text }] of steering.entries()) {
      const data = { full_name: `Ada ${text}`, email: `steer${index}@example.com`, notes: text };
      const attribution = {
        utm_campaign: around(mark, text, 150),
        utm_term: around(mark, text, 150),
        landing_page: 'https://example.com/',
      };
      const raw = { data, attribution };
      const { id } = await app.submissions.create(owner, bot.id, () => validate(CreateSubmission, raw, 'snake_case'));
      await app.submissions.addMessage(owner, id, () => ({ role: 'user', content: text }));
      const contact = {
        email: `named${index}@example.com`,
        firstName: around(mark, text, 190),
        lastName: around(mark, text, 190),
        tags: [around(mark, text, 40)],
        customFields: { note: text },
      };
      await app.contacts.create(owner, () => validate(CreateContact, contact, 'camelCase'));
    }
    await receiver.arrived(steering.length, 30_000);
  }

  /** All that a tool tells, page by page. */
  async function search(tool: string, rows: string, more: object = {}): Promise<{ id: string }[]> {
    const found: { id: string }[] = [];
    for (let cursor: string | null = null; ;) {
      const page = await ask(tool, { ...more, ...(cursor !== null && { cursor }) });
      const here = page.data[rows] as { id: string }[];
      found.push(...here);
      cursor = page.data.next_cursor ?? null;
      if (cursor === null) return found;
      expect(here, `${tool} ends a page before its first row`).not.to.be.empty;
    }
  }

  async function ask(tool: string, args: object): Promise<Told> {
    const result = await agent.call(tool, args);
    expect(result.isError, `${tool} ${JSON.stringify(args)}: ${result.text}`).to.equal(false);
    told.push({ tool, result });
    return result;
  }

  async function agentReads(): Promise<void> {
    await ask('get_workspace', {});
    const bots = await ask('get_intake_bots', {});
    const [bot] = bots.data.intake_bots as { id: string }[];
    await ask('get_intake_bots', { intake_bot_id: bot?.id });
    const submissions = await search('search_submissions', 'submissions', { intake_bot_id: bot?.id });
    expect(submissions.length).to.equal(steering.length);
    for (const { id } of submissions) await ask('get_submission', { submission_id: id });
    const contacts = await search('search_contacts', 'contacts');
    expect(contacts.length).to.equal(2 * steering.length);
    for (const { id } of contacts) await ask('search_contacts', { contact_id: id });
    const records = await search('search_records', 'records');
    expect(records.length).to.equal(steering.length);
    for (const { id } of records) await ask('search_records', { record_id: id });
    await ask('get_webhook_endpoints', {});
    const deliveries = await search('search_deliveries', 'deliveries');
    expect(deliveries.length).to.equal(steering.length);
    for (const { id } of deliveries) await ask('get_delivery', { delivery_id: id });
  }

  /** Each text of a value with the keys that lead to it; keys are texts, too. */
  function* textsIn(
    value: unknown,
    path: readonly string[] = [],
  ): Generator<{ text: string; path: readonly string[] }> {
    if (typeof value === 'string') yield { text: value, path };
    else if (Array.isArray(value)) for (const one of value) yield* textsIn(one, path);
    else if (value !== null && typeof value === 'object') {
      for (const [key, one] of Object.entries(value)) {
        yield { text: key, path };
        yield* textsIn(one, [...path, key]);
      }
    }
  }

  const mark = /canary\d\dcanary/;

  it(`stands under keys named untrusted and nowhere else, each of ${steering.length} in each place`, () => {
    const seen = new Map<Place, Set<string>>(places.map((place) => [place, new Set()]));
    for (const { tool, result } of told) {
      for (const { text, path } of textsIn(result.data)) {
        const [found] = mark.exec(text) ?? [];
        if (found === undefined) continue;
        expect(path, `${tool} tells it at ${path.join('.')}`).to.include('untrusted');
        const where = path.join('.');
        const place: Place | null =
          tool === 'get_delivery' && /response_body/.test(where)
            ? 'an answer of a receiver'
            : /first_name|last_name/.test(where)
              ? 'a name'
              : /messages/.test(where)
                ? 'a message'
                : /utm_|attribution/.test(where)
                  ? 'where it came from'
                  : tool === 'get_submission'
                    ? 'an answer'
                    : null;
        if (place !== null) seen.get(place)?.add(found);
      }
    }
    for (const place of places) {
      // A tool may leave out where a submission came from.
      if (place === 'where it came from' && seen.get(place)?.size === 0) continue;
      const missing = steering.filter((one) => seen.get(place)?.has(one.mark) !== true);
      expect(missing, `in ${place}`).to.deep.equal([]);
    }
  });

  it('has no character that no reader sees, and is told how many were taken away', () => {
    let counted = 0;
    for (const { tool, result } of told) {
      for (const { text, path } of textsIn(result.result)) {
        const found = hidden.exec(text);
        const [character = ''] = found?.[0] ?? '';
        const name = `U+${character.codePointAt(0)?.toString(16)}`;
        expect(found, `${tool} tells ${name} at ${path.join('.')}: ${JSON.stringify(text.slice(0, 200))}`).to.equal(
          null,
        );
      }
      counted += (result.data.hidden_characters_removed as number | undefined) ?? 0;
    }
    expect(counted).to.be.greaterThan(500);
  });

  it('stands in the text between two lines that nobody could forge', () => {
    const boundaries = new Set<string>();
    let fenced = 0;
    for (const { tool, result } of told) {
      const { text } = result;
      const [, boundary] = /"(untrusted-[0-9a-f]{32})"/.exec(text) ?? [];
      if (boundary === undefined) {
        expect(text, tool).not.to.match(mark);
        continue;
      }
      fenced += 1;
      expect(boundaries.has(boundary), 'a boundary came twice').to.equal(false);
      boundaries.add(boundary);
      const lines = text.split('\n');
      const [first, last] = [lines.indexOf(boundary), lines.lastIndexOf(boundary)];
      expect(first, `${tool}: ${text}`).to.be.greaterThan(-1).and.lessThan(last);
      const [inside, outside] = [lines.slice(first + 1, last), [...lines.slice(0, first), ...lines.slice(last + 1)]];
      expect(outside.join('\n'), tool).not.to.match(mark);
      // In the sentence before, and in the two lines.
      expect(text.split(boundary).length - 1, tool).to.equal(3);
      expect(inside.join('\n'), `${tool} tells what looks like a boundary`).not.to.match(/untrusted-[0-9a-f]{32}/i);
    }
    expect(fenced).to.be.greaterThan(3 * steering.length);
  });

  it('becomes no link, no image, no resource: an answer is text and data', () => {
    for (const { tool, result } of told) {
      const types = (result.result.content as { type: string }[]).map(({ type }) => type);
      expect(types, tool).to.deep.equal(['text']);
    }
  });

  it('is described as data by the output schema of each tool that tells it', async () => {
    const tools = await agent.list();
    const named = new Set(
      told.filter(({ result }) => JSON.stringify(result.data).includes('"untrusted"')).map(({ tool }) => tool),
    );
    expect([...named]).to.include.members([
      'search_submissions',
      'get_submission',
      'search_contacts',
      'search_records',
      'get_delivery',
    ]);
    for (const name of named) {
      const schema = JSON.stringify(tools.find((tool) => tool.name === name)?.outputSchema);
      const [, description = ''] = /"untrusted":\{[^}]*?"description":"([^"]+)"/.exec(schema) ?? [];
      expect(description, `${name}: ${schema}`).to.match(/data|strangers/i);
    }
  });
});
