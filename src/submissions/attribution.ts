import { isIP } from 'node:net';
import { fieldsOf } from '../intake-bots/bot-schema.js';
import type { IntakeBot } from '../intake-bots/intake-bot.entity.js';
import type { Issue } from '../platform/errors.js';
import { charactersIn, isSameJson, textCharactersMax, unstorableText } from '../platform/text/storable-json.js';
import { isoDate, spell, type Spelling } from '../platform/validate.js';
import type { Answers } from './answers.js';
import {
  clickIds,
  pageAddresses,
  sightTimes,
  utmParameters,
  type Attribution,
  type AttributionConsent,
  type AttributionKey,
  type Consent,
  type PersonOrigin,
} from './attribution.view.js';
import type { Submission } from './submission.entity.js';

const clickIdCharactersMax = 1_000;
const userAgentCharactersMax = 1_000;

/** A text as it is kept; null where it has not the right form. */
type Form = (text: string) => string | null;

const clickId: Form = (text) => (/^[\w.~-]+$/.test(text) && text.length <= clickIdCharactersMax ? text : null);
const line =
  (charactersMax: number): Form =>
  (text) =>
    charactersIn(text) <= charactersMax && unstorableText(text) === null && !/\p{Cc}/u.test(text) ? text : null;
const moment: Form = (text) => isoDate.safeParse(text).data?.toISOString() ?? null;
const address: Form = (text) => (isIP(text) === 0 ? null : text);

const formOfAll = (keys: object, form: Form) => Object.keys(keys).map((key) => [key, form] as const);
const forms = Object.fromEntries([
  ...formOfAll(clickIds, clickId),
  ...formOfAll({ ...utmParameters, ...pageAddresses }, line(textCharactersMax)),
  ...formOfAll(sightTimes, moment),
]) as Readonly<Record<AttributionKey, Form>>;
const attributionKeys = Object.keys(forms) as AttributionKey[];
const originForms = { ip: address, userAgent: line(userAgentCharactersMax) } as const;

/** What hidden fields of a bot may say, by their names. */
const keysOfFields: ReadonlyMap<string, AttributionKey> = new Map(
  (Object.keys({ ...clickIds, ...utmParameters }) as AttributionKey[]).map((key) => [spell(key, 'snake_case'), key]),
);
const consentsOfFields: ReadonlyMap<string, 'adUserData' | 'adPersonalization'> = new Map([
  ['ad_user_data', 'adUserData'],
  ['ad_personalization', 'adPersonalization'],
] as const);

type Texts = Partial<Record<AttributionKey, string>>;

interface Consents {
  adUserData?: Consent;
  adPersonalization?: Consent;
  limitedUse?: boolean;
}

/** What a door has found to be texts, each of which may still have the wrong form. */
export interface SentAttribution extends Partial<
  Record<AttributionKey | keyof typeof originForms, string | undefined>
> {
  consent?:
    | { adUserData?: string | undefined; adPersonalization?: string | undefined; limitedUse?: boolean | undefined }
    | undefined;
}

/** What a caller says of where a submission came from. */
export class GivenAttribution {
  readonly texts: Texts = {};
  readonly consent: Consents;
  /** Keys whose text had not the right form, which is no reason to lose a lead. */
  readonly dropped: string[] = [];
  /** Null where nothing is said of the person's address and browser. */
  readonly origin: PersonOrigin | null;

  constructor(
    sent: SentAttribution,
    private readonly spelling: Spelling,
  ) {
    for (const key of attributionKeys) {
      const text = this.read(key, sent[key], forms[key]);
      if (text !== null) this.texts[key] = text;
    }
    const origin = {
      ip: this.read('ip', sent.ip, originForms.ip),
      userAgent: this.read('userAgent', sent.userAgent, originForms.userAgent),
    };
    this.origin = origin.ip === null && origin.userAgent === null ? null : origin;
    const { adUserData, adPersonalization, limitedUse } = sent.consent ?? {};
    this.consent = {
      ...(adUserData !== undefined && { adUserData: consentIn(adUserData) }),
      ...(adPersonalization !== undefined && { adPersonalization: consentIn(adPersonalization) }),
      ...(limitedUse !== undefined && { limitedUse }),
    };
  }

  /** Keys that say something beside the consent, as the door spells them. */
  get besideConsent(): string[] {
    const origin = Object.entries(this.origin ?? {}).flatMap(([key, text]) => (text === null ? [] : [key]));
    return [...Object.keys(this.texts), ...origin, ...this.dropped].map((key) => spell(key, this.spelling));
  }

  /** An empty text says nothing. */
  private read(key: string, sent: string | undefined, form: Form): string | null {
    const text = sent?.trim() ?? '';
    if (text === '') return null;
    const read = form(text);
    if (read === null) this.dropped.push(key);
    return read;
  }
}

/** Whatever is given as a consent and is not exactly `granted` is a denial. */
const consentIn = (given: unknown): Consent => (given === 'granted' ? 'granted' : 'denied');

/** Why a submission must not take this: once it is completed, the consent alone may change. */
export function attributionIssues(before: Submission, sent: unknown): Issue[] {
  if (before.status !== 'COMPLETED') return [];
  const message = 'cannot change once the submission is completed; consent alone can';
  const given = sent instanceof GivenAttribution ? sent.besideConsent : knownKeysOf(sent);
  return given.map((key) => ({ path: `attribution.${key}`, code: 'not_allowed', message }));
}

const knownKeys = new Set(
  [...attributionKeys, ...Object.keys(originForms)].flatMap((key) => [key, spell(key, 'snake_case')]),
);

/** Of what a door has refused already, as it was sent. */
const knownKeysOf = (sent: unknown): string[] =>
  typeof sent !== 'object' || sent === null
    ? []
    : Object.entries(sent).flatMap(([key, value]) => (knownKeys.has(key) && value !== null ? [key] : []));

/** The submission that an attribution is for, as the change leaves it. */
interface Attributed {
  bot: IntakeBot;
  data: Answers;
  /** The submission was completed before this change: its attribution stays, its consent alone may change. */
  isCompleted: boolean;
}

/**
 * Where a submission came from, by what was known, by what the caller gives now, and, where neither says anything, by the
 * answers in the bot's hidden fields; null where nothing is known.
 * @param at when a consent is recorded that differs from the one before
 */
export function attributionAfter(
  { bot, data, isCompleted }: Attributed,
  before: Attribution | null,
  given: GivenAttribution | undefined,
  at: Date,
): Attribution | null {
  const answered = answeredIn(bot, data);
  // Of most submissions nothing is known.
  if (before === null && given === undefined && isEmpty(answered.texts) && isEmpty(answered.consents)) return null;
  const { consent = null, dropped = [], hidden = [], ...texts } = before ?? {};
  const said = { ...without(texts, hidden), ...given?.texts };
  const consentSaid = { ...without(consentsOf(consent), hidden), ...given?.consent };
  const textsAfter = isCompleted ? texts : { ...answered.texts, ...said };
  const consents = { ...answered.consents, ...consentSaid };
  const droppedAfter = [
    ...dropped.filter((key) => !Object.hasOwn(given?.texts ?? {}, key)),
    ...(given?.dropped ?? []).filter((key) => !dropped.includes(key)),
  ];
  const after: Attribution = {
    ...textsAfter,
    consent: recorded(consents, consent, at),
    dropped: droppedAfter,
    hidden: [...keysBeside(textsAfter, said), ...keysBeside(consents, consentSaid)],
  };
  return isEmpty(textsAfter) && droppedAfter.length === 0 && after.consent === null ? null : after;
}

const isEmpty = (object: object) => Object.keys(object).length === 0;

/** What the answers in a bot's hidden fields say; an answer of a form that cannot be is none. */
function answeredIn({ schema }: IntakeBot, data: Answers): { texts: Texts; consents: Consents } {
  const [texts, consents]: [Texts, Consents] = [{}, {}];
  for (const { name, type } of fieldsOf(schema)) {
    const answer = type === 'hidden' && Object.hasOwn(data, name) ? data[name] : null;
    if (answer === null || answer === undefined || answer === '') continue;
    const [key, consent] = [keysOfFields.get(name), consentsOfFields.get(name)];
    const text = key === undefined || typeof answer !== 'string' ? null : forms[key](answer.trim());
    if (key !== undefined && text !== null) texts[key] = text;
    if (consent !== undefined) consents[consent] = consentIn(answer);
  }
  return { texts, consents };
}

function recorded(consents: Consents, before: AttributionConsent | null, at: Date): AttributionConsent | null {
  if (isEmpty(consents)) return null;
  const { adUserData = null, adPersonalization = null, limitedUse = false } = consents;
  const after = { adUserData, adPersonalization, limitedUse };
  const isAsBefore = before !== null && isSameJson({ ...after, recordedAt: before.recordedAt }, before);
  return { ...after, recordedAt: isAsBefore ? before.recordedAt : at.toISOString() };
}

function consentsOf(consent: AttributionConsent | null): Consents {
  if (consent === null) return {};
  const { adUserData, adPersonalization, limitedUse } = consent;
  return { limitedUse, ...(adUserData && { adUserData }), ...(adPersonalization && { adPersonalization }) };
}

const keysBeside = (object: object, other: object) => Object.keys(object).filter((key) => !Object.hasOwn(other, key));

const without = <T extends object>(object: T, keys: readonly string[]): T =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key))) as T;
