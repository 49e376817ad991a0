// Mercurius with JIT and loaders, written by hand on the same SQL; no authentication, no limits.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import { createBare, createSubmission, getBots, getSubmission, listSubmissions, typeDefs } from './peer-sql.mjs';
import { ready } from './ready.mjs';

const app = Fastify();
app.register(mercurius, {
  schema: typeDefs,
  jit: 1,
  resolvers: {
    Query: {
      submissions: async (_, { intakeBotId, first }) => ({ nodes: await listSubmissions(intakeBotId, first) }),
      submission: async (_, { id }) => await getSubmission(id),
    },
    Mutation: {
      createSubmission: async (_, { input }) => ({ submission: await createSubmission(input) }),
      createBare: async (_, { input }) => ({ submission: await createBare(input) }),
    },
  },
  loaders: {
    Submission: {
      intakeBot: async (queries) => {
        const found = new Map((await getBots(queries.map(({ obj }) => obj.intakeBotId))).map((bot) => [bot.id, bot]));
        return queries.map(({ obj }) => found.get(obj.intakeBotId));
      },
    },
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
ready(app.server.address().port);
