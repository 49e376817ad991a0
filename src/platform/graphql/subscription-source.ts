/** Stands in a `@Subscription` for the source of its events, which `graphql/schema` sets once the services are there. */
export const subscribedLater = (): never => {
  throw new Error('a subscription has no source: add its line to graphql/schema.ts');
};
