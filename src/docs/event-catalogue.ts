import { exampleEvent } from '../events/example.view.js';
import { eventSchemas } from '../events/event-schema.view.js';
import { describeEventType, eventTypes, scopeOfPayload } from '../events/event-type.js';
import type { JsonSchema } from '../platform/json-schema.js';
import { codeBlock } from './code-block.js';
import { code, heading, inline, slugOf, table } from './html.js';
import { resolved, type OpenApi } from './open-api.js';
import type { DocsPage, Place } from './page.js';
import { schemaTable, typeOf } from './schema-table.js';

export const eventsPath = '/docs/reference/events';

/** What webhooks get: every type of event, with what it holds. */
export const eventCatalogue = ({ components }: OpenApi): DocsPage => ({
  path: eventsPath,
  title: 'Event catalogue',
  about: 'Every type of event that webhooks and streams get, with its fields and a whole payload.',
  part: 'Events',
  html: () => `<h1>Event catalogue</h1>
<p>What happens in a workspace is told to <a href="/docs/webhooks">webhooks</a>, to <code>eventOccurred</code> over
<a href="/docs/graphql">GraphQL</a> and to <code>iozen listen</code>, in the same words. Each event has an
<code>id</code>, a <code>type</code>, the moment in <code>created_at</code> and what it happened to in <code>data</code>, as
it was then. Skip fields that you do not know: one may be added.</p>
${table(
  ['Type', 'When', 'Scope'],
  eventTypes.map((type) => [
    `<a href="#${slugOf(type)}">${code(type)}</a>`,
    inline(describeEventType[type]),
    code(scopeOfPayload[type]),
  ]),
)}
${eventTypes
  .map((type) => {
    const schema = eventSchemas[type];
    return `<section class="operation"><div>${heading(2, slugOf(type), code(type))}
<p>${inline(describeEventType[type])} To hear of it a key needs ${code('manage:webhooks')} and
${code(scopeOfPayload[type])}.</p>
${fieldsOf(schema, components.schemas)}</div>
<div class="samples">${codeBlock('json', JSON.stringify(exampleEvent(type), null, 2), 'Payload')}</div></section>`;
  })
  .join('')}`,
});

export const eventPlaces = (): Place[] =>
  eventTypes.map((type) => ({
    href: `${eventsPath}#${slugOf(type)}`,
    title: type,
    kind: 'Event',
    text: describeEventType[type],
  }));

/** What `data` holds, and the fields of each object in it. */
function fieldsOf(schema: JsonSchema, schemas: OpenApi['components']['schemas']): string {
  const propertiesOf = (of: JsonSchema) => (resolved(schemas, of)['properties'] ?? {}) as Record<string, JsonSchema>;
  const { data = {} } = propertiesOf(schema);
  return Object.entries(propertiesOf(data))
    .map(([name, value]) => {
      const whole = resolved(schemas, value);
      const isObject = 'properties' in whole;
      return `<h3>${code(`data.${name}`)}</h3>${isObject ? schemaTable(whole) : `<p>${typeOf(value)}. ${inline((value['description'] as string | undefined) ?? '')}</p>`}`;
    })
    .join('');
}
