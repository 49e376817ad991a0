import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/**
 * The rules of ARCHITECTURE, read from the source: who imports whom, who names which table, what a file says of itself.
 * Each rule is a function from a file's path below `src` and its text to what is wrong with it; beside the test that
 * holds all files to a rule stands one that shows the rule to find a violation that is planted.
 */

/** The rooms of features, in the order in which each may look at those before it. */
const features = 'audit workspaces accounts api-keys events contacts records intake-bots submissions conversions'.split(
  ' ',
);
/** The documentation is one of them: it shows the schema and the OpenAPI document that the others made, as it is given them. */
const doors = ['graphql', 'rest', 'mcp', 'docs'];
const entrances = ['main', 'app', 'demo', 'cli'];
/** The rooms inside webhooks: a room may look at those in earlier lines. */
const rings = [
  ['policy', 'wire', 'topics'],
  ['store'],
  ['endpoints'],
  ['deliveries', 'replays'],
  ['engine', 'feed', 'feed.resolver'],
];
/** What of a feature other rooms may import: its services, tables and views, and its vocabulary. */
const crossing =
  /\.(service|entity|view)$|^events\/(publish|event-type)$|^workspaces\/plans$|^intake-bots\/bot-schema$/;
const linesUnexplainedMax = 250;

/**
 * The room that alone writes a table, by the table's name; the first pattern that fits decides. An earlier room may not
 * name the table, a later one may read it, and what is open in webhooks' store nobody else may even read.
 */
const owners: readonly (readonly [RegExp, string])[] = [
  [/^audit_/, 'audit'],
  [/^(workspaces|workspace_usage|notices)$/, 'workspaces'],
  [/^(users|sessions|invitations|sign_in_tries)$/, 'accounts'],
  [/^(api_key\w*|trusted_documents)$/, 'api-keys'],
  [/^(events|event_\w+|erasing_subjects|moved_subjects)$/, 'events'],
  [/^(contacts|contact_addresses|erasures)$/, 'contacts'],
  [/^(records|record_contacts)$/, 'records'],
  [/^intake_bots?(_totals)?$/, 'intake-bots'],
  [/^(submissions|submission_messages)$/, 'submissions'],
  [/^conversion\w*$/, 'conversions'],
  [/^webhook_(runs|retries|open_deliveries|deliveries)$/, 'webhooks/store'],
  [/^webhook_/, 'webhooks'],
  [/^(idempotency_records|rate_limit_shares)$/, 'http'],
];

/** What is not as the rules want it, and why it stays. A line that no file needs any more fails the test. */
const exceptions: Readonly<Record<string, string>> = {
  'src/contacts/contact.service.ts reads submissions':
    'how many submissions a contact has is part of every contact that goes out, and counted in the statement that reads it',
  'src/audit/audit-digest.service.ts reads workspaces':
    'a chain that somebody removed is told from the chain of a workspace that was deleted',
};

interface Source {
  /** Below `src`, with its extension. */
  file: string;
  text: string;
}
type Rule = (sources: readonly Source[]) => string[];

const read = (folder: string): Source[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/'))
    .toSorted()
    .map((file) => ({ file, text: readFileSync(`${folder}/${file}`, 'utf8') }));

/** The files below `src` that a file imports, without extension; what it imports a type of alone, too. */
function importsOf({ file, text }: Source): string[] {
  const paths = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)\.js'/g)].map(([, path = '']) =>
    posix.join(posix.dirname(file), path),
  );
  return paths.filter((path) => !path.startsWith('..'));
}

const withoutExtension = (file: string) => file.replace(/\.ts$/, '');
const roomOf = (path: string) => path.split('/')[0] ?? '';

/** Why `from` may not import `to`; null when it may. */
function objection(from: string, to: string): string | null {
  const [room, other] = [roomOf(from), roomOf(to)];
  if (room === other) return room === 'webhooks' ? objectionWithinWebhooks(from, to) : null;
  if (entrances.includes(other)) return entrances.includes(room) ? null : 'nothing imports main or app';
  if (entrances.includes(room)) return null;
  if (room === 'platform') return 'platform imports packages and itself only';
  if (other === 'platform') return null;
  if (doors.includes(other)) return 'no room imports a door';
  if (doors.includes(room)) return null;
  if (other === 'http') return 'features never import the hall';
  if (room === 'http') return null;
  if (other === 'webhooks') return 'nothing but the doors and app looks at webhooks';
  if (!mayLookAt(room, other)) return 'features look only backwards';
  return crossing.test(to) ? null : 'only services, entities, views and publish cross a border';
}

const mayLookAt = (room: string, other: string) =>
  room === 'webhooks'
    ? ['audit', 'workspaces', 'events'].includes(other)
    : features.slice(0, features.indexOf(room)).includes(other);

function objectionWithinWebhooks(from: string, to: string): string | null {
  const ring = (path: string) => rings.findIndex((names) => names.includes(path.split('/')[1] ?? ''));
  const [one, other] = [ring(from), ring(to)];
  if (one === -1 || other === -1) return 'a room of webhooks is missing in the list of rings';
  const isSameRoom = from.split('/')[1] === to.split('/')[1];
  return isSameRoom || other < one || (other === one && one === rings.length - 1)
    ? null
    : `within webhooks rooms look only inwards: ${rings.map((names) => names.join(', ')).join(' ← ')}`;
}

const borders: Rule = (sources) =>
  sources.flatMap((source) =>
    importsOf(source).flatMap((to) => {
      const why = objection(withoutExtension(source.file), to);
      return why === null ? [] : [`src/${source.file} imports ${to}: ${why}`];
    }),
  );

/** Every file, or room, that can be reached from itself, on the shortest way back to it. */
function circlesIn(arrows: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Map<string, string>();
  for (const start of arrows.keys()) {
    const ways: string[][] = [[start]];
    const seen = new Set<string>();
    for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
      for (const next of arrows.get(way.at(-1) ?? '') ?? []) {
        if (next === start) {
          const sorted = way.toSorted().join(' ');
          if (!found.has(sorted)) found.set(sorted, [...way, start].join(' → '));
        } else if (!seen.has(next)) ways.push([...way, next]);
        seen.add(next);
      }
    }
  }
  return [...found.values()];
}

const circles: Rule = (sources) =>
  circlesIn(new Map(sources.map((source) => [withoutExtension(source.file), importsOf(source)])));

/** A file of platform stands for its folder there, if it is in one. */
const circlesInPlatform: Rule = (sources) => {
  const place = (path: string) => path.split('/').slice(0, 2).join('/');
  const arrows = new Map<string, string[]>();
  for (const source of sources.filter(({ file }) => file.startsWith('platform/'))) {
    const from = place(withoutExtension(source.file));
    const others = importsOf(source).filter((to) => to.startsWith('platform/') && place(to) !== from);
    arrows.set(from, [...(arrows.get(from) ?? []), ...others.map(place)]);
  }
  return circlesIn(arrows);
};

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');

/** The tables that SQL in a file names, and whether it writes to them. */
function tablesIn(text: string, tables: ReadonlySet<string>): [verb: 'writes' | 'reads', table: string][] {
  const code = withoutComments(text);
  const found = new Map<string, 'writes' | 'reads'>();
  const find = (pattern: RegExp, verb: 'writes' | 'reads') => {
    for (const [, name = ''] of code.matchAll(pattern)) if (tables.has(name)) found.set(name, verb);
  };
  find(/\b(?:from|join)\s+(?:only\s+)?"?(\w+)"?/g, 'reads');
  // What a statement has between `from` and `where` may stand in a constant of its own.
  find(/['`](\w+) \w+ (?:left )?join\b/g, 'reads');
  find(/\b(?:insert into|delete from|lock table|truncate)\s+(?:only\s+)?"?(\w+)"?/g, 'writes');
  find(/\bupdate\s+(?:only\s+)?"?(\w+)"?(?=(?:\s+(?:as\s+)?\w+)?\s+set\b)/g, 'writes');
  return [...found].map(([table, verb]) => [verb, table]);
}

const tablesOf = (migrations: readonly Source[]): Set<string> =>
  new Set(
    migrations.flatMap(({ text }) =>
      [...text.matchAll(/\bcreate (?:unlogged )?table (?:if not exists )?"?(\w+)/g)].map(([, name = '']) => name),
    ),
  );

const ownerOf = (table: string) => owners.find(([names]) => names.test(table))?.[1] ?? null;

/** Why a file may not read or write a table; null when it may. */
function objectionToTable(file: string, verb: 'writes' | 'reads', table: string): string | null {
  const owner = ownerOf(table);
  if (owner === null) return 'a table that the list of owners does not know';
  if (file.startsWith(`${owner}/`)) return null;
  if (verb === 'writes') return `only ${owner} writes it`;
  if (owner === 'webhooks/store') return 'only webhooks/store names the tables of open deliveries';
  const [room, other] = [roomOf(file), roomOf(owner)];
  if ([...doors, ...entrances, 'platform', 'http'].includes(room)) return 'neither doors nor platform hold queries';
  return room === other || mayLookAt(room, other) ? null : 'features look only backwards, in SQL too';
}

const tableBorders =
  (tables: ReadonlySet<string>): Rule =>
  (sources) =>
    sources.flatMap(({ file, text }) => [
      ...tablesIn(text, tables).flatMap(([verb, table]) => {
        const why = objectionToTable(file, verb, table);
        return why === null ? [] : [`src/${file} ${verb} ${table}: ${why}`];
      }),
      ...(/\bpgboss\./.test(withoutComments(text))
        ? [`src/${file} names pgboss: pg-boss is used through what it exports`]
        : []),
    ]);

/** A long file says at its very beginning why it is one thing: `/** One file because …`. */
const longFiles: Rule = (sources) =>
  sources.flatMap(({ file, text }) => {
    const lines = text.split('\n').length - 1;
    return lines <= linesUnexplainedMax || /^\/\*\*\s+(?:\* )?One file because /.test(text)
      ? []
      : [`src/${file} has ${lines} lines: its head does not say why it is one thing`];
  });

/** Two exported types or classes of one name send whoever searches for one of them to the other. */
const homonyms: Rule = (sources) => {
  const homes = new Map<string, string[]>();
  for (const { file, text } of sources) {
    for (const [, name = ''] of text.matchAll(/^export (?:abstract )?(?:class|interface|type|enum) (\w+)/gm))
      homes.set(name, [...(homes.get(name) ?? []), `src/${file}`]);
  }
  return [...homes].flatMap(([name, files]) =>
    files.length === 1 ? [] : [`${files.join(' and ')} export a type ${name}: one word has one meaning`],
  );
};

describe('architecture', () => {
  const sources = read('src');
  const tables = tablesOf(read('migrations'));
  const used = new Set<string>();
  /** Without those that the list of exceptions has. */
  const violations = (rule: Rule) =>
    rule(sources).filter((violation) => {
      const exception = Object.keys(exceptions).find((start) => violation.startsWith(`${start}:`));
      if (exception !== undefined) used.add(exception);
      return exception === undefined;
    });
  const source = (file: string, text: string): Source => ({ file, text });
  const importing = (file: string, path: string) => source(file, `import type { X } from '${path}';\n`);

  before(() => {
    expect(sources.length).to.be.greaterThan(150);
    expect(tables.size).to.be.greaterThan(30);
  });

  it('lets rooms import only backwards, and through services, entities, views and publish', () => {
    expect(violations(borders)).to.deep.equal([]);
  });

  for (const [file, path] of [
    ['platform/postgres/keyset-page.ts', '../../contacts/contact.entity.js'],
    ['contacts/contact.service.ts', '../submissions/submission.service.js'],
    ['conversions/conversion.service.ts', '../webhooks/endpoints/endpoint.service.js'],
    ['submissions/submission.service.ts', '../conversions/conversion.service.js'],
    ['submissions/submission.service.ts', '../webhooks/engine/fan-out.js'],
    ['submissions/submission.service.ts', '../contacts/contact.input.js'],
    ['intake-bots/intake-bot.service.ts', '../rest/route.js'],
    ['intake-bots/intake-bot.service.ts', '../http/server.js'],
    ['mcp/tools.ts', '../rest/route.js'],
    ['http/server.ts', '../app.js'],
    ['webhooks/engine/fan-out.ts', '../../submissions/submission.service.js'],
    ['webhooks/wire/request.ts', '../endpoints/endpoint-snapshot.js'],
    ['webhooks/store/retention.ts', '../engine/worker.js'],
    ['webhooks/endpoints/endpoint.service.ts', '../deliveries/delivery.entity.js'],
    ['webhooks/deliveries/delivery.service.ts', '../replays/replay.entity.js'],
    ['webhooks/new-room/thing.ts', '../topics.js'],
  ] as const) {
    it(`names a planted import of ${path} in ${file}`, () => {
      expect(borders([importing(file, path)])[0]).to.include(`src/${file} imports `);
    });
  }

  it('has no circle of files, though types alone close it', () => {
    expect(violations(circles)).to.deep.equal([]);
  });

  it('names a planted circle', () => {
    const planted = [
      importing('contacts/a.ts', './b.js'),
      importing('contacts/b.ts', '../records/c.js'),
      importing('records/c.ts', '../contacts/a.js'),
      importing('records/d.ts', './c.js'),
    ];
    expect(circles(planted)).to.deep.equal(['contacts/a → contacts/b → records/c → contacts/a']);
  });

  it('has no circle of folders in platform', () => {
    expect(violations(circlesInPlatform)).to.deep.equal([]);
  });

  it('names a planted circle of folders', () => {
    const planted = [
      importing('platform/text/a.ts', '../work/b.js'),
      importing('platform/work/c.ts', '../validate.js'),
      importing('platform/validate.ts', './text/d.js'),
    ];
    expect(circlesInPlatform(planted)).to.deep.equal([
      'platform/text → platform/work → platform/validate → platform/text',
    ]);
  });

  it('has one writer for each table, and lets SQL look only backwards, too', () => {
    expect(violations(tableBorders(tables))).to.deep.equal([]);
  });

  for (const [file, sql, named] of [
    ['contacts/contact.service.ts', 'select from contacts c join records r on true', 'reads records'],
    ['records/record.service.ts', 'update contacts c\n  set tags = $1', 'writes contacts'],
    ['records/record.service.ts', 'with gone as (delete from only contacts) select 1', 'writes contacts'],
    ['webhooks/endpoints/endpoint.service.ts', 'insert into notices (id) values ($1)', 'writes notices'],
    ['webhooks/endpoints/endpoint.service.ts', 'select from webhook_deliveries d', 'reads webhook_deliver'],
    ['webhooks/engine/fan-out.ts', 'lock table events in share mode', 'writes events'],
    ['http/rate-limit/rate-limiter.ts', 'select from api_keys', 'reads api_keys'],
    ['rest/routes.ts', 'select from contacts', 'reads contacts'],
    ['platform/postgres/jobs.ts', 'select from pgboss.job', 'names pgboss'],
    ['contacts/contact.service.ts', 'insert into nobodys (id) values ($1)', 'writes nobodys: a table that'],
  ] as const) {
    it(`names what is planted in ${file}: ${sql.replace(/\s+/g, ' ')}`, () => {
      const planted = source(file, `const statement = prepared(\`\n  ${sql}\n\`);`);
      const known = new Set([...tables, 'nobodys']);
      expect(tableBorders(known)([planted]).join('\n')).to.include(`src/${file} ${named}`);
    });
  }

  it('takes no comment, and no sentence, for SQL', () => {
    const text =
      "/** Reads from records. */\nconst said = 'may create, read and update submissions';\n// update records set";
    expect(tableBorders(tables)([source('contacts/contact.service.ts', text)])).to.deep.equal([]);
  });

  /** As `byIds` and `isOf` do not: PostgreSQL 15 reads the whole workspace then, where most are small. */
  const idsThroughWorkspace = /\bid = any ?\(\$\d\)\s+and\s+\w+\.workspace_id = /;

  it('looks for rows by their ids alone, and holds them against the workspace by byIds', () => {
    expect(sources.filter(({ text }) => idsThroughWorkspace.test(text)).map(({ file }) => file)).to.deep.equal([]);
    expect('where c.id = any($1) and c.workspace_id = $2').to.match(idsThroughWorkspace);
  });

  it(`says in the head of a file of more than ${linesUnexplainedMax} lines why it is one thing`, () => {
    expect(violations(longFiles)).to.deep.equal([]);
  });

  it('names a planted long file', () => {
    const long = '\n'.repeat(linesUnexplainedMax + 1);
    expect(longFiles([source('contacts/a.ts', `/** Something else. */${long}`)])).to.have.length(1);
    expect(longFiles([source('contacts/a.ts', `/** One file because of it. */${long}`)])).to.have.length(0);
    expect(longFiles([source('contacts/a.ts', `/**\n * One file because of it. */${long}`)])).to.have.length(0);
  });

  it('exports no two types of one name', () => {
    expect(violations(homonyms)).to.deep.equal([]);
  });

  it('names a planted second type of a name', () => {
    const planted = [source('a/a.ts', 'export interface X {}'), source('b/b.ts', '\nexport abstract class X {}')];
    expect(homonyms(planted)).to.deep.equal(['src/a/a.ts and src/b/b.ts export a type X: one word has one meaning']);
  });

  it('has no exception that nothing needs any more', () => {
    expect(Object.keys(exceptions).filter((exception) => !used.has(exception))).to.deep.equal([]);
  });

  it('reads the environment in config.ts only', () => {
    const readers = sources.filter(({ text }) => text.includes('process.env')).map(({ file }) => file);
    // The former writes programs for readers of the docs, which read theirs.
    expect(readers).to.deep.equal(['docs/rest-samples.ts', 'platform/config.ts']);
  });

  /** What a method that an idempotency key protects does before its transaction, beside authorising. */
  function doneBefore(text: string): string[] {
    const bodies = [...text.matchAll(/\n  async [^\n]*?\([\s\S]*?\{\n([\s\S]*?)\n  \}\n/g)].map(
      ([, body = '']) => body,
    );
    return bodies
      .filter((body) => body.includes('}, actor.guard)'))
      .flatMap((body) => body.slice(0, body.indexOf('this.database.transaction(')).split('\n'))
      .filter((line) => !/^ *(actor\.require\w*\(.*\);|requireFeature\(.*\);|try \{|(return )?await )$/.test(line));
  }

  it('only authorises before a transaction that an idempotency key may answer for, which then does not run', () => {
    const texts = sources.map(({ text }) => text);
    expect(texts.join('').split('}, actor.guard)').length).to.be.greaterThan(25);
    expect(texts.flatMap(doneBefore)).to.deep.equal([]);
    const planted = `
  async create(actor: Actor): Promise<Thing> {
    actor.require('write:things');
    await this.find(actor);
    return await this.database.transaction(async (tx) => {
    }, actor.guard);
  }
`;
    expect(doneBefore(planted)).to.deep.equal(['    await this.find(actor);']);
  });
});
