import { expect } from 'chai';
import { readBotSchema, type SchemaItem } from '../../src/intake-bots/bot-schema.js';
import { checkAnswers } from '../../src/submissions/answers.js';

/** The schema of a bot, each item a text field named `a` unless it says otherwise. */
export function schema(...raw: object[]): SchemaItem[] {
  const { items, issues } = readBotSchema(
    raw.map((item) => ({ name: 'a', type: 'text', ...item })),
    'camelCase',
  );
  expect(issues).to.deep.equal([]);
  return items;
}

/** What is wrong with answers, each issue as its path and code. */
export const issuesOf = (items: SchemaItem[], data: unknown, complete = true) =>
  checkAnswers(items, data, { complete }).issues.map(({ path, code }) => `${path} ${code}`);
