import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Set by run.mjs. */
const { IOZEN_URL, IOZEN_API_KEY, IOZEN_MAIN, IOZEN_NODE, DATA_DIR, PATH } = process.env;
export const graphqlUrl = `${IOZEN_URL}/graphql`;
export const socketUrl = graphqlUrl.replace(/^http/, 'ws');
export const apiKey = IOZEN_API_KEY;
export const bearer = (key = apiKey) => ({ Authorization: `Bearer ${key}` });

/** One operation without any library. */
export async function ask(query, variables = {}, headers = bearer()) {
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** The `iozen` command beside the running server. */
export async function iozen(...words) {
  const { stdout } = await promisify(execFile)(IOZEN_NODE, [IOZEN_MAIN, ...words, '--json'], {
    env: { PATH, DATA_DIR },
  });
  return JSON.parse(stdout);
}

/** An active bot with so many submissions. */
export async function botWithSubmissions(count) {
  const { createIntakeBot } = await ask(
    'mutation ($input: CreateIntakeBotInput!) { createIntakeBot(input: $input) { intakeBot { id } } }',
    { input: { name: 'Clients', status: 'ACTIVE', schema: [{ name: 'full_name', label: 'Name', type: 'text' }] } },
  );
  const { id } = createIntakeBot.intakeBot;
  for (let n = 0; n < count; n += 1) await submit(id, `Person ${n}`);
  return id;
}

export async function submit(intakeBotId, name) {
  const { createSubmission } = await ask(
    'mutation ($input: CreateSubmissionInput!) { createSubmission(input: $input) { submission { id } } }',
    { input: { intakeBotId, data: { full_name: name } } },
  );
  return createSubmission.submission.id;
}
