import {
  getNamedType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';

/** The most fields of an answer, of some 0.5 µs each; the standard query with all its options gives 12,000. */
export const introspectedMax = 20_000;

/**
 * Counts how many fields `__schema` or `__type` gives, by walking the schema as running would. A part that comes more than
 * once is counted once and added as often, so that counting takes less time than running; it stops beyond
 * `introspectedMax`.
 * @param name the type that `__type` asks for
 */
export function introspectedBy(
  schema: GraphQLSchema,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  { name: { value: field }, selectionSet }: FieldNode,
  name: unknown,
): number {
  const meta = field === '__schema' ? SchemaMetaFieldDef : TypeMetaFieldDef;
  const known = new Map<SelectionSetNode, Map<unknown, number>>();
  let steps = 0;
  const count = ofValue(meta, resolved(meta, undefined, { name }), selectionSet);
  return Math.max(count, steps);

  function resolved(definition: GraphQLField<unknown, unknown>, source: unknown, args: object): unknown {
    return definition.resolve?.(source, args, undefined, { schema } as GraphQLResolveInfo);
  }

  function ofValue(
    definition: GraphQLField<unknown, unknown>,
    value: unknown,
    set: SelectionSetNode | undefined,
  ): number {
    const type = getNamedType(definition.type);
    if (value === null || value === undefined || set === undefined || !isObjectType(type)) return 1;
    if (!Array.isArray(value)) return 1 + ofSet(set, type, value);
    return value.reduce<number>((sum, entry) => sum + ofSet(set, type, entry), 1);
  }

  function ofSet(set: SelectionSetNode, type: GraphQLObjectType, source: unknown): number {
    let bySource = known.get(set);
    if (bySource === undefined) known.set(set, (bySource = new Map()));
    const counted = bySource.get(source);
    if (counted !== undefined) return counted;
    let count = 0;
    for (const selection of set.selections) {
      if (steps > introspectedMax) break;
      steps += 1;
      if (selection.kind === Kind.FIELD) {
        const definition = type.getFields()[selection.name.value];
        // Deprecated fields count, too, whether or not they are asked for.
        const value = definition && resolved(definition, source, { includeDeprecated: true });
        count += definition === undefined ? 1 : ofValue(definition, value, selection.selectionSet);
      } else {
        const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        const on = fragment?.typeCondition?.name.value ?? type.name;
        if (fragment !== undefined && on === type.name) count += ofSet(fragment.selectionSet, type, source);
      }
    }
    bySource.set(source, count);
    return count;
  }
}
