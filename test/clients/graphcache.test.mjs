import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { bearer, botWithSubmissions, graphqlUrl } from './support.mjs';

void describe("urql's Graphcache", () => {
  let bot;
  before(async () => (bot = await botWithSubmissions(7)));

  void it('pages through a list with its own pagination, and needs no keys set up', async () => {
    const client = new Client({
      url: graphqlUrl,
      preferGetMethod: false,
      fetchOptions: { headers: bearer() },
      exchanges: [cacheExchange({ resolvers: { IntakeBot: { submissions: relayPagination() } } }), fetchExchange],
    });
    const query = `query ($bot: ID!, $after: String) {
      intakeBot(id: $bot) {
        __typename
        id
        submissions(first: 3, after: $after) {
          __typename
          edges { __typename node { __typename id } }
          pageInfo { __typename hasNextPage endCursor }
        }
      }
    }`;
    let page = { pageInfo: { hasNextPage: true, endCursor: null } };
    while (page.pageInfo.hasNextPage) {
      const { data, error } = await client.query(query, { bot, after: page.pageInfo.endCursor }).toPromise();
      assert.equal(error, undefined);
      page = data.intakeBot.submissions;
    }
    assert.equal(new Set(page.edges.map(({ node }) => node.id)).size, 7);
  });
});
