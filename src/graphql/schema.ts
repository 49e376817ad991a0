import type { GraphQLSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { IntakeBotResolver } from '../intake-bots/intake-bot.resolver.js';
import { DateTime } from '../platform/scalars.js';

/** Every resolver, with what it needs: to add one is to add its line. */
export interface Resolvers {
  intakeBots: IntakeBotResolver;
}

const resolverClasses = [IntakeBotResolver] as const;

export function graphqlSchema(resolvers: readonly object[]): GraphQLSchema {
  const built = new Map(resolvers.map((resolver) => [resolver.constructor, resolver]));
  return buildSchemaSync({
    resolvers: [...resolverClasses],
    container: { get: (resolver) => built.get(resolver) },
    scalarsMap: [{ type: Date, scalar: DateTime }],
    orphanedTypes: [],
    validate: false,
  });
}
