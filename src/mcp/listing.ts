import type { Tool as PublishedTool } from '@modelcontextprotocol/server';
import type { Actor } from '../platform/actor.js';
import { featureNotAvailable, insufficientScopes, type Failure } from '../platform/errors.js';
import { plans } from '../workspaces/plans.js';
import { toolsets, type Tool, type Toolset } from './tool.js';

/** What a client takes away from itself, outside of its model's reach: in the address or in a header. */
export interface Restrictions {
  readOnly: boolean;
  /** null: all. */
  toolsets: ReadonlySet<Toolset> | null;
}

/** Whatever a switch is set to other than off is on: a client that misspells it loses tools, and gains none. */
const isOn = (value: string | null | undefined) => value != null && !/^(false|0|off|no)?$/i.test(value.trim());

export function restrictionsOf(query: string, readOnlyHeader: string | undefined): Restrictions {
  const asked = new URLSearchParams(query);
  const named = asked.get('toolsets');
  const known = toolsets.filter((one) => named?.split(',').some((name) => name.trim().toLowerCase() === one));
  return {
    readOnly: isOn(readOnlyHeader) || isOn(asked.get('read_only')),
    toolsets: named === null ? null : new Set(known),
  };
}

/** Why this caller may not call a tool; null when the caller may. */
export function objectionTo({ scope, feature }: Tool, actor: Actor): Failure | null {
  if (scope !== null && !actor.may(scope)) return insufficientScopes([scope], actor.scopes ?? []);
  return feature !== null && !plans[actor.workspace.plan][feature] ? featureNotAvailable(feature) : null;
}

const isWithin = ({ hints, toolset }: Tool, restrictions: Restrictions): boolean =>
  (hints.readOnlyHint || !restrictions.readOnly) &&
  (toolset === null || restrictions.toolsets === null || restrictions.toolsets.has(toolset));

/** The tools that a caller is told of; the texts of each kind of caller are put together once. */
export class Listing {
  private readonly lists = new Map<string, PublishedTool[]>();
  private readonly byName: ReadonlyMap<string, Tool>;

  constructor(readonly tools: readonly Tool[]) {
    this.byName = new Map(tools.map((tool) => [tool.name, tool]));
  }

  for(actor: Actor, restrictions: Restrictions): PublishedTool[] {
    const { readOnly, toolsets: sets } = restrictions;
    // There are few kinds: subsets of six scopes, on three plans.
    const kind = [actor.workspace.plan, (actor.scopes ?? []).toSorted(), readOnly, [...(sets ?? ['all'])]].join(' ');
    const known = this.lists.get(kind);
    if (known !== undefined) return known;
    const visible = this.tools.filter((one) => isWithin(one, restrictions) && objectionTo(one, actor) === null);
    const list = visible.map(published);
    this.lists.set(kind, list);
    return list;
  }

  /** The tool of that name, unless the client took it away from itself. */
  find(name: string, restrictions: Restrictions): Tool | null {
    const found = this.byName.get(name);
    return found !== undefined && isWithin(found, restrictions) ? found : null;
  }

  /** The names that are like this one. */
  near(name: string, actor: Actor, restrictions: Restrictions): string[] {
    const words = new Set(name.toLowerCase().split(/[^a-z]+/));
    const names = this.for(actor, restrictions).map((one) => one.name);
    const near = names.filter((one) => one.split('_').some((word) => words.has(word) || words.has(word.slice(0, -1))));
    return near.length > 0 ? near : names;
  }
}

function published({ name, title, description, hints, input, output }: Tool): PublishedTool {
  return {
    name,
    title,
    description,
    inputSchema: input as PublishedTool['inputSchema'],
    outputSchema: output,
    annotations: { ...hints },
  };
}
