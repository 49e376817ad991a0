import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import type { OperationContext } from '../platform/graphql/operation-context.js';
import { invalid } from '../platform/errors.js';
import { Costs } from '../platform/graphql/field-cost.js';
import { kindOf } from '../platform/id.js';
import { isNodeKind, Node, type NodeKind } from '../platform/graphql/node.js';
import { pageSizeMax } from '../platform/page-request.js';

/** How objects of each kind are looked up; each service checks whether the caller may. */
export type NodeSources = Record<
  NodeKind,
  (actor: Actor, ids: readonly string[], context: OperationContext) => Promise<{ id: string }[]>
>;

@Resolver()
export class NodeResolver {
  constructor(private readonly sources: NodeSources) {}

  @Query(() => Node, {
    nullable: true,
    description: 'Anything by its id; null when there is nothing. Needs what the query of that thing needs.',
  })
  async node(
    @Ctx() context: OperationContext,
    @Arg('id', () => ID, { description: 'Any id.' }) id: string,
  ): Promise<Node | null> {
    return await this.find(context, id);
  }

  @Costs({ rows: { argument: 'ids', byDefault: 0, max: pageSizeMax } })
  @Query(() => [Node], {
    nullable: 'items',
    description:
      'Things by their ids, at most 100, null where there is nothing. Needs what the queries of those things need.',
  })
  async nodes(
    @Ctx() context: OperationContext,
    @Arg('ids', () => [ID], { description: 'Ids of any kind.' }) ids: string[],
  ): Promise<(Node | null | Error)[]> {
    if (ids.length > pageSizeMax) throw invalid('ids', 'too_long', `must have at most ${pageSizeMax} entries`);
    const found = await Promise.allSettled(ids.map(async (id) => this.find(context, id)));
    // In place of an object that the caller may not see stands an error; the others are given.
    return found.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error)));
  }

  private async find(context: OperationContext, id: string): Promise<Node | null> {
    const kind = kindOf(id);
    if (!isNodeKind(kind)) return null;
    return await context.load(kind, id, async (actor, ids) => await this.sources[kind](actor, ids, context));
  }
}
