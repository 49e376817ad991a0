import { graphql } from '../../graphql';
import { useRead } from '../../server';

const HeldOf = graphql(`
  query HeldOf($filter: ConversionFilter) {
    conversions(first: 1, filter: $filter) {
      totalCount
    }
  }
`);

/** How many conversions a destination holds; undefined until that is counted. */
export function useHeld(destinationId: string): number | undefined {
  const { data } = useRead(HeldOf, { filter: { destinationId, status: ['HELD'] } }, { types: ['Conversion'] });
  return data?.conversions.totalCount;
}
