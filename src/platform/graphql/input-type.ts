import { Field, InputType, type ClassType } from 'type-graphql';
import { z } from 'zod';
import { input, type Input, type Spelling } from '../validate.js';

/** The rule by which a value is read, and for GraphQL its type and what it is for. */
type Ruled = readonly [rule: z.ZodType, type: object, description: string];
/** The id of what an input is about: a resolver hands it to the service by itself, which looks up what it names. */
type Named = readonly [type: object, description: string];
type Fields = Readonly<Record<string, Ruled | Named>>;

type Shape<F extends Fields> = { [Key in keyof F as F[Key] extends Ruled ? Key : never]: Extract<F[Key], Ruled>[0] };

/** What may come in, declared once: the input type of GraphQL, and the rules by which both doors read it. */
export function inputType<F extends Fields>(
  name: string,
  description: string,
  fields: (spelling: Spelling) => F,
): Input<Shape<F>> & { readonly type: ClassType; readonly descriptions: Readonly<Record<keyof Shape<F>, string>> } {
  const rules = input((spelling) => {
    const entries = Object.entries<Ruled | Named>(fields(spelling));
    return Object.fromEntries(entries.flatMap(([key, field]) => (isRuled(field) ? [[key, field[0]]] : []))) as Shape<F>;
  });
  const { required = [] } = z.toJSONSchema(rules.camelCase, { io: 'input', unrepresentable: 'any' });
  const type = class {};
  const descriptions: Record<string, string> = {};
  for (const [key, field] of Object.entries<Ruled | Named>(fields('camelCase'))) {
    const [fieldType, what] = isRuled(field) ? [field[1], field[2]] : field;
    if (isRuled(field)) descriptions[key] = what;
    const nullable = isRuled(field) && !required.includes(key);
    Field(() => fieldType, { nullable, description: what })(type.prototype, key);
  }
  InputType(name, { description })(type);
  return { ...rules, type, descriptions: descriptions as Record<keyof Shape<F>, string> };
}

const isRuled = (field: Ruled | Named): field is Ruled => field.length === 3;
