import { createSourceEventStream, execute, OperationTypeNode, type ExecutionResult, type GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { heavyWork } from '../platform/work/heavy-work.js';
import { workAccount } from '../platform/work/work-account.js';
import { CompiledQueries } from './compiled.js';
import { rootFields, type Admitted } from './admission.js';
import { coerceVariables } from './variables.js';

/** So many answers to introspection are kept, of some 2 MB each: tools ask for the same few over and over. */
const introspectionsKeptMax = 4;

/** As much of an admission as it takes to run what was admitted. */
type Runnable = Pick<Admitted, 'valid' | 'operation' | 'variables'>;

/** Runs admitted operations, compiled or by graphql-js, with the same answer either way. */
export class Execution {
  private readonly compiled: CompiledQueries;
  private readonly introspections = new LRUCache<string, ExecutionResult>({ max: introspectionsKeptMax });

  constructor(private readonly schema: GraphQLSchema) {
    this.compiled = new CompiledQueries(schema);
  }

  /**
   * Without `data` when the variables do not fit.
   * @param event of a subscription
   */
  async run(admitted: Runnable, context: OperationContext, event?: unknown): Promise<ExecutionResult> {
    const { valid, operation } = admitted;
    const { coerced, errors } = this.coerce(admitted);
    if (errors !== undefined) return { errors };
    if (isAboutSchemaAlone(admitted)) return await this.introspect(admitted, context);
    const result = await this.compiled.run(valid, operation, context, coerced);
    return result ?? (await this.interpret(admitted, context, event));
  }

  /** The source events of a subscription, for each of which `run` is to be called; or the reason why there are none. */
  async follow(admitted: Runnable, contextValue: OperationContext): Promise<AsyncIterable<unknown> | ExecutionResult> {
    const { errors } = this.coerce(admitted);
    if (errors !== undefined) return { errors };
    return await createSourceEventStream({ ...this.argumentsOf(admitted), contextValue });
  }

  private coerce({ operation, variables }: Runnable) {
    return coerceVariables(this.schema, operation.variableDefinitions ?? [], variables);
  }

  private argumentsOf({ valid: { document }, operation, variables }: Runnable) {
    return { schema: this.schema, document, operationName: operation.name?.value, variableValues: variables };
  }

  private async interpret(
    admitted: Runnable,
    contextValue: OperationContext,
    rootValue?: unknown,
  ): Promise<ExecutionResult> {
    return await execute({ ...this.argumentsOf(admitted), contextValue, rootValue });
  }

  private async introspect(admitted: Runnable, context: OperationContext): Promise<ExecutionResult> {
    const key = `${admitted.valid.hash} ${admitted.operation.name?.value ?? ''}`;
    const known = this.introspections.get(key);
    if (known !== undefined) return known;
    // It waits for nothing, so that it keeps the event loop from its beginning to its end.
    const result = await heavyWork.run(workAccount()?.sharer ?? '', async () => this.interpret(admitted, context));
    this.introspections.set(key, result);
    return result;
  }
}

/** Whether an operation asks about the schema alone, so that its answer is the same for everybody and always. */
function isAboutSchemaAlone({ operation, valid }: Runnable): boolean {
  if (operation.operation !== OperationTypeNode.QUERY || (operation.variableDefinitions ?? []).length > 0) return false;
  return rootFields(operation, valid.fragments).every((name) => name.startsWith('__'));
}
