/**
 * Every notification that webhooks send to each other's processes, through `Notifications`. A notification may be lost,
 * so whoever listens must also find by looking what the notification would have said. Of other rooms' topics webhooks
 * listen to `workspaceChanged` and send `eventsPlaced`.
 */

/** Subjects are ids of endpoints with new deliveries: fan-out and replays tell the worker that owns the endpoint. */
export const deliveriesDue = 'webhook-deliveries-due';

/** Subjects are ids of endpoints: services and pauses tell workers to read the endpoint again. */
export const endpointChanged = 'webhook-endpoint-changed';

/** Subjects are ids of workspaces of which a person was erased: workers forget the texts of events that they have read. */
export const payloadsErased = 'webhook-payloads-erased';

/** Subjects are ids of endpoints whose deliveries somebody follows: only of these do workers send `deliveryUpdated`. */
export const deliveriesFollowed = 'webhook-deliveries-followed';

/** Subjects are `<endpoint id> <delivery id>`: workers tell those who follow the endpoint. */
export const deliveryUpdated = 'webhook-delivery-updated';

/** Subjects are ids of replays: the worker that takes a step tells those who follow the replay. */
export const replayProgressed = 'webhook-replay-progressed';
