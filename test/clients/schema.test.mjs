import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { ESLint } from 'eslint';

void describe('schema.graphql', () => {
  void it('breaks no rule of graphql-eslint, for schemas and for Relay', async () => {
    const text = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
    const eslint = new ESLint({ cwd: new URL('.', import.meta.url).pathname });
    const [{ messages }] = await eslint.lintText(text, { filePath: 'schema.graphql' });
    assert.deepEqual(
      messages.map(({ line, message, ruleId }) => `${line}: ${message} (${ruleId})`),
      [],
    );
  });
});
