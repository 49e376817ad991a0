// What is asked of a database that grows: each makes the request of a workspace that has rows in it. `isServed`: an index
// leads to what it reads, so that it may not take longer where more is stored.

const rest = ({ key }, path, body) => ({
  method: body === undefined ? 'GET' : 'POST',
  path: `/api/v1${path}`,
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  ...(body !== undefined && { body: JSON.stringify(body) }),
});
const graphql = ({ key }, query, variables = {}) => ({
  method: 'POST',
  path: '/graphql',
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  body: JSON.stringify({ query, variables }),
});
const pickOf = (list) => list[Math.floor(Math.random() * list.length)];
let made = 0;
const person = (email) => ({ data: { full_name: 'Ada Lovelace', email, topic: 'Sales' } });
const served = (request) => ({ request, isServed: true });
/** Writes are fewer at a time than the clock of the machine counts: more of them, with what they cost PostgreSQL. */
const written = (request) => ({ request, isServed: true, isWrite: true });
const unserved = (request) => ({ request, isServed: false });

const deliveries = `query ($filter: WebhookDeliveryFilter, $after: String) {
  webhookDeliveries(filter: $filter, first: 50, after: $after) {
    nodes { id status attemptCount createdAt event { id type } endpoint { id } } pageInfo { endCursor }
  }
}`;
const contacts = `query ($filter: ContactFilter) { contacts(filter: $filter, first: 50) { nodes { id email firstName tags } } }`;
const submissions = `query ($filter: SubmissionFilter, $after: String) {
  submissions(filter: $filter, first: 50, after: $after) { nodes { id data status createdAt } }
}`;
const records = `query ($filter: RecordFilter) { records(filter: $filter, first: 50) { nodes { id recordType data } } }`;
const events = `query ($filter: EventFilter, $last: Int, $first: Int) {
  events(filter: $filter, last: $last, first: $first) { nodes { id type createdAt } }
}`;

/** Each gets a measured workspace with `samples`: rows of its own, from all of the time, each with `id` and what goes with it. */
export const operations = {
  people: {
    'REST submissions, page 1': served((t) => rest(t, `/intake-bots/${t.botId}/submissions?limit=50`)),
    'REST submissions, a page amid them': served((t) =>
      rest(t, `/intake-bots/${t.botId}/submissions?limit=50&cursor=${pickOf(t.samples).submission_id}`),
    ),
    'REST read a submission': served((t) =>
      rest(t, `/intake-bots/${t.botId}/submissions/${pickOf(t.samples).submission_id}`),
    ),
    'REST contacts, page 1': served((t) => rest(t, '/contacts?limit=50')),
    'REST read a contact': served((t) => rest(t, `/contacts/${pickOf(t.samples).contact_id}`)),
    'REST records, page 1': served((t) => rest(t, '/records?limit=50')),
    'REST create, somebody new': written((t) =>
      rest(t, `/intake-bots/${t.botId}/submissions`, person(`new${(made += 1)}.${process.pid}@example.com`)),
    ),
    'REST create, somebody known': written((t) =>
      rest(t, `/intake-bots/${t.botId}/submissions`, person(pickOf(t.samples).email)),
    ),
    'submissions of the workspace, page 1': served((t) => graphql(t, submissions)),
    'submissions of a contact': served((t) =>
      graphql(t, submissions, { filter: { contactId: pickOf(t.samples).contact_id } }),
    ),
    'submissions made before a day': served((t) =>
      graphql(t, submissions, { filter: { createdAt: { lt: pickOf(t.samples).created_at } } }),
    ),
    'contacts by e-mail': served((t) => graphql(t, contacts, { filter: { email: pickOf(t.samples).email } })),
    'contacts made before a day': served((t) =>
      graphql(t, contacts, { filter: { createdAt: { lt: pickOf(t.samples).created_at } } }),
    ),
    'records of a submission': served((t) =>
      graphql(t, records, { filter: { submissionId: pickOf(t.samples).submission_id } }),
    ),
    'records of a contact': served((t) => graphql(t, records, { filter: { contactId: pickOf(t.samples).contact_id } })),
    'a contact with submissions and records': served((t) =>
      graphql(
        t,
        `
          query ($id: ID!) {
            contact(id: $id) {
              id
              submissionCount
              submissions(first: 5) {
                nodes {
                  id
                }
              }
            }
          }
        `,
        { id: pickOf(t.samples).contact_id },
      ),
    ),
    'submissions in progress, of which there are none': unserved((t) =>
      graphql(t, submissions, { filter: { status: ['IN_PROGRESS'] } }),
    ),
    'contacts by a tag that none has': unserved((t) => graphql(t, contacts, { filter: { tag: 'nobody' } })),
    'the count of submissions': unserved((t) => graphql(t, '{ submissions(first: 1) { totalCount } }')),
  },
  deliveries: {
    'deliveries, page 1': served((t) => graphql(t, deliveries)),
    'deliveries, a page amid them': served((t) => graphql(t, deliveries, { after: pickOf(t.samples).delivery_id })),
    'deliveries of an endpoint': served((t) => graphql(t, deliveries, { filter: { endpointId: t.endpointIds[0] } })),
    'deliveries made before a day': served((t) =>
      graphql(t, deliveries, { filter: { createdAt: { lt: pickOf(t.samples).created_at } } }),
    ),
    'deliveries that failed, of which there are none': served((t) =>
      graphql(t, deliveries, { filter: { status: ['EXHAUSTED', 'RETRYING'] } }),
    ),
    'a delivery with its attempts': served((t) =>
      graphql(
        t,
        `
          query ($id: ID!) {
            webhookDelivery(id: $id) {
              id
              status
              attempts {
                outcome
                responseStatus
              }
            }
          }
        `,
        {
          id: pickOf(t.samples).delivery_id,
        },
      ),
    ),
    'events, the last': served((t) => graphql(t, events, { last: 50 })),
    'events, the first': served((t) => graphql(t, events, { first: 50 })),
    'events made before a day': served((t) =>
      graphql(t, events, { last: 50, filter: { createdAt: { lt: pickOf(t.samples).created_at } } }),
    ),
    'events of a contact': served((t) =>
      graphql(t, events, { last: 50, filter: { subjectId: pickOf(t.samples).contact_id } }),
    ),
    'REST events, page 1': served((t) => rest(t, '/events?limit=50')),
    'an event': served((t) =>
      graphql(
        t,
        `
          query ($id: ID!) {
            event(id: $id) {
              id
              type
              payload
            }
          }
        `,
        { id: pickOf(t.samples).event_id },
      ),
    ),
    'events of a type of which there are none': unserved((t) =>
      graphql(t, events, { last: 50, filter: { type: ['contact.updated'] } }),
    ),
    'the count of deliveries': unserved((t) => graphql(t, '{ webhookDeliveries(first: 1) { totalCount } }')),
  },
};

/** In SQL, for the workspace `$1`: every so many rows one, `$2` of them. */
export const samples = {
  people: `select s.id as submission_id, s.contact_id, c.email, s.created_at
    from generate_series(1, $2::int) n
    cross join lateral (
      select * from submissions s where s.workspace_id = $1 and s.id >= 'c' || (
        select b from unnest($3::text[]) with ordinality f (b, place) where place = n
      ) order by s.id limit 1
    ) s join contacts c on c.id = s.contact_id`,
  deliveries: `select e.id as event_id, e.subject_id as contact_id, e.created_at,
      'c' || substr(e.id, 6, 8) || 'd' || substr(e.id, 15) as delivery_id
    from generate_series(1, $2::int) n
    cross join lateral (
      select * from events e where e.workspace_id = $1 and e.id >= 'evt_c' || (
        select b from unnest($3::text[]) with ordinality f (b, place) where place = n
      ) order by e.id limit 1
    ) e`,
};
