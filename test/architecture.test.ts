import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const source = resolve('src');
const backwards = 'audit workspaces accounts api-keys events contacts records intake-bots submissions'.split(' ');
const doors = ['graphql', 'rest'];
/** What may cross from one feature's room to another's: its services, tables and views, and its vocabulary. */
const crossing =
  /\.(service|entity|view)$|^events\/(publish|event-type)$|^workspaces\/plans$|^intake-bots\/bot-schema$/;

/** Why `from` may not import `to`, both without extension and relative to src; null when it may. */
function objection(from: string, to: string): string | null {
  const [room, other] = [from, to].map((file) => (file.includes('/') ? (file.split('/')[0] ?? '') : file));
  if (room === other || room === undefined || other === undefined) return null;
  if (/^(main|app|demo|cli)$/.test(other))
    return /^(main|app|demo|cli)$/.test(room) ? null : 'nothing imports main or app';
  if (/^(main|app|demo|cli)$/.test(room)) return null;
  if (room === 'platform') return 'platform imports packages and itself only';
  if (other === 'platform') return null;
  if (doors.includes(other)) return 'no room imports a door';
  if (doors.includes(room)) return null;
  if (other === 'http') return 'features never import the hall';
  if (room === 'http') return null;
  if (other === 'webhooks') return 'nothing but the doors and app looks at webhooks';
  const allowed = room === 'webhooks' ? ['audit', 'workspaces', 'events'] : backwards.slice(0, backwards.indexOf(room));
  if (!allowed.includes(other)) return 'features look only backwards';
  return crossing.test(to) ? null : 'only services, entities, views and publish cross a border';
}

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/'));
}

function objections(file: string, text: string): string[] {
  const from = file.replace(/\.ts$/, '');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)\.js'/g)].flatMap(([, path = '']) => {
    const to = relative(source, resolve(join(source, dirname(file)), path));
    if (to.startsWith('..')) return [];
    const why = objection(from, to);
    return why === null ? [] : [`src/${file} imports ${to}: ${why}`];
  });
}

describe('architecture', () => {
  it('lets rooms import only backwards, and through services, entities, views and publish', () => {
    const all = files(source);
    expect(all.length).to.be.greaterThan(30);
    expect(all.flatMap((file) => objections(file, readFileSync(join(source, file), 'utf8')))).to.deep.equal([]);
  });

  const planted: [file: string, imports: string][] = [
    ['platform/page.ts', '../contacts/contact.entity.js'],
    ['contacts/contact.service.ts', '../submissions/submission.service.js'],
    ['submissions/submission.service.ts', '../webhooks/fan-out.js'],
    ['submissions/submission.service.ts', '../contacts/contact.input.js'],
    ['intake-bots/intake-bot.service.ts', '../rest/route.js'],
    ['intake-bots/intake-bot.service.ts', '../http/server.js'],
    ['http/server.ts', '../app.js'],
    ['webhooks/fan-out.ts', '../submissions/submission.service.js'],
  ];
  for (const [file, imports] of planted) {
    it(`names a planted import of ${imports} in ${file}`, () => {
      const [named] = objections(file, `import { x } from '${imports}';`);
      expect(named).to.include(`src/${file} imports `);
    });
  }

  it('reads the environment in config.ts only', () => {
    const readers = files(source).filter((file) => readFileSync(join(source, file), 'utf8').includes('process.env'));
    expect(readers).to.deep.equal(['platform/config.ts']);
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
    const texts = files(source).map((file) => readFileSync(join(source, file), 'utf8'));
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
