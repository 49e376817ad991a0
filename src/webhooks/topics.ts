/**
 * Every notification that webhooks send to each other's processes, through `Notifications`. A notification may be lost,
 * so whoever listens must also find by looking what the notification would have said; a stream of deliveries, which
 * cannot, is cut where one may have been. Of other rooms' topics webhooks listen to `workspaceChanged`, and send and listen
 * to `eventsPlaced`.
 */

/** Subjects are ids of endpoints with new deliveries: fan-out and replays tell the worker that owns the endpoint. */
export const deliveriesDue = 'webhook-deliveries-due';

/** Subjects are ids of endpoints: services and pauses tell workers to read the endpoint again. */
export const endpointChanged = 'webhook-endpoint-changed';

/** Subjects are ids of workspaces of which a person was erased: workers forget the texts of events that they have read. */
export const payloadsErased = 'webhook-payloads-erased';

/**
 * Subjects are ids of workspaces in which somebody sent events once more: whoever follows their deliveries looks for
 * those that were made. Of those that fan-out makes `eventsPlaced` tells.
 */
export const deliveriesMade = 'webhook-deliveries-made';

/**
 * Subjects are ids of workspaces and of endpoints whose deliveries somebody follows: only of these do workers tell each
 * delivery by its name.
 */
export const deliveriesFollowed = 'webhook-deliveries-followed';

/** A worker that begins to listen asks who follows, and is answered at once with `deliveriesFollowed`. */
export const followersSought = 'webhook-followers-sought';

/** Subjects are those that `updated` makes: whoever changes deliveries tells those who follow them. */
export const deliveryUpdated = 'webhook-delivery-updated';

export const updated = {
  /** One delivery changed. */
  one: (workspaceId: string, { endpointId, id }: { endpointId: string; id: string }) =>
    `${workspaceId} ${endpointId} ${id}`,
  /** Many of an endpoint's deliveries did: any that is open, and any that ended since then. */
  many: (workspaceId: string, endpointId: string, since: Date) => `${workspaceId} ${endpointId} ${since.getTime()}`,
};

/** Subjects are ids of replays: the worker that takes a step tells those who follow the replay. */
export const replayProgressed = 'webhook-replay-progressed';
