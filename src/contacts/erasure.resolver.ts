import { Arg, Ctx, ID, Query, Resolver } from 'type-graphql';
import type { Actor } from '../platform/actor.js';
import { Erasure } from './erasure.entity.js';
import type { ErasureService } from './erasure.service.js';

@Resolver(() => Erasure)
export class ErasureResolver {
  constructor(private readonly erasures: ErasureService) {}

  @Query(() => Erasure, {
    name: 'erasure',
    nullable: true,
    description: 'An erasure by its id, to see how far it is. For people, not for keys.',
  })
  async get(
    @Ctx('actor') actor: Actor,
    @Arg('id', () => ID, { description: 'The erasure id, from `deleteContact`.' }) id: string,
  ): Promise<Erasure> {
    return await this.erasures.get(actor, id);
  }
}
