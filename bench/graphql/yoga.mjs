// GraphQL Yoga, written by hand on the same SQL; no authentication, no limits.
import DataLoader from 'dataloader';
import { createServer } from 'node:http';
import { createSchema, createYoga } from 'graphql-yoga';
import { createBare, createSubmission, getBots, getSubmission, listSubmissions, typeDefs } from './peer-sql.mjs';
import { ready } from './ready.mjs';

const schema = createSchema({
  typeDefs,
  resolvers: {
    Query: {
      submissions: async (_, { intakeBotId, first }) => ({ nodes: await listSubmissions(intakeBotId, first) }),
      submission: async (_, { id }) => await getSubmission(id),
    },
    Mutation: {
      createSubmission: async (_, { input }) => ({ submission: await createSubmission(input) }),
      createBare: async (_, { input }) => ({ submission: await createBare(input) }),
    },
    Submission: { intakeBot: ({ intakeBotId }, _, { bots }) => bots.load(intakeBotId) },
  },
});
const yoga = createYoga({
  schema,
  logging: false,
  graphiql: false,
  context: () => ({
    bots: new DataLoader(async (ids) => {
      const found = new Map((await getBots(ids)).map((bot) => [bot.id, bot]));
      return ids.map((id) => found.get(id));
    }),
  }),
});
const server = createServer((request, response) => void yoga(request, response));
server.listen(0, '127.0.0.1', () => ready(server.address().port));
