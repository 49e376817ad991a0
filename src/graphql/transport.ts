import { ApolloServer, HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { Request, RequestHandler, Response } from 'express';
import { GraphQLError, type GraphQLFormattedError, type GraphQLSchema } from 'graphql';
import type { Authenticator } from '../http/authenticate.js';
import { bodyBytesMax, parseBody, readBody } from '../http/body.js';
import { failureOf } from '../http/failure.js';
import { factsOf } from '../http/request.js';
import { CallContext } from '../platform/call-context.js';
import { Failure, workspaceArchived } from '../platform/errors.js';
import type { Log } from '../platform/log.js';
import { requireFeature } from '../workspaces/plans.js';

/** `/graphql`: Apollo Server behind our own hall, without a second one in between. */
export class GraphqlTransport {
  private readonly apollo: ApolloServer<CallContext>;

  constructor(
    schema: GraphQLSchema,
    private readonly authenticator: Authenticator,
    log: Log,
  ) {
    this.apollo = new ApolloServer<CallContext>({
      schema,
      introspection: true,
      includeStacktraceInErrorResponses: false,
      stopOnTerminationSignals: false,
      persistedQueries: false,
      status400ForVariableCoercionErrors: true,
      csrfPrevention: true,
      formatError: (formatted, error) => formatError(formatted, error, log),
      plugins: [ApolloServerPluginCacheControlDisabled(), ApolloServerPluginLandingPageDisabled(), statusOfFailures],
      logger: quiet,
    });
  }

  async start(): Promise<void> {
    await this.apollo.start();
  }

  async stop(): Promise<void> {
    await this.apollo.stop();
  }

  handler(): RequestHandler {
    return async (request, response) => {
      try {
        const actor = await this.authenticator.actorOf(request);
        if (actor?.workspace.archived) throw workspaceArchived();
        if (actor?.kind === 'key') requireFeature(actor, 'api');
        const body = request.method === 'POST' ? parseBody(await readBody(request)) : undefined;
        await this.execute(request, response, new CallContext(actor), body);
      } catch (thrown) {
        const failure = failureOf(thrown, factsOf(request).log);
        for (const [name, value] of Object.entries(failure.headers)) response.setHeader(name, value);
        response.status(failure.status).json({ errors: [errorOf(failure)] });
      }
    };
  }

  private async execute(request: Request, response: Response, context: CallContext, body: unknown): Promise<void> {
    const headers = new HeaderMap();
    for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
    const query = request.url.indexOf('?');
    const answer = await this.apollo.executeHTTPGraphQLRequest({
      httpGraphQLRequest: {
        method: request.method,
        headers,
        search: query === -1 ? '' : request.url.slice(query),
        body,
      },
      context: async () => context,
    });
    for (const [name, value] of answer.headers) response.setHeader(name, value);
    response.status(answer.status ?? 200);
    if (answer.body.kind === 'complete') response.send(answer.body.string);
    else response.status(501).end();
  }
}

export { bodyBytesMax };

function errorOf({ code, message, details }: Failure): GraphQLFormattedError {
  return { message, extensions: { code, details } };
}

function formatError(formatted: GraphQLFormattedError, error: unknown, log: Log): GraphQLFormattedError {
  const code = formatted.extensions?.['code'];
  const thrown = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  if (thrown instanceof GraphQLError && code !== 'INTERNAL_SERVER_ERROR') {
    const known = code === 'BAD_USER_INPUT' || code === 'OPERATION_RESOLUTION_FAILURE' || code === 'BAD_REQUEST';
    return { ...formatted, extensions: { code: known ? 'GRAPHQL_VALIDATION_FAILED' : code, details: {} } };
  }
  return { ...formatted, ...errorOf(failureOf(thrown, log)) };
}

/** An operation that yields nothing but a refusal answers with the refusal's status. */
const statusOfFailures: ApolloServerPlugin<CallContext> = {
  async requestDidStart() {
    return {
      async willSendResponse({ errors, response }) {
        const refusal = errors?.[0]?.originalError;
        const { body } = response;
        const empty =
          body.kind === 'single' && Object.values(body.singleResult.data ?? {}).every((value) => value === null);
        if (empty && refusal instanceof Failure && refusal.code === 'authentication_required')
          response.http.status = 401;
      },
    };
  },
};

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
