import type { ConversionDestination } from './destination.entity.js';
import { targetOf, type PlatformClient } from './platform-client.js';
import type { Credential } from './platforms/credential.js';
import { withDigestsCut } from './platforms/digest.js';
import { clickIds, type ConversionEvent, type ConversionVerdict } from './platforms/platform.js';
import { platformNamed } from './platforms/platforms.js';
import { eachOf } from './snapshot.js';

export interface ConnectionTest {
  readonly verdict: ConversionVerdict;
  /** The body that went out, its digests cut to 8 characters. */
  readonly sent: Readonly<Record<string, unknown>>;
}

/** Sends a synthetic person at once, by the destination's test code where it has one; nothing of it is kept. */
export async function testConnection(
  client: PlatformClient,
  destination: ConversionDestination,
  credential: Credential,
  at: Date,
): Promise<ConnectionTest> {
  const platform = platformNamed(destination.platform);
  const event = syntheticEvent(destination.eventName, at);
  const built = platform.build(event, targetOf(destination, platform, true), client.versionOf(platform));
  if (!built.ok) throw new Error(`${platform.name} builds nothing of the synthetic event: ${built.reason}`);
  const party = { workspaceId: destination.workspaceId, destinationId: destination.id, credential };
  const { verdict } = await client.send(platform, built.request, party, platform.classify);
  const sent = JSON.parse(withDigestsCut(JSON.stringify(built.request.body ?? {}))) as ConnectionTest['sent'];
  return { verdict, sent };
}

/** A person that anybody recognises as made up, whose addresses are nobody's: for a test of the connection. */
const syntheticEvent = (name: string, at: Date): ConversionEvent => ({
  id: `connection-test-${at.getTime().toString(36)}:${name}`,
  name,
  occurredAt: at,
  person: {
    email: 'connection.test@example.com',
    phone: '+12025550123',
    firstName: 'Connection',
    lastName: 'Test',
    city: 'San Francisco',
    region: 'CA',
    postalCode: '94105',
    country: 'US',
    externalId: 'connection-test',
  },
  clickIds: eachOf(clickIds),
  firstSeenAt: at,
  page: null,
  referrer: null,
  ip: null,
  userAgent: null,
  value: null,
  adUserData: 'granted',
  adPersonalization: 'granted',
  limitedUse: false,
});
