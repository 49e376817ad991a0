import type { ConversionEvent } from './platforms/platform.js';

/** A person that anybody recognises as made up, whose addresses are nobody's: for a test of the connection. */
export const syntheticEvent = (name: string, at: Date): ConversionEvent => ({
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
  clickIds: {
    fbclid: null,
    fbc: null,
    fbp: null,
    gclid: null,
    gbraid: null,
    wbraid: null,
    liFatId: null,
    ttclid: null,
    ttp: null,
  },
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
