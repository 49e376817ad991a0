import type { GraphQLSchema } from 'graphql';
import { eventTypes } from '../events/event-type.js';
import { eventsPath } from './event-catalogue.js';
import { graphqlOperations } from './graphql-reference.js';
import { graphqlPath } from './graphql-types.js';
import type { Guide } from './guides.js';
import { escape } from './html.js';
import { operationsOf, type OpenApi } from './open-api.js';
import type { DocsPage } from './page.js';
import { restPath } from './rest-reference.js';

/** The first page: what is where. */
export const homePage = (guides: readonly Guide[], document: OpenApi, schema: GraphQLSchema): DocsPage => ({
  path: '/docs',
  title: 'Documentation',
  about: 'Guides and references of the ioZen platform: GraphQL, REST and webhooks.',
  part: 'Guides',
  html: () => `<h1>Build on ioZen</h1>
<p class="lead">Intake bots ask, people answer, and your program gets what they said: over GraphQL, over REST, or posted to
you as it happens.</p>
<p><a class="button main" href="/docs/getting-started">Make the first call</a>
<a class="button" href="/docs/webhooks">Receive a webhook</a></p>
<ul class="cards">
${card('/docs/graphql', 'GraphQL guide', 'The whole product: queries, pages, subscriptions.')}
${card(graphqlPath, 'GraphQL reference', `${graphqlOperations(schema).length} operations, each with a sample to run.`)}
${card(restPath, 'REST reference', `${operationsOf(document).length} operations with curl, Node.js and Python.`)}
${card(eventsPath, 'Event catalogue', `${eventTypes.length} types of events, with whole payloads.`)}
</ul>
<h2>Guides</h2>
<dl class="guides">${guides
    .map(({ path, title, about }) => `<dt><a href="${path}">${escape(title)}</a></dt><dd>${escape(about)}</dd>`)
    .join('')}</dl>
<p>For programs: <a href="/api/v1/openapi.json">openapi.json</a>, <a href="/schema.graphql">schema.graphql</a>,
<a href="/llms.txt">llms.txt</a>, and every guide and reference as Markdown under its address with <code>.md</code>.</p>`,
});

const card = (href: string, title: string, text: string) =>
  `<li><a href="${href}">${escape(title)}</a><span>${escape(text)}</span></li>`;
