import { expect } from 'chai';
import { html, json, type Step } from '../platforms/double.js';
import { externalId, janeDoe, sha256, type PlatformName } from '../platforms/golden.js';
import { googleRefusal } from '../platforms/google.js';
import { linkedinRefusal } from '../platforms/linkedin.js';
import { metaRefusal } from '../platforms/meta.js';
import { tiktokAnswer } from '../platforms/tiktok.js';
import { createBot } from '../support/factories.js';
import { attributionOf, leadForm, useConversions } from './site.js';

type Kind = 'DELIVERED' | 'ACCEPTED' | 'RETRY' | 'REJECTED' | 'AUTH_BROKEN' | 'CONFIG_BROKEN';

const statusAfter: Readonly<Record<Kind, string>> = {
  DELIVERED: 'DELIVERED',
  ACCEPTED: 'ACCEPTED',
  RETRY: 'PENDING',
  REJECTED: 'REJECTED',
  AUTH_BROKEN: 'HELD',
  CONFIG_BROKEN: 'HELD',
};

/** What the double answers, what that means, and what the log has to say of it. */
type Row = readonly [what: string, step: Step, kind: Kind, code?: string];

const emailFields = { meta: 'em', google: 'emailAddress', linkedin: 'SHA256_EMAIL', tiktok: 'email' } as const;

const numbers = (text: string) => text.split(' ').map(Number);

const trouble: readonly Row[] = [
  ['500 in JSON', json(500, {}), 'RETRY'],
  ['502 in HTML', html(502), 'RETRY'],
  ['503 and no word', { status: 503, body: '' }, 'RETRY', '503'],
  ['408', { status: 408, body: '' }, 'RETRY', '408'],
  ['423', { status: 423, body: '' }, 'RETRY', '423'],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '7200' }, body: '' }, 'RETRY', '429'],
  ['429 without Retry-After', { status: 429, body: '' }, 'RETRY', '429'],
  ['a connection that breaks off', 'hang up', 'RETRY'],
  ['an answer that is lost after the platform took it', 'take and hang up', 'RETRY'],
];

const meta: readonly Row[] = [
  ...trouble,
  ['silence', 'be silent', 'RETRY'],
  ['half an answer after the platform took it', 'take and garble', 'RETRY'],
  ['a page of HTML as success', html(200), 'RETRY'],
  ['nothing received', json(200, { events_received: 0, messages: [], fbtrace_id: 'x' }), 'RETRY'],
  ...numbers('1 2 341 368 5000 21009').map((code): Row => [`code ${code}`, metaRefusal(code), 'RETRY', `${code}`]),
  ['what Meta calls transient', metaRefusal(100, { transient: true }), 'RETRY', '100'],
  ...(
    [
      [4, 1504022],
      [4, 1504039],
      [17, 2446079],
      [613, 1487742],
      [613, 5044001],
    ] as const
  ).map(([code, subcode]): Row => [
    `code ${code}/${subcode}`,
    metaRefusal(code, { subcode }),
    'RETRY',
    `${code}/${subcode}`,
  ]),
  ...numbers('80000 80003 80004 80014').map((code): Row => [`code ${code}`, metaRefusal(code), 'RETRY', `${code}`]),
  ['a token that has run out', metaRefusal(190, { subcode: 463 }), 'AUTH_BROKEN', '190/463'],
  ['a token that was taken back', metaRefusal(190, { subcode: 460, status: 401 }), 'AUTH_BROKEN', '190/460'],
  ['a bad token under 500', metaRefusal(190, { status: 500 }), 'AUTH_BROKEN', '190'],
  ['throttling under 500', metaRefusal(17, { status: 500 }), 'RETRY', '17'],
  ['code 102', metaRefusal(102), 'AUTH_BROKEN', '102'],
  ...numbers('10 200 294 3 105').map((code): Row => [`code ${code}`, metaRefusal(code), 'CONFIG_BROKEN', `${code}`]),
  ['a dataset that is not there', metaRefusal(100, { subcode: 33 }), 'CONFIG_BROKEN', '100/33'],
  ...numbers('2804001 2804003 2804007 2804009 2804016 2804017 2804019 2804048').map((subcode): Row => [
    `code 100/${subcode}`,
    metaRefusal(100, { subcode }),
    'REJECTED',
    `100/${subcode}`,
  ]),
  ['code 100', metaRefusal(100), 'REJECTED', '100'],
  ['code 2655', metaRefusal(2655), 'REJECTED', '2655'],
];

const refusedBy = (kind: Kind, reasons: string): Row[] =>
  reasons
    .trim()
    .split(/\s+/)
    .map((reason) => [
      reason,
      googleRefusal(400, 'INVALID_ARGUMENT', { reason, field: 'events.events[0]' }),
      kind,
      reason,
    ]);

const google: readonly Row[] = [
  ...trouble,
  ['INTERNAL_ERROR', googleRefusal(500, 'INTERNAL', { reason: 'INTERNAL_ERROR' }), 'RETRY', 'INTERNAL_ERROR'],
  ['DEADLINE_EXCEEDED', googleRefusal(504, 'DEADLINE_EXCEEDED'), 'RETRY', 'DEADLINE_EXCEEDED'],
  ['RESOURCE_EXHAUSTED', googleRefusal(429, 'RESOURCE_EXHAUSTED'), 'RETRY', 'RESOURCE_EXHAUSTED'],
  ...refusedBy('RETRY', 'INTERNAL_ERROR'),
  ['PERMISSION_DENIED', googleRefusal(403, 'PERMISSION_DENIED'), 'CONFIG_BROKEN', 'PERMISSION_DENIED'],
  [
    'SERVICE_DISABLED',
    googleRefusal(403, 'PERMISSION_DENIED', { reason: 'SERVICE_DISABLED' }),
    'CONFIG_BROKEN',
    'SERVICE_DISABLED',
  ],
  ['NOT_FOUND', googleRefusal(404, 'NOT_FOUND'), 'CONFIG_BROKEN', 'NOT_FOUND'],
  ...refusedBy(
    'CONFIG_BROKEN',
    `INVALID_DESTINATION INVALID_CONVERSION_ACTION_ID INVALID_CONVERSION_ACTION_TYPE
    DESTINATION_ACCOUNT_NOT_ENABLED_ENHANCED_CONVERSIONS_FOR_LEADS
    DESTINATION_ACCOUNT_DATA_POLICY_PROHIBITS_ENHANCED_CONVERSIONS
    DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED TERMS_AND_CONDITIONS_NOT_SIGNED
    OPERATING_ACCOUNT_LOGIN_ACCOUNT_MISMATCH NOT_ALLOWLISTED`,
  ),
  ...refusedBy(
    'REJECTED',
    `INVALID_ARGUMENT REQUIRED_FIELD_MISSING INVALID_FORMAT INVALID_HEX_ENCODING INVALID_BASE64_ENCODING
    INVALID_SHA256_FORMAT INVALID_POSTAL_CODE INVALID_COUNTRY_CODE INVALID_ENUM_VALUE INVALID_NUMBER_FORMAT
    INVALID_CURRENCY_CODE INVALID_EVENT EVENT_TIME_INVALID NO_IDENTIFIERS_PROVIDED TOO_MANY_EVENTS
    TOO_MANY_DESTINATIONS TOO_MANY_USER_IDENTIFIERS TOO_MANY_ELEMENTS DUPLICATE_DESTINATION_REFERENCE
    FIELD_VALUE_TOO_LONG FIELD_VALUE_TOO_SHORT`,
  ),
];

const linkedin: readonly Row[] = [
  ...trouble,
  ['VERSION_MISSING', linkedinRefusal(400, { code: 'VERSION_MISSING' }), 'CONFIG_BROKEN', 'VERSION_MISSING'],
  ['a version that was sunset', linkedinRefusal(426, { code: 'NONEXISTENT_VERSION' }), 'RETRY'],
  [
    'an invalid token',
    linkedinRefusal(401, { serviceErrorCode: 65600, code: 'INVALID_ACCESS_TOKEN' }),
    'AUTH_BROKEN',
    '65600',
  ],
  [
    'a revoked token',
    linkedinRefusal(401, { serviceErrorCode: 65601, code: 'REVOKED_ACCESS_TOKEN' }),
    'AUTH_BROKEN',
    '65601',
  ],
  ['an unknown rule', linkedinRefusal(403, { message: 'No ad accounts found' }), 'CONFIG_BROKEN'],
  [
    "a rule of the tag's",
    linkedinRefusal(400, { message: 'Conversion method should be CONVERSIONS_API, indices [0]' }),
    'CONFIG_BROKEN',
  ],
  [
    'a time that its clock does not know yet',
    linkedinRefusal(400, {
      message: 'Conversion time should be within 90 days and not exceed current time, indices [0]',
    }),
    'RETRY',
  ],
  [
    'a list of faults',
    linkedinRefusal(422, { message: 'ERROR :: /user/userIds :: field is required' }),
    'REJECTED',
    '422',
  ],
];

const tiktok: readonly Row[] = [
  ...trouble,
  ['a page of HTML as success', html(200), 'RETRY'],
  ['partly successful', tiktokAnswer(20001), 'REJECTED', '20001'],
  ['no permission', tiktokAnswer(40001), 'CONFIG_BROKEN', '40001'],
  ['an invalid parameter', tiktokAnswer(40002), 'REJECTED', '40002'],
  ['too many requests', tiktokAnswer(40100), 'RETRY', '40100'],
  ['no token', tiktokAnswer(40104), 'AUTH_BROKEN', '40104'],
  ['a token that was taken back', tiktokAnswer(40105), 'AUTH_BROKEN', '40105'],
  ...numbers('50000 50200 51021').map((code): Row => [`code ${code}`, tiktokAnswer(code), 'RETRY', `${code}`]),
  ['a code that nobody knows', tiktokAnswer(31337), 'RETRY', '31337'],
];

/** More at once would only wait for each other. */
async function eightAtOnce<T, R>(rows: readonly T[], each: (row: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...rows.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, row] = next;
      results[index] = await each(row, index);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return results;
}

describe('what a platform answers', () => {
  const site = useConversions();
  const minuteMs = 60_000;
  const hourMs = 60 * minuteMs;
  const dayMs = 24 * hourMs;

  const update = async (input: object) =>
    await site.ask(
      `mutation ($input: UpdateConversionDestinationInput!) {
        updateConversionDestination(input: $input) { conversionDestination { status pauseReason } }
      }`,
      { input },
    );
  const pause = async (id: string) =>
    await site.ask(
      `mutation ($input: PauseConversionDestinationInput!) {
        pauseConversionDestination(input: $input) { conversionDestination { status } }
      }`,
      { input: { id } },
    );
  const resume = async (id: string, skipHeld = false) =>
    await site.ask(
      `mutation ($input: ResumeConversionDestinationInput!) {
        resumeConversionDestination(input: $input) { conversionDestination { status } }
      }`,
      { input: { id, skipHeld } },
    );
  const resend = async (id: string) =>
    await site.ask(
      'mutation ($input: ResendConversionInput!) { resendConversion(input: $input) { conversion { status } } }',
      { input: { id } },
    );
  /** As if the submission had been completed so long ago. */
  const age = async (id: string, ms: number) =>
    await site.server.app.database.pool.query(
      `update conversions set occurred_at = occurred_at - $2 * interval '1 ms',
        retry_until = retry_until - $2 * interval '1 ms', created_at = created_at - $2 * interval '1 ms' where id = $1`,
      [id, ms],
    );
  const snapshotOf = async (id: string) => {
    const { rows } = await site.server.app.database.pool.query('select snapshot from conversions where id = $1', [id]);
    return rows[0]?.snapshot as string | null;
  };

  for (const [platform, rows] of Object.entries({ meta, google, linkedin, tiktok }) as [
    PlatformName,
    readonly Row[],
  ][]) {
    const told = platform === 'google' ? 'ACCEPTED' : 'DELIVERED';

    /** A lead of a bot of its own meets the row's answer, and goes on to be told of after all. */
    async function follow([what, step, kind, code]: Row, index: number): Promise<void> {
      const double = site.double(platform);
      const email = `row${index}@example.com`;
      const digest = sha256(email);
      double.knowsDigest(emailFields[platform], digest);
      double.nextFor(digest, step);
      const bot = await createBot(site.server.app, site.tenant.workspaceId, { schema: leadForm });
      const destinationId = await site.connect(platform, {}, bot);
      const data = { ...janeDoe.typed, email, customer_id: externalId.typed };
      // One has its click of its own, as Google counts a click at one time once.
      const id = await site.submit(
        data,
        attributionOf(platform === 'google' ? { gclid: `click-${index}` } : {}),
        {},
        bot,
      );
      const tried = await site.becomes(id, statusAfter[kind], 1);
      const [attempt] = tried.attempts;
      expect(tried.verdict, what).to.equal(kind);
      if (code !== undefined) expect(attempt?.code, what).to.equal(code);
      if (typeof step === 'object') expect(attempt?.status, what).to.equal(step.status);
      const paused = kind === 'AUTH_BROKEN' || kind === 'CONFIG_BROKEN';
      expect(tried.destination.status, what).to.equal(paused ? 'PAUSED' : 'ACTIVE');
      expect(tried.destination.pauseReason, what).to.equal(paused ? kind : null);
      if (paused) {
        // What to do is said in whole sentences.
        expect(attempt?.message, what).to.match(/[A-Z].* .*\./);
        await resume(destinationId);
      } else if (kind === 'REJECTED') {
        await resend(tried.id);
      } else if (kind === 'RETRY') {
        const wait = Date.parse(tried.nextAttemptAt ?? '') - Date.parse(attempt?.at ?? '');
        const asked = typeof step === 'object' && step.headers?.['retry-after'] !== undefined ? 2 * hourMs : minuteMs;
        expect(wait, what).to.be.within(asked - 1_000, 1.2 * asked + 10_000);
        await site.due(tried.id);
      }
      await site.becomes(id, told);
      const sent = double.requests.filter(({ text }) => text.includes(digest));
      expect(sent, what).to.have.length(2);
      expect(
        double.conversions.filter(({ key }) => key.endsWith(`${id}:Lead`)),
        what,
      ).to.have.length(1);
    }

    it(`loses no lead, and counts each once, whatever it is: ${platform}, ${rows.length} rows of its table`, async () => {
      await site.settle();
      const double = site.double(platform);
      double.knowsClicks(rows.map((_row, index) => `click-${index}`));
      const failed: string[] = [];
      await eightAtOnce(rows, async (row, index) => {
        await follow(row, index).catch((error: unknown) => failed.push(`${row[0]}: ${String(error)}`));
      });
      expect(failed, failed.join('\n')).to.be.empty;
      const taken = rows.filter(([, step]) => typeof step === 'string' && step.startsWith('take'));
      expect([double.conversions.length, double.repeats]).to.deep.equal([rows.length, taken.length]);
    });
  }

  it('lets us try after 1, 5, 30 minutes, 2 hours, then each 6, until seven days are over', async () => {
    await site.connect('meta');
    site.meta.always = { status: 503, body: '' };
    const id = await site.submit();
    for (const [tries, delay] of [
      minuteMs,
      5 * minuteMs,
      30 * minuteMs,
      2 * hourMs,
      6 * hourMs,
      6 * hourMs,
    ].entries()) {
      const tried = await site.becomes(id, 'PENDING', tries + 1);
      const wait = Date.parse(tried.nextAttemptAt ?? '') - Date.parse(tried.attempts.at(-1)?.at ?? '');
      expect(wait).to.be.within(delay, 1.2 * delay + 10_000);
      if (tries === 5) await age(tried.id, 7 * dayMs);
      await site.due(tried.id);
    }
    const { id: conversionId, attempts } = await site.becomes(id, 'EXPIRED');
    expect([attempts.length, await snapshotOf(conversionId)]).to.deep.equal([6, null]);
    expect(site.meta.requests).to.have.length(6);
  });

  for (const [platform, days] of Object.entries({ meta: 7, tiktok: 28, google: 60, linkedin: 90 })) {
    it(`is waited for until ${platform} takes it no longer: ${days} days`, async () => {
      await site.connect(platform as PlatformName);
      const double = site.double(platform as PlatformName);
      double.next(
        {
          meta: metaRefusal(190),
          tiktok: tiktokAnswer(40105),
          google: googleRefusal(403, 'PERMISSION_DENIED'),
          linkedin: linkedinRefusal(401),
        }[platform as PlatformName],
      );
      const id = await site.submit();
      const held = await site.becomes(id, 'HELD');
      await age(held.id, days * dayMs - hourMs);
      await site.server.app.conversionWorker.chores();
      expect((await site.becomes(id, 'HELD')).id).to.equal(held.id);
      expect(await snapshotOf(held.id)).to.be.a('string');
      await age(held.id, 2 * hourMs);
      await site.server.app.conversionWorker.chores();
      await site.becomes(id, 'EXPIRED');
      expect([await snapshotOf(held.id), double.requests.length]).to.deep.equal([null, 1]);
    });
  }

  it('is told after days of what it still takes, and not of what it takes no longer', async () => {
    const destinations = [await site.connect('meta'), await site.connect('linkedin')];
    for (const id of destinations) await pause(id);
    const id = await site.submit();
    const held = await site.becomesAll(id, { meta: 'HELD', linkedin: 'HELD' });
    for (const conversion of held) await age(conversion.id, 8 * dayMs);
    for (const destination of destinations) await resume(destination);
    const ended = await site.becomesAll(id, { meta: 'SKIPPED', linkedin: 'DELIVERED' });
    expect(ended.find(({ platform }) => platform === 'meta')?.reason).to.equal('too_old');
    expect([site.meta.requests.length, site.linkedin.conversions.length]).to.deep.equal([0, 1]);
  });

  it('sends all that waited once a new token is saved, each once', async () => {
    const destinationId = await site.connect('meta');
    const old = site.meta.accessToken;
    site.meta.accessToken = 'EAABanotherToken';
    try {
      const ids = [await site.submit()];
      await site.becomes(ids[0] ?? '', 'HELD');
      for (let count = 0; count < 2; count++) ids.push(await site.submit());
      for (const id of ids) await site.becomes(id, 'HELD');
      expect(site.meta.conversions).to.be.empty;
      const { updateConversionDestination: mended } = await update({
        id: destinationId,
        meta: { accessToken: 'EAABanotherToken' },
      });
      expect(mended.conversionDestination).to.deep.equal({ status: 'ACTIVE', pauseReason: null });
      for (const id of ids) await site.becomes(id, 'DELIVERED');
      expect(site.meta.conversions.map(({ key }) => key)).to.have.members(ids.map((id) => `Lead ${id}:Lead`));
      expect(site.meta.repeats).to.equal(0);
    } finally {
      site.meta.accessToken = old;
    }
  });

  it('drops what waited where the owner wants that', async () => {
    const destinationId = await site.connect('tiktok');
    site.tiktok.next(tiktokAnswer(40105));
    const id = await site.submit();
    const held = await site.becomes(id, 'HELD');
    await resume(destinationId, true);
    expect((await site.becomes(id, 'SKIPPED')).reason).to.equal('held_dropped');
    expect([site.tiktok.requests.length, await snapshotOf(held.id)]).to.deep.equal([1, null]);
  });

  it('is told of four leads at a time, and of all in the end', async () => {
    const destinationId = await site.connect('meta');
    await pause(destinationId);
    const ids: string[] = [];
    for (let count = 0; count < 24; count++) ids.push(await site.submit());
    for (const id of ids) await site.becomes(id, 'HELD');
    site.meta.always = 'answer late';
    await resume(destinationId);
    await site.meta.arrived(4);
    // What waited longest comes first, give or take the two batches of eight that a worker fetches at once.
    const first = site.meta.bodies().map(({ data: [event] }) => event.event_id as string);
    expect(ids.slice(0, 16).map((id) => `${id}:Lead`)).to.include.members(first);
    while (site.meta.requests.length < ids.length) {
      site.meta.release();
      await site.meta.arrived(site.meta.requests.length + 1);
    }
    site.meta.always = 'answer';
    site.meta.release();
    for (const id of ids) await site.becomes(id, 'DELIVERED');
    expect(site.meta.inFlightMost).to.equal(4);
    expect(site.meta.conversions).to.have.length(ids.length);
  });

  describe('Google, later', () => {
    const reason = (name: string) => `PROCESSING_ERROR_REASON_${name}`;

    /** What Google says half an hour later, and where that leaves the lead. */
    const outcomes: readonly (readonly [reason: string, status: string, hours?: number])[] = [
      ...['DUPLICATE_TRANSACTION_ID', 'DUPLICATE_GCLID'].map((name) => [reason(name), 'DELIVERED'] as const),
      [reason('TOO_RECENT_CLICK'), 'PENDING', 6],
      [reason('INTERNAL_ERROR'), 'PENDING', 0],
      ...[
        'CLICK_NOT_FOUND',
        'INVALID_CLICK',
        'EVENT_TOO_OLD',
        'CONVERSION_PRECEDES_CLICK',
        'INVALID_GCLID',
        'INVALID_GBRAID',
        'INVALID_WBRAID',
        'INVALID_EVENT',
        'INVALID_FORMAT',
        'INVALID_AD_IDENTIFIERS',
        'DENIED_CONSENT',
        'UNKNOWN_CONSENT',
      ].map((name) => [reason(name), 'REJECTED'] as const),
      [reason('NO_CONSENT'), 'HELD'],
      [reason('DESTINATION_ACCOUNT_ENHANCED_CONVERSIONS_TERMS_NOT_SIGNED'), 'HELD'],
      [reason('INVALID_OPERATING_ACCOUNT_FOR_CLICK'), 'HELD'],
      [reason('ONE_PER_CLICK_CONVERSION_ACTION_NOT_PERMITTED_WITH_BRAID'), 'HELD'],
      [reason('EXTERNAL_ATTRIBUTION_DATA_MISSING'), 'HELD'],
      ['PROCESSING_ERROR_OPERATING_ACCOUNT_MISMATCH_FOR_AD_IDENTIFIER', 'HELD'],
    ];

    it(`says what became of a lead, and none is lost: ${outcomes.length} rows of its table`, async () => {
      await site.settle();
      const rows = await eightAtOnce(outcomes, async ([said, status, hours], index) => {
        const email = `later${index}@example.com`;
        const gclid = `later-${index}`;
        site.google.knowsDigest('emailAddress', sha256(email));
        site.google.knowsClicks([gclid]);
        site.google.outcomesFor.set(`"${gclid}"`, { status: 'FAILED', reason: said });
        const bot = await createBot(site.server.app, site.tenant.workspaceId, { schema: leadForm });
        const destinationId = await site.connect('google', {}, bot);
        const data = { ...janeDoe.typed, email };
        const id = await site.submit(data, attributionOf({ gclid }), {}, bot);
        const accepted = await site.becomes(id, 'ACCEPTED');
        return { said, status, hours, id, gclid, destinationId, conversionId: accepted.id };
      });
      site.google.clock = () => Date.now() + 31 * minuteMs;
      await site.due(...rows.map(({ conversionId }) => conversionId));
      await eightAtOnce(rows, async ({ said, status, hours, id, gclid, destinationId, conversionId }) => {
        const found = await site.becomes(id, status, 2);
        const code = said.replace(/^PROCESSING_ERROR_(REASON_)?/, '');
        if (status !== 'DELIVERED') expect(found.attempts[1]?.code, said).to.equal(code);
        expect(found.destination.pauseReason, said).to.equal(status === 'HELD' ? 'CONFIG_BROKEN' : null);
        if (hours !== undefined) {
          const wait = Date.parse(found.nextAttemptAt ?? '') - Date.parse(found.attempts[1]?.at ?? '');
          expect(wait, said).to.be.at.least(hours * hourMs);
          await site.due(conversionId);
        } else if (status === 'HELD') {
          await resume(destinationId);
        }
        if (hours === undefined && status !== 'HELD') return;
        // What the platform could not count at first is sent once more.
        await site.becomes(id, 'ACCEPTED');
        expect(
          site.google.requests.filter(({ text }) => text.includes(`"${gclid}"`)),
          said,
        ).to.have.length(2);
      });
      expect(site.google.conversions).to.have.length(rows.filter(({ status }) => /PENDING|HELD/.test(status)).length);
    });

    it('is asked at growing distances, and believed after a day', async () => {
      await site.connect('google');
      site.google.outcomes.push({ status: 'PROCESSING' });
      const id = await site.submit();
      let accepted = await site.becomes(id, 'ACCEPTED');
      for (let asked = 1; asked <= 2; asked++) {
        const before = Date.parse(accepted.nextAttemptAt ?? '');
        await site.server.app.database.pool.query(
          "update conversions set accepted_at = accepted_at - interval '2 hours' where id = $1",
          [accepted.id],
        );
        site.google.clock = () => Date.now() + asked * 31 * minuteMs;
        await site.due(accepted.id);
        accepted = await site.becomes(id, 'ACCEPTED', asked + 1);
        expect(Date.parse(accepted.nextAttemptAt ?? '')).to.be.greaterThan(before + hourMs);
      }
      await site.server.app.database.pool.query(
        "update conversions set accepted_at = accepted_at - interval '1 day' where id = $1",
        [accepted.id],
      );
      await site.due(accepted.id);
      const believed = await site.becomes(id, 'DELIVERED');
      expect([believed.reason, site.google.requests.length]).to.deep.equal(['unconfirmed', 1]);
    });

    it('is asked again after the token is mended, and never sent it again', async () => {
      const destinationId = await site.connect('google');
      const id = await site.submit();
      const accepted = await site.becomes(id, 'ACCEPTED');
      site.google.clock = () => Date.now() + 31 * minuteMs;
      site.google.revokeAccessTokens();
      const { refreshToken } = site.google.refresh;
      site.google.refresh.refreshToken = '1//0gAnother';
      try {
        await site.due(accepted.id);
        const held = await site.becomes(id, 'HELD');
        expect(held.destination.pauseReason).to.equal('AUTH_BROKEN');
        await update({ id: destinationId, google: { refresh: site.google.refresh } });
        await site.becomes(id, 'DELIVERED');
        expect([site.google.requests.length, site.google.conversions.length]).to.deep.equal([1, 1]);
      } finally {
        site.google.refresh.refreshToken = refreshToken;
      }
    });

    it('gives a token for an hour, fetched once for all that are told at once, and anew where it was taken back', async () => {
      await site.connect('google');
      site.google.nextAside('answer late');
      const ids: string[] = [];
      for (let count = 0; count < 4; count++) ids.push(await site.submit());
      await site.google.until(() => site.google.asides.length > 0, 'a token is fetched');
      site.google.release();
      for (const id of ids) await site.becomes(id, 'ACCEPTED');
      expect(site.google.tokensFetched).to.equal(1);
      site.google.revokeAccessTokens();
      const id = await site.submit();
      const accepted = await site.becomes(id, 'ACCEPTED');
      expect([site.google.tokensFetched, accepted.attempts.length]).to.deep.equal([2, 1]);
    });

    it('is not believed to have taken back a credential while its token endpoint is in trouble', async () => {
      await site.connect('google');
      site.google.nextAside(json(503, { error: 'unavailable' }));
      const id = await site.submit();
      const tried = await site.becomes(id, 'PENDING', 1);
      expect(tried.destination.status).to.equal('ACTIVE');
      await site.due(tried.id);
      await site.becomes(id, 'ACCEPTED');
    });

    it('is not believed to have taken back a credential where a clock is wrong', async () => {
      await site.connect('google');
      const error_description =
        'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.';
      site.google.nextAside(json(400, { error: 'invalid_grant', error_description }));
      const tried = await site.becomes(await site.submit(), 'PENDING', 1);
      expect([tried.verdict, tried.destination.status]).to.deep.equal(['RETRY', 'ACTIVE']);
    });

    it('takes back a credential, and nothing is lost', async () => {
      const destinationId = await site.connect('google');
      site.google.nextAside(
        json(400, { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }),
      );
      const id = await site.submit();
      const held = await site.becomes(id, 'HELD');
      expect(held.destination.pauseReason).to.equal('AUTH_BROKEN');
      expect(site.google.requests).to.be.empty;
      await resume(destinationId);
      await site.becomes(id, 'ACCEPTED');
    });
  });

  it('never brings back what it was told: the log repeats neither a digest nor a token', async () => {
    await site.connect('meta');
    const [digest] = [janeDoe.digests.meta['em']].flat();
    const message = `Invalid em ${digest} with ${site.meta.accessToken} of ${externalId.typed}`;
    site.meta.next(metaRefusal(100, { message }));
    const rejected = await site.becomes(await site.submit(), 'REJECTED');
    expect(rejected.attempts[0]?.message).to.include('Invalid em');
    expect(rejected.attempts[0]?.message).not.to.include(String(digest).slice(8));
    expect(rejected.attempts[0]?.message).not.to.include(site.meta.accessToken);
  });
});
