/** By which an ad platform knows the click that brought a person. */
export const clickIds = [
  'fbclid',
  'fbc',
  'fbp',
  'gclid',
  'gbraid',
  'wbraid',
  'liFatId',
  'ttclid',
  'ttp',
  'msclkid',
] as const;
export const utmParameters = ['utmSource', 'utmMedium', 'utmCampaign', 'utmTerm', 'utmContent'] as const;
export const pageAddresses = ['landingPage', 'referrer'] as const;
/** ISO 8601 in UTC, as `Date.toISOString` writes it. */
export const sightTimes = ['firstSeenAt', 'lastSeenAt'] as const;

export type AttributionKey =
  | (typeof clickIds)[number]
  | (typeof utmParameters)[number]
  | (typeof pageAddresses)[number]
  | (typeof sightTimes)[number];

export type Consent = 'granted' | 'denied';

/** What a person consented to; null where nothing was said of it. */
export interface AttributionConsent {
  adUserData: Consent | null;
  adPersonalization: Consent | null;
  /** The person opted out under a law of the United States. */
  limitedUse: boolean;
  /** ISO 8601 in UTC. */
  recordedAt: string;
}

/**
 * Where a submission came from, as it stands in `submissions.attribution`; never with the person's ip or user agent. A
 * key of which nothing is known is absent.
 */
export interface Attribution extends Partial<Record<AttributionKey, string>> {
  consent: AttributionConsent | null;
  /** Keys whose last text had not the right form and was left out. */
  dropped: string[];
}

/** The person's own address and browser, never the caller's: kept by a follower or by nobody. */
export interface PersonOrigin {
  ip: string | null;
  userAgent: string | null;
}
