import type {
  ConversionEvent,
  Platform,
  PlatformAnswer,
  PlatformRequest,
  ConversionTarget,
} from '../../../src/conversions/platforms/platform.js';

/** The person and the click of the platforms' documents: everything is known of her. */
export const event: ConversionEvent = {
  id: 'cm7abc12x0001yz9k8mno3pqr:Lead',
  name: 'Lead',
  occurredAt: new Date('2026-09-14T10:15:30.250Z'),
  person: {
    email: 'Jane.Doe+Lead@Gmail.com',
    phone: '+14155550132',
    firstName: 'Jane',
    lastName: 'Doe',
    city: 'San Francisco',
    region: 'CA',
    postalCode: '94105-1234',
    country: 'US',
    externalId: 'cm7abc12x0001yz9k8mno3pqr',
  },
  clickIds: {
    fbclid: 'IwAR2-AbC_dEf',
    fbc: null,
    fbp: 'fb.1.1789370000000.1098115397',
    gclid: 'EAIaIQobChMI_x-Y',
    gbraid: null,
    wbraid: null,
    liFatId: 'df5gf5-gh6t7-ph4j7h-fgf6n1',
    ttclid: 'E.C.P.v3fQ2RHacdksKfofPmlyuStIIFJ',
    ttp: '94e2a4j9-h3ss-k1b5-98cc-c84n745mk145',
  },
  firstSeenAt: new Date(1_789_380_000_000),
  page: 'https://example.com/landing',
  referrer: 'https://google.com/',
  ip: '203.0.113.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
  value: { amount: 25.5, currency: 'USD' },
  adUserData: 'granted',
  adPersonalization: 'granted',
  limitedUse: false,
};

/** Nothing is known but that it happened. */
export const bareEvent: ConversionEvent = {
  ...event,
  person: {
    email: null,
    phone: null,
    firstName: null,
    lastName: null,
    city: null,
    region: null,
    postalCode: null,
    country: null,
    externalId: null,
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
  page: null,
  referrer: null,
  ip: null,
  userAgent: null,
  value: null,
};

const settings: Record<string, ConversionTarget['settings']> = {
  meta: { datasetId: '1234567890123456' },
  google: { operatingAccountId: '9876543210', conversionActionId: '7123456789' },
  linkedin: { conversionUrn: 'urn:lla:llaPartnerConversion:104012' },
  tiktok: { eventSourceId: 'C1234567890ABCDEF' },
};

export const targetOf = (platform: Platform, changes: Partial<ConversionTarget> = {}): ConversionTarget => ({
  settings: settings[platform.name] ?? {},
  testCode: null,
  validateOnly: false,
  mappedByHand: [],
  ...changes,
});

/** The request that a platform builds, or an error with the reason why there is none. */
export function built(
  platform: Platform,
  of: ConversionEvent = event,
  changes: Partial<ConversionTarget> = {},
): PlatformRequest {
  const result = platform.build(of, targetOf(platform, changes), platform.apiVersion);
  if (!result.ok) throw new Error(`skipped: ${result.reason}`);
  return result.request;
}

export const skipReason = (platform: Platform, of: ConversionEvent) => {
  const result = platform.build(of, targetOf(platform), platform.apiVersion);
  return result.ok ? null : result.reason;
};

export const droppedOf = (platform: Platform, of: ConversionEvent) => {
  const result = platform.build(of, targetOf(platform), platform.apiVersion);
  return result.ok ? result.dropped : null;
};

export const knowing = (person: Partial<ConversionEvent['person']>): ConversionEvent => ({
  ...bareEvent,
  person: { ...bareEvent.person, ...person },
});

export const clicking = (clickIds: Partial<ConversionEvent['clickIds']>): ConversionEvent => ({
  ...bareEvent,
  clickIds: { ...bareEvent.clickIds, ...clickIds },
});

export const answer = (
  status: number | null,
  body: unknown = '',
  headers: Readonly<Record<string, string>> = {},
): PlatformAnswer => ({
  status,
  header: (name) => headers[name] ?? null,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  error: status === null ? 'the answer took longer than 10 s' : null,
});
