import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ApolloClient, ApolloLink, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { relayStylePagination } from '@apollo/client/utilities';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { apiKey, bearer, botWithSubmissions, graphqlUrl, socketUrl, submit } from './support.mjs';

const clientOf = (key = apiKey, options = {}) =>
  new ApolloClient({
    link: new HttpLink({ uri: graphqlUrl, headers: bearer(key), ...options }),
    cache: new InMemoryCache({
      typePolicies: { IntakeBot: { fields: { submissions: relayStylePagination() } } },
    }),
  });

const codeOf = async (asked) =>
  await asked.then(
    () => assert.fail('it was answered'),
    (error) => {
      assert.ok(CombinedGraphQLErrors.is(error), `${error.name}: ${error.message}`);
      return error.errors[0].extensions.code;
    },
  );

void describe('Apollo Client', () => {
  let bot;
  before(async () => (bot = await botWithSubmissions(12)));

  const page = gql`
    query Page($bot: ID!, $after: String) {
      intakeBot(id: $bot) {
        id
        submissions(first: 5, after: $after) {
          edges {
            node {
              id
            }
          }
          pageInfo {
            endCursor
            hasNextPage
          }
        }
      }
    }
  `;

  void it('pages through a list with its own pagination, over POST and GET', async () => {
    for (const useGETForQueries of [false, true]) {
      const client = clientOf(apiKey, { useGETForQueries });
      const observed = client.watchQuery({ query: page, variables: { bot } });
      let { data } = await client.query({ query: page, variables: { bot } });
      while (data.intakeBot.submissions.pageInfo.hasNextPage) {
        const after = data.intakeBot.submissions.pageInfo.endCursor;
        await observed.fetchMore({ variables: { after } });
        data = client.readQuery({ query: page, variables: { bot } });
      }
      const ids = data.intakeBot.submissions.edges.map(({ node }) => node.id);
      assert.equal(new Set(ids).size, 12);
    }
  });

  void it('shows our code for a wrong key, no key and a wrong field', async () => {
    const query = gql`
      {
        intakeBots {
          totalCount
        }
      }
    `;
    assert.equal(await codeOf(clientOf('iozen_live_wrong').query({ query })), 'authentication_required');
    const anonymous = new ApolloClient({ link: new HttpLink({ uri: graphqlUrl }), cache: new InMemoryCache() });
    assert.equal(await codeOf(anonymous.query({ query })), 'authentication_required');
    const wrong = gql`
      {
        nothing
      }
    `;
    assert.equal(await codeOf(clientOf().query({ query: wrong })), 'GRAPHQL_VALIDATION_FAILED');
  });

  void it('changes something, and hears of it over WebSocket', async () => {
    const socket = createClient({
      url: socketUrl,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${apiKey}` },
    });
    const opened = new Promise((resolve) => socket.on('connected', resolve));
    const client = new ApolloClient({ link: ApolloLink.from([new GraphQLWsLink(socket)]), cache: new InMemoryCache() });
    const subscription = gql`
      subscription {
        eventOccurred(types: ["submission.completed"]) {
          id
          type
          payload
        }
      }
    `;
    const heard = new Promise((resolve, reject) => {
      client.subscribe({ query: subscription }).subscribe({ next: ({ data }) => resolve(data), error: reject });
    });
    await opened;
    // The stream begins a moment after the socket: the first of these may be before it.
    const id = await submit(bot, 'Heard of');
    const timer = setInterval(() => void submit(bot, 'Heard of, later'), 500);
    const { eventOccurred } = await heard.finally(() => clearInterval(timer));
    assert.equal(eventOccurred.type, 'submission.completed');
    assert.ok(eventOccurred.payload.data.submission.id >= id);
    await socket.dispose();
  });
});
