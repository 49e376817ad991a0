import createClient from 'openapi-fetch';
import type { paths } from './dist/openapi.js';

/** The guide of docs/getting-started.md, with a client that is typed by the OpenAPI document. */
const api = createClient<paths>({
  baseUrl: `${process.env['IOZEN_URL']}/api/v1`,
  headers: { Authorization: `Bearer ${process.env['IOZEN_API_KEY']}` },
});

const { data: bots } = await api.GET('/intake-bots', { params: { query: { limit: 1 } } });
const [bot] = bots?.data.intake_bots ?? [];
if (bot === undefined) throw new Error('There is no intake bot');

const { data: details } = await api.GET('/intake-bots/{id}', { params: { path: { id: bot.id } } });
console.log(details?.data.intake_bot.schema.map(({ name, type, required }) => ({ name, type, required })));

const { data: created, error } = await api.POST('/intake-bots/{id}/submissions', {
  params: { path: { id: bot.id }, header: { 'Idempotency-Key': 'getting-started' } },
  body: { data: { full_name: 'Katherine Johnson', email: 'katherine@example.com', topic: 'Support' } },
});
if (error !== undefined) throw new Error(error.error.message);

const submissionId = created.data.submission.id;
const { data: read } = await api.GET('/intake-bots/{id}/submissions/{submissionId}', {
  params: { path: { id: bot.id, submissionId } },
});
console.log(read?.data.submission.status, read?.data.submission.data);
if (read?.data.submission.data['topic'] !== 'Support') throw new Error('The answers are not those that were sent');

const { data: contacts } = await api.GET('/contacts', { params: { query: { limit: 1 } } });
if (contacts?.data.contacts[0]?.email !== 'katherine@example.com') throw new Error('The contact is missing');

const { error: refused } = await api.POST('/webhooks', { body: { url: 'http://localhost', events: [] } });
if (refused?.error.code !== 'validation_failed') throw new Error('A local address was taken');
