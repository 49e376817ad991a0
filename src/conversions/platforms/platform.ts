/**
 * What a platform is to everything else here: how a conversion is told to it, and what its answer means. All of it is
 * pure; the sender does the sending. To add a platform is to write its file and to add its line to `platforms`.
 */
import type { ClassType } from 'type-graphql';
import type { z } from 'zod';
import type { Input } from '../../platform/validate.js';
import type { CredentialName } from './credential.js';

/** A granted or denied consent; null where nothing was recorded. */
export type ConsentState = 'granted' | 'denied' | null;

/**
 * A conversion as every platform is told of it, frozen when its submission completed, so that each try sends the same.
 * What is not known is null, never an empty text.
 */
export interface ConversionEvent {
  /** `<submission id>:<event name>`, by which the platform counts it once. */
  readonly id: string;
  readonly name: string;
  readonly occurredAt: Date;
  /** As the person wrote it, trimmed; `phone` in E.164, `country` and a US `region` as upper-case ISO codes: see person.ts. */
  readonly person: Readonly<Record<PersonField, string | null>>;
  readonly clickIds: Readonly<Record<ClickId, string | null>>;
  /** When the click was first seen: from the attribution, else when the submission was created. */
  readonly firstSeenAt: Date;
  /** Addresses as they may leave: no fragment, no query but click ids and `utm_*`. */
  readonly page: string | null;
  readonly referrer: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  readonly value: { readonly amount: number; readonly currency: string } | null;
  readonly adUserData: ConsentState;
  readonly adPersonalization: ConsentState;
  /** The person opted out under a law of the United States. */
  readonly limitedUse: boolean;
}

export const personFields = [
  'email',
  'phone',
  'firstName',
  'lastName',
  'city',
  'region',
  'postalCode',
  'country',
  'externalId',
] as const;
export type PersonField = (typeof personFields)[number];

export const clickIds = ['fbclid', 'fbc', 'fbp', 'gclid', 'gbraid', 'wbraid', 'liFatId', 'ttclid', 'ttp'] as const;
type ClickId = (typeof clickIds)[number];

/** What of a destination a platform builds by; never its credential. */
export interface ConversionTarget {
  /** The ids of the account, by the names that `Platform.settings` has. */
  readonly settings: Readonly<Record<string, string>>;
  /** Marks what is sent as a test; null in earnest. */
  readonly testCode: string | null;
  /** The platform checks what is sent and counts nothing, where it can do that. */
  readonly validateOnly: boolean;
  /** Canonical fields that the destination's mapping names by hand. */
  readonly mappedByHand: readonly PersonField[];
}

export type ConversionSkipReason =
  | 'no_consent'
  | 'no_match_keys'
  | 'too_old'
  | 'test_submission'
  | 'plan'
  | 'erased'
  | 'destination_deleted'
  | 'held_dropped';

/** What of the event could not be sent and was left out, by its name in the platform's body. */
type Built =
  | { readonly ok: true; readonly request: PlatformRequest; readonly dropped: readonly string[] }
  | { readonly ok: false; readonly reason: ConversionSkipReason };

/** A request without its credential; `path` is appended to the platform's base address. */
export interface PlatformRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; null for GET. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

/** How a request ended: an answer, or why there was none. */
export interface PlatformAnswer {
  /** The HTTP status; null where no answer came. */
  readonly status: number | null;
  /** The answer's header by its lower-case name. */
  readonly header: (name: string) => string | null;
  readonly body: string;
  /** Why no answer came; null where one did. */
  readonly error: string | null;
}

export type ConversionVerdictKind = 'DELIVERED' | 'ACCEPTED' | 'RETRY' | 'REJECTED' | 'AUTH_BROKEN' | 'CONFIG_BROKEN';

/** What an answer means for a conversion; the sender turns it into what happens next. */
export interface ConversionVerdict {
  readonly kind: ConversionVerdictKind;
  /** The platform's own code, `190/463`, `EVENT_TOO_OLD`, or the HTTP status where it gave none. */
  readonly code: string | null;
  /** The platform's words, at most 500 characters; for a broken destination also which field to mend. */
  readonly message: string;
  /** By which the platform's support finds the request. */
  readonly traceId: string | null;
  /** Not before so many milliseconds from now, whatever the backoff says; the sender heeds the answer's `Retry-After`. */
  readonly notBeforeMs?: number;
  /** ACCEPTED: what to ask for later. */
  readonly reference?: string;
}

export interface Platform {
  /** As inputs, tables, metrics and the operator's settings name it: "meta". */
  readonly name: string;
  /** As people know it: "Meta", "Google Ads". */
  readonly title: string;
  /** For so many days after the event the platform takes it; held conversions wait no longer. */
  readonly ageDaysMax: number;
  /** For so many days a credential serves; null where it does not end by itself. */
  readonly credentialDays: number | null;
  /** The base address and API version, unless the operator sets others. */
  readonly baseUrl: string;
  readonly apiVersion: string;
  /** How "Test connection" tries it: nothing counts, a test code is needed, or a real conversion results. */
  readonly test: 'validates' | 'by_code' | 'by_code_and_counts' | 'counts';
  /** The ids and the credential of an account as an owner gives them: all optional, see `readAccount`. */
  readonly input: Input<z.ZodRawShape> & { readonly type: ClassType };
  /** Which of the input's fields are ids, that may be read again. */
  readonly settings: Readonly<Record<string, 'required' | 'optional'>>;
  /** Which of the input's fields are credentials; a destination has one of them. */
  readonly credentials: readonly CredentialName[];
  /** The request that tells the platform of the event, or why there is none. @throws nothing */
  build(event: ConversionEvent, target: ConversionTarget, apiVersion: string): Built;
  /** The request with the token where the platform wants it. */
  authorize(request: PlatformRequest, token: string): PlatformRequest;
  /** @param sent the authorised request: what it says of the person, and its token, never come back in the verdict's words */
  classify: (answer: PlatformAnswer, sent: PlatformRequest) => ConversionVerdict;
  /** Platforms that only accept at first: the request that asks what became of it, and what the answer means. */
  readonly later?: {
    ask(reference: string): PlatformRequest;
    /**
     * RETRY means to send the event again. An answer that decides nothing, because the platform is still at it or could
     * not be asked, is ACCEPTED: then the question is to be repeated.
     */
    classify: (answer: PlatformAnswer, sent: PlatformRequest) => ConversionVerdict;
  };
}
