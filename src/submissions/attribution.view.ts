import { Field, ObjectType } from 'type-graphql';
import { Costs, listInRow, partOfRow } from '../platform/graphql/field-cost.js';
import { DateTime } from '../platform/graphql/scalars.js';

/** By which an ad platform knows the click that brought a person, and what each is. */
export const clickIds = {
  fbclid: "Meta's click id.",
  fbc: "Meta's cookie `_fbc`.",
  fbp: "Meta's cookie `_fbp`.",
  gclid: "Google's click id.",
  gbraid: "Google's click id from an app to the web.",
  wbraid: "Google's click id where it may know no person.",
  liFatId: "LinkedIn's click id.",
  ttclid: "TikTok's click id.",
  ttp: "TikTok's cookie `_ttp`.",
  msclkid: "Microsoft's click id.",
} as const;
export const utmParameters = {
  utmSource: '`utm_source`.',
  utmMedium: '`utm_medium`.',
  utmCampaign: '`utm_campaign`.',
  utmTerm: '`utm_term`.',
  utmContent: '`utm_content`.',
} as const;
export const pageAddresses = {
  landingPage: 'The page on which the person came in.',
  referrer: 'The page from which the person came.',
} as const;
export const sightTimes = {
  firstSeenAt: 'When the click was first seen, in ISO 8601.',
  lastSeenAt: 'When it was last seen, in ISO 8601.',
} as const;

type ClickIdKey = keyof typeof clickIds;
export type AttributionKey =
  ClickIdKey | keyof typeof utmParameters | keyof typeof pageAddresses | keyof typeof sightTimes;

export type Consent = 'granted' | 'denied';

@ObjectType('AttributionConsent', { description: 'What a person consented to.', simpleResolvers: true })
export class AttributionConsent {
  @Field(() => String, {
    nullable: true,
    description: '`granted` or `denied`: may ad platforms be told of the person? null where nothing was said.',
  })
  adUserData!: Consent | null;

  @Field(() => String, { nullable: true, description: '`granted` or `denied`, likewise for personalised ads.' })
  adPersonalization!: Consent | null;

  @Field(() => Boolean, { description: 'The person opted out under a law of the United States.' })
  limitedUse!: boolean;

  /** ISO 8601 in UTC, like all times here. */
  @Field(() => DateTime, { description: 'When it was last recorded otherwise than before.' })
  recordedAt!: string;
}

/** Where a submission came from, as it stands in `submissions.attribution`: a key of which nothing is known is absent. */
export interface Attribution extends Partial<Record<AttributionKey, string>> {
  consent: AttributionConsent | null;
  /** Keys whose last text had not the right form, in camelCase. */
  dropped: string[];
  /** Keys, and names of consents, of which a hidden field of the bot speaks and the caller does not. */
  hidden: string[];
}

@ObjectType('Attribution', {
  description: 'Where a submission came from; without the ip and the user agent, which are not kept with it.',
  simpleResolvers: true,
})
export class AttributionView {
  @Costs(partOfRow)
  @Field(() => AttributionConsent, { nullable: true, description: 'What the person consented to.' })
  consent!: AttributionConsent | null;

  @Costs(listInRow)
  @Field(() => [String], { description: 'What was sent in a form that it cannot have, and was left out.' })
  dropped!: string[];
}
for (const [key, description] of Object.entries({ ...clickIds, ...utmParameters, ...pageAddresses })) {
  Field(() => String, { nullable: true, description })(AttributionView.prototype, key);
}
for (const [key, description] of Object.entries(sightTimes)) {
  Field(() => DateTime, { nullable: true, description })(AttributionView.prototype, key);
}

/** The person's own address and browser, never the caller's: kept by a follower or by nobody. */
export interface PersonOrigin {
  ip: string | null;
  userAgent: string | null;
}
