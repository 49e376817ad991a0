import {
  GraphQLScalarType,
  GraphQLSchema,
  isNonNullType,
  Kind,
  OperationTypeNode,
  TypeInfo,
  valueFromAST,
  visit,
  visitWithTypeInfo,
  type ArgumentNode,
  type DocumentNode,
  type ExecutionResult,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type OperationDefinitionNode,
  type ValueNode,
  type VariableDefinitionNode,
} from 'graphql';
import { compileQuery, isCompiledQuery, type CompiledQuery } from 'graphql-jit';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { WeighedCache } from '../platform/async/weighed-cache.js';
import type { Fragments, Variables } from './cost.js';
import type { ValidDocument } from './documents.js';
import { selectionsOf } from './limits.js';

/** A document is compiled once it has been used so often: one that comes now and then is not worth it. */
const usesMin = 10;
/** The most selections, fragments written out, of a document that is compiled: that takes some 8 ms at most. */
const selectionsMax = 200;
/** The memory of compiled code for each selection, beside the document. */
const bytesPerSelection = 2_500;
const bytesKeptMax = 24 * 1_048_576;
/** How many documents may wait to be compiled. */
const waitingMax = 20;
/** A rest between two compilations: V8 frees the memory of code that is gone only some collections later. */
const restMsDefault = 100;

/** The value of an argument in the document; each run computes it anew, as graphql-js would. */
interface Hoisted {
  name: string;
  node: ValueNode;
  definition: GraphQLArgument;
}

interface Compiled {
  query: CompiledQuery['query'];
  hoisted: readonly Hoisted[];
  /** Variables of directives; where one is null, graphql-js has to word the error. */
  conditions: readonly string[];
}

/**
 * Compiles documents that come often: a compiled function runs some ten times faster than graphql-js walks the document.
 * Only queries are compiled; mutations spend their time in the database. graphql-jit never decides what a value is:
 * graphql-js computes variables and arguments, and runs the whole operation where they do not fit.
 */
export class CompiledQueries {
  private readonly compiled = new WeighedCache<OperationDefinitionNode, Compiled>(bytesKeptMax, bytesKeptMax / 2);
  private readonly uncompilable = new WeakSet<OperationDefinitionNode>();
  /** How many uses a document had when it was compiled last: one that was dropped is compiled again after as many. */
  private readonly usesBefore = new WeakMap<OperationDefinitionNode, number>();
  private readonly waiting = new Map<OperationDefinitionNode, { valid: ValidDocument; owner: string }>();
  private readonly schema: GraphQLSchema;
  private restUntilMs = 0;

  constructor(
    schema: GraphQLSchema,
    private readonly restMs = restMsDefault,
  ) {
    const { types, ...config } = schema.toConfig();
    this.schema = new GraphQLSchema({ ...config, types: [...types, computed], assumeValid: true });
  }

  /**
   * Runs an operation; null when graphql-js has to run it.
   * @param variables coerced by graphql-js
   */
  async run(
    valid: ValidDocument,
    operation: OperationDefinitionNode,
    context: OperationContext,
    variables: Variables,
  ): Promise<ExecutionResult | null> {
    const compiled = this.compiled.get(operation);
    if (compiled === undefined) {
      this.consider(valid, operation, context);
      return null;
    }
    const values = valuesFor(compiled, variables);
    if (values === null) return null;
    const result = (await compiled.query(undefined, context, values)) as ExecutionResult;
    return Object.hasOwn(result, 'data') ? result : null;
  }

  /** Resolves once nothing waits to be compiled. For tests. */
  async idle(): Promise<void> {
    while (this.waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Puts a document that has come often into the queue: no request waits for compiling. Strangers' are never compiled. */
  private consider(valid: ValidDocument, operation: OperationDefinitionNode, context: OperationContext): void {
    const uses = valid.uses - (this.usesBefore.get(operation) ?? 0);
    if (uses < usesMin || context.anonymous || this.uncompilable.has(operation)) return;
    if (this.waiting.has(operation) || this.waiting.size >= waitingMax) return;
    if (this.waiting.size === 0) this.compileSoon();
    this.waiting.set(operation, { valid, owner: context.actor.workspaceId });
  }

  private compileNext(): void {
    for (const [operation, { valid, owner }] of this.waiting) {
      const selections = selectionsOf(operation, valid.fragments);
      const isWorthIt = selections <= selectionsMax && isCompilable(valid, operation);
      const compiled = isWorthIt ? this.compile(valid, operation) : null;
      if (compiled === null) this.uncompilable.add(operation);
      else this.compiled.set(operation, compiled, valid.bytes + selections * bytesPerSelection, owner);
      this.usesBefore.set(operation, valid.uses);
      this.waiting.delete(operation);
      break;
    }
    this.restUntilMs = performance.now() + this.restMs;
    if (this.waiting.size > 0) this.compileSoon();
  }

  private compileSoon(): void {
    setTimeout(() => this.compileNext(), Math.max(0, this.restUntilMs - performance.now())).unref();
  }

  /** Compiles an operation; null where that fails, and graphql-js runs it from then on. */
  private compile({ fragments }: ValidDocument, operation: OperationDefinitionNode): Compiled | null {
    try {
      const { document, hoisted, conditions } = hoist(this.schema, operation, spreadIn(operation, fragments));
      const made = compileQuery(this.schema, document, operation.name?.value ?? '');
      return isCompiledQuery(made) ? { query: made.query.bind(made), hoisted, conditions } : null;
    } catch {
      return null;
    }
  }
}

/** The type of variables that hold values which graphql-js has computed. */
const computed = new GraphQLScalarType({ name: 'ComputedArgument' });

/** Not introspection, which is large and comes seldom; nor the name `__proto__`, which means something in generated code. */
function isCompilable({ fragments }: ValidDocument, operation: OperationDefinitionNode): boolean {
  if (operation.operation !== OperationTypeNode.QUERY) return false;
  let compilable = true;
  for (const definition of [operation, ...spreadIn(operation, fragments)]) {
    visit(definition, {
      Name({ value }) {
        if (value === '__schema' || value === '__type' || value === '__proto__') compilable = false;
      },
    });
  }
  return compilable;
}

/** The fragments that an operation spreads, at any depth. */
function spreadIn(operation: OperationDefinitionNode, fragments: Fragments): FragmentDefinitionNode[] {
  const found = new Set<FragmentDefinitionNode>();
  const spread = (definition: OperationDefinitionNode | FragmentDefinitionNode): void => {
    visit(definition, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (fragment === undefined || found.has(fragment)) return;
        found.add(fragment);
        spread(fragment);
      },
    });
  };
  spread(operation);
  return [...found];
}

/** The operation alone, with a variable in place of each argument's value. */
function hoist(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: readonly FragmentDefinitionNode[],
): { document: DocumentNode; hoisted: Hoisted[]; conditions: string[] } {
  const hoisted: Hoisted[] = [];
  const conditions = new Set<string>();
  // The prefix is lengthened until no variable of the caller's begins with it.
  let prefix = 'argument';
  const declaredNames = (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
  while (declaredNames.some((name) => name.startsWith(prefix))) prefix += '_';
  const types = new TypeInfo(schema);
  const outlined = visit<DocumentNode>(
    { kind: Kind.DOCUMENT, definitions: [operation, ...fragments] },
    visitWithTypeInfo(types, {
      Directive({ arguments: given = [] }) {
        for (const { value } of given) if (value.kind === Kind.VARIABLE) conditions.add(value.name.value);
        return false;
      },
      Argument(argument): ArgumentNode | undefined {
        const definition = types.getArgument();
        if (!definition) return undefined;
        const name = `${prefix}${hoisted.length}`;
        hoisted.push({ name, node: argument.value, definition });
        return { ...argument, value: variableOf(name) };
      },
    }),
  );
  const declared = operation.variableDefinitions?.filter(({ variable }) => conditions.has(variable.name.value)) ?? [];
  const definitions = outlined.definitions.map((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? { ...definition, variableDefinitions: [...declared, ...hoisted.map(definitionOf)] }
      : definition,
  );
  return { document: { ...outlined, definitions }, hoisted, conditions: [...conditions] };
}

const nameOf = (value: string) => ({ kind: Kind.NAME, value }) as const;

const variableOf = (name: string) => ({ kind: Kind.VARIABLE, name: nameOf(name) }) as const;

const definitionOf = ({ name }: Hoisted): VariableDefinitionNode => ({
  kind: Kind.VARIABLE_DEFINITION,
  variable: variableOf(name),
  type: { kind: Kind.NAMED_TYPE, name: nameOf(computed.name) },
});

/** The variables for the compiled function; null where graphql-js would find an error. */
function valuesFor({ hoisted, conditions }: Compiled, variables: Variables): Record<string, unknown> | null {
  const values: Record<string, unknown> = {};
  for (const name of conditions) {
    if (typeof variables[name] !== 'boolean') return null;
    values[name] = variables[name];
  }
  for (const { name, node, definition } of hoisted) {
    if (node.kind === Kind.VARIABLE && !Object.hasOwn(variables, node.name.value)) {
      if (isNonNullType(definition.type) && definition.defaultValue === undefined) return null;
      continue;
    }
    const value: unknown = valueFromAST(node, definition.type, variables);
    if (value === undefined) return null;
    values[name] = value;
  }
  return values;
}
