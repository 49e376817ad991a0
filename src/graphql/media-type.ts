import { entriesMax, weigh } from '../http/compression.js';
import { jsonType } from '../http/send.js';

const graphqlName = 'application/graphql-response+json';
const jsonName = 'application/json';

/** The media type of an answer that `Accept` prefers; JSON where it names neither of ours. */
export function mediaTypeFor(accept: string | undefined): string {
  const entries = (accept ?? '').split(',', entriesMax).map((entry) => weigh(entry.toLowerCase()));
  const placeOf = (name: string) => {
    for (const range of [name, 'application/*', '*/*']) {
      const at = entries.findIndex(([given]) => given === range);
      if (at !== -1) return { weight: entries[at]?.[1] ?? 0, isNamed: range === name, at };
    }
    return { weight: 0, isNamed: false, at: 0 };
  };
  const [graphql, json] = [placeOf(graphqlName), placeOf(jsonName)];
  if (graphql.weight !== json.weight) return graphql.weight > json.weight ? `${graphqlName}; charset=utf-8` : jsonType;
  const isFirst = graphql.isNamed && (!json.isNamed || graphql.at < json.at);
  return isFirst && graphql.weight > 0 ? `${graphqlName}; charset=utf-8` : jsonType;
}
