import type { AttributionConsent } from '../submissions/attribution.view.js';
import type { Conversion } from './conversion.entity.js';
import { pageToSend } from './page-address.js';
import { clickIds, personFields, type ConsentState, type ConversionEvent } from './platforms/platform.js';

/**
 * What is told of a conversion at each of its tries, frozen when its submission completed: the same digests, whatever
 * becomes of the submission and of the bot's mapping. The rest of its event stands in its row.
 */
export interface Snapshot extends Omit<ConversionEvent, 'id' | 'name' | 'occurredAt'> {
  /** Both as they came: what of them may leave is looked at when they do. */
  readonly page: string | null;
  readonly referrer: string | null;
  readonly isTest: boolean;
}

/** Without what is null, as most of it is: it is sealed and stored with each conversion. */
export function snapshotText({ person, clickIds: clicks, ...rest }: Snapshot): string {
  return JSON.stringify({ ...known(rest), person: known(person), clickIds: known(clicks) });
}

function known(values: object): object {
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) if (value !== null && value !== false) found[name] = value;
  return found;
}

/** The value of each of these names; null where there is none. */
export const eachOf = <Name extends string>(
  names: readonly Name[],
  values?: Partial<Record<Name, string | null>> | null,
) => Object.fromEntries(names.map((name) => [name, values?.[name] ?? null])) as Record<Name, string | null>;

/** @throws when it is no snapshot */
export function readSnapshot(text: string): Snapshot {
  const kept = JSON.parse(text) as Partial<Omit<Snapshot, 'firstSeenAt'>> & { firstSeenAt: string };
  return {
    person: eachOf(personFields, kept.person),
    clickIds: eachOf(clickIds, kept.clickIds),
    firstSeenAt: new Date(kept.firstSeenAt),
    page: kept.page ?? null,
    referrer: kept.referrer ?? null,
    ip: kept.ip ?? null,
    userAgent: kept.userAgent ?? null,
    value: kept.value ?? null,
    adUserData: kept.adUserData ?? null,
    adPersonalization: kept.adPersonalization ?? null,
    limitedUse: kept.limitedUse ?? false,
    isTest: kept.isTest ?? false,
  };
}

/**
 * The event as it is told now: what the person consented to at the lead and consents to today. What was taken back since is
 * not used, be it denied or no longer said; nor is what was given since.
 */
export function eventOf(
  { eventId, eventName, occurredAt }: Pick<Conversion, 'eventId' | 'eventName' | 'occurredAt'>,
  snapshot: Snapshot,
  consent: AttributionConsent | null,
): ConversionEvent {
  return {
    ...snapshot,
    id: eventId,
    name: eventName,
    occurredAt,
    page: pageToSend(snapshot.page),
    referrer: pageToSend(snapshot.referrer),
    adUserData: both(snapshot.adUserData, consent?.adUserData),
    adPersonalization: both(snapshot.adPersonalization, consent?.adPersonalization),
    limitedUse: snapshot.limitedUse || consent?.limitedUse === true,
  };
}

function both(then: ConsentState, now: ConsentState = null): ConsentState {
  if (then === 'denied' || now === 'denied') return 'denied';
  return then === now ? then : null;
}
