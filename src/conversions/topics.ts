/** Every notification that conversions send to each other's processes, through `Notifications`; one may be lost. */

/** Subjects are those that `updated` makes: whoever makes or changes a conversion tells those who follow them. */
export const conversionUpdated = 'conversion-updated';

export const updated = (workspaceId: string, { destinationId, id }: { destinationId: string; id: string }) =>
  `${workspaceId} ${destinationId} ${id}`;

/** Subjects are names of platforms: there are conversions for them to be told of. */
export const conversionsDue = 'conversions-due';

/** Subjects are bots whose destinations have changed. */
export const destinationChanged = 'conversion-destination-changed';
