import { expect } from 'chai';
import fc from 'fast-check';
import { jsonValuesMax, oversized } from '../../../src/platform/text/json-shape.js';
import { anyCharacter } from '../../support/any-character.js';
import { createTenant, startServer, type TestServer } from '../../support/app.js';

const megabyte = 1_000_000;

describe('a body that nobody needs', () => {
  let server: TestServer;
  let key: string;

  before(async () => {
    server = await startServer({ role: 'api' });
    ({ key } = await createTenant(server.app));
  });
  after(async () => await server.stop());

  const cases: [what: string, body: string, problem: RegExp][] = [
    ['a megabyte of brackets', '['.repeat(megabyte), /nested deeper/],
    ['a megabyte of objects within objects', '{"a":'.repeat(megabyte / 5), /nested deeper/],
    ['more values than are parsed', `{"a":[${'1,'.repeat(jsonValuesMax)}1]}`, /more than 60000 values/],
    [
      'more keys than are parsed',
      JSON.stringify(Object.fromEntries(Array.from({ length: jsonValuesMax + 1 }, (_, n) => [`k${n}`, n]))),
      /more than 60000 values/,
    ],
  ];
  for (const [what, body, problem] of cases) {
    it(`is refused unparsed, and says why: ${what}`, async () => {
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      const answer = await fetch(`${server.url}/graphql`, { method: 'POST', headers, body });
      expect(answer.status).to.equal(400);
      const { errors } = (await answer.json()) as { errors: { message: string; extensions: { code: string } }[] };
      expect(errors[0]?.extensions.code).to.equal('validation_failed');
      expect(errors[0]?.message).to.match(problem);
    });
  }

  it('is told by its brackets and commas, never by those within strings', () => {
    const text = fc.string({ unit: anyCharacter, maxLength: 60 });
    const values = fc.array(fc.oneof(text, fc.constantFrom('\\', '"', '\\"', '[[[', ',,,')), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(values, (list) => {
        const filler = Array.from({ length: 1_000 }, () => list).flat();
        const body = JSON.stringify(filler);
        expect(oversized(body)).to.equal(filler.length > jsonValuesMax ? 'must not hold more than 60000 values' : null);
      }),
      { numRuns: 10 },
    );
  });
});
