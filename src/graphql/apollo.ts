import { ApolloServer, HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import type { FormattedExecutionResult, GraphQLSchema } from 'graphql';
import type { Actor } from '../platform/actor.js';
import { OperationContext, type Transport } from '../platform/graphql/operation-context.js';
import type { Log } from '../platform/log.js';
import type { Admitted } from './admission.js';
import type { Documents } from './documents.js';
import { formatError, formatResult } from './errors.js';
import type { Execution } from './execution.js';

/** An operation that Apollo is to run. */
export class AdmittedOperation extends OperationContext {
  constructor(
    actor: Actor | null,
    transport: Transport,
    readonly admitted: Admitted,
  ) {
    super(actor, transport, admitted.selected);
  }
}

/** Apollo Server, with our own steps before it (admission) and in it (execution). It runs what was admitted, and nothing else. */
export class Apollo {
  private readonly server: ApolloServer<OperationContext>;

  constructor(
    schema: GraphQLSchema,
    private readonly documents: Documents,
    execution: Execution,
    log: Log,
  ) {
    this.server = new ApolloServer<OperationContext>({
      schema,
      introspection: true,
      includeStacktraceInErrorResponses: false,
      stopOnTerminationSignals: false,
      persistedQueries: false,
      // Of cookies only, which the authenticator looks after: other callers say who they are in a header.
      csrfPrevention: false,
      // What was admitted is parsed and validated.
      documentStore: {
        get: async (key) => documents.find(key.slice(-64)),
        set: async () => undefined,
        delete: async () => undefined,
      },
      formatError: (formatted, error) => formatError(formatted, error, log),
      plugins: [
        ApolloServerPluginCacheControlDisabled(),
        ApolloServerPluginLandingPageDisabled(),
        runningBy(execution, log),
      ],
      logger: quiet,
    });
  }

  async start(): Promise<void> {
    await this.server.start();
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  /** Without `data` when the variables did not fit. */
  async run(contextValue: AdmittedOperation): Promise<FormattedExecutionResult> {
    const { text: query, valid, variables, operation } = contextValue.admitted;
    const release = this.documents.hold(valid);
    try {
      const request = { query, variables, operationName: operation.name?.value };
      const { body } = await this.server.executeOperation(request, { contextValue });
      if (body.kind !== 'single') throw new Error('an operation was run in parts');
      return body.singleResult;
    } finally {
      release();
    }
  }
}

function runningBy(execution: Execution, log: Log): ApolloServerPlugin<OperationContext> {
  return {
    async requestDidStart() {
      return {
        async responseForOperation({ contextValue }) {
          if (!(contextValue instanceof AdmittedOperation)) throw new Error('what was not admitted was about to run');
          const singleResult = formatResult(await execution.run(contextValue.admitted, contextValue), log);
          return { http: { status: undefined, headers: new HeaderMap() }, body: { kind: 'single', singleResult } };
        },
      };
    },
  };
}

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
