import { registerEnumType } from 'type-graphql';

type Values = Readonly<Record<string, readonly [value: string, description: string]>>;

/** An enum of GraphQL, declared once: of each name the value that our code and tables have for it, and what it means. */
export function enumType<const V extends Values>(
  name: string,
  description: string,
  values: V,
): { readonly [Name in keyof V]: V[Name][0] } {
  const each = Object.entries(values);
  const type = Object.fromEntries(each.map(([key, [value]]) => [key, value])) as { [Name in keyof V]: V[Name][0] };
  const valuesConfig = Object.fromEntries(each.map(([key, [, meaning]]) => [key, { description: meaning }]));
  registerEnumType<typeof type>(type, { name, description, valuesConfig: valuesConfig as object });
  return type;
}

/** Its values. */
export type ValueOf<Enum> = Enum[keyof Enum];
