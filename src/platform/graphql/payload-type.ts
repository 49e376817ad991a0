import type { GraphQLScalarType } from 'graphql';
import { Field, ObjectType, type ClassType } from 'type-graphql';

type FieldType = ClassType | GraphQLScalarType | StringConstructor | BooleanConstructor;
type Fields = Readonly<Record<string, readonly [type: FieldType, description: string]>>;

type Value<T> = T extends StringConstructor
  ? string
  : T extends BooleanConstructor
    ? boolean
    : T extends GraphQLScalarType<infer V>
      ? V
      : T extends ClassType<infer V extends object>
        ? V
        : never;

type Payload<F extends Fields> = { -readonly [Key in keyof F]: Value<F[Key][0]> };

/** What a mutation answers with, declared as `inputType` declares what may come in; no field of it is ever null. */
export function payloadType<F extends Fields>(name: string, description: string, fields: F): ClassType<Payload<F>> {
  const type = class {};
  for (const [key, [fieldType, what]] of Object.entries(fields)) {
    Field(() => fieldType, { description: what })(type.prototype, key);
  }
  ObjectType(name, { description, simpleResolvers: true })(type);
  return type as ClassType<Payload<F>>;
}
