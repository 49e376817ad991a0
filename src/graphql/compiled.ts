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

/** A text that comes now and then is not worth what compiling takes. */
const usesMin = 10;
/** Fragments written out, as they are compiled: some 8 ms at most. */
const selectionsMax = 200;
/** Beside the document, which is kept with it. */
const bytesPerSelection = 2_500;
const bytesKeptMax = 24 * 1_048_576;
/** How many may wait to be compiled. */
const waitingMax = 20;
/** One at a time, with a rest in between: V8 lets go of code that has gone only some collections later. */
const restMsDefault = 100;

/** An argument's value in the document, which every run computes anew, as graphql-js would. */
interface Hoisted {
  name: string;
  node: ValueNode;
  definition: GraphQLArgument;
}

interface Compiled {
  query: CompiledQuery['query'];
  hoisted: readonly Hoisted[];
  /** Variables of directives: what they hold where they are null, the specification words. */
  conditions: readonly string[];
}

/**
 * Hot documents as compiled functions, which run some ten times faster than graphql-js walks them. Only queries:
 * mutations spend their time in the database. graphql-jit is given no say in what a value is: graphql-js computes
 * variables and arguments, and what does not fit is left to it altogether.
 */
export class CompiledQueries {
  private readonly compiled = new WeighedCache<OperationDefinitionNode, Compiled>(bytesKeptMax, bytesKeptMax / 2);
  private readonly uncompilable = new WeakSet<OperationDefinitionNode>();
  /** By how many uses a text was compiled last: one that had to go comes back after as many as it took at first. */
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
   * Null when it is to be run by graphql-js.
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

  /** Once nothing waits to be compiled. For tests. */
  async idle(): Promise<void> {
    while (this.waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }

  /** Nothing of strangers is kept, and what has come often is compiled later: no request waits for it. */
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
      const compiled = isWorthIt ? this.tryToCompile(valid, operation) : null;
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

  private compile({ fragments }: ValidDocument, operation: OperationDefinitionNode): Compiled | null {
    const { document, hoisted, conditions } = hoist(this.schema, operation, fragmentsOf(operation, fragments));
    const made = compileQuery(this.schema, document, operation.name?.value ?? '');
    return isCompiledQuery(made) ? { query: made.query.bind(made), hoisted, conditions } : null;
  }

  /** What cannot be compiled is run by graphql-js, and nobody waits to be told why. */
  private tryToCompile(valid: ValidDocument, operation: OperationDefinitionNode): Compiled | null {
    try {
      return this.compile(valid, operation);
    } catch {
      return null;
    }
  }
}

/** Stands for whatever graphql-js has computed. */
const computed = new GraphQLScalarType({ name: 'ComputedArgument' });

/** Introspection is large and comes seldom; `__proto__` in generated code is no name like others. */
function isCompilable({ fragments }: ValidDocument, operation: OperationDefinitionNode): boolean {
  if (operation.operation !== OperationTypeNode.QUERY) return false;
  let compilable = true;
  for (const definition of [operation, ...fragmentsOf(operation, fragments)]) {
    visit(definition, {
      Name({ value }) {
        if (value === '__schema' || value === '__type' || value === '__proto__') compilable = false;
      },
    });
  }
  return compilable;
}

/** Those that an operation spreads, at any depth. */
function fragmentsOf(operation: OperationDefinitionNode, fragments: Fragments): FragmentDefinitionNode[] {
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
  // No variable of the caller's has such a name.
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

/** What the compiled function takes for its variables; null where graphql-js would find an error. */
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
