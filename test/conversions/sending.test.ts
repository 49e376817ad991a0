import { expect } from 'chai';
import type { SharedIntakeBot } from '../../src/intake-bots/intake-bot.service.js';
import { ResumeConversionDestination, UpdateConversionDestination } from '../../src/conversions/destination.input.js';
import { dayMs } from '../../src/platform/clock.js';
import { validate } from '../../src/platform/validate.js';
import { UpdateSubmission } from '../../src/submissions/submission.input.js';
import { html, json } from '../platforms/double.js';
import { GoogleDouble, googleRefusal } from '../platforms/google.js';
import { MetaDouble, metaRefusal } from '../platforms/meta.js';
import { createTenant, startServer, type TestServer } from '../support/app.js';
import { conversionsOf, createDestination, granted, letPass, settled } from '../support/conversions.js';
import { createBot, createSubmission, operator } from '../support/factories.js';

const minuteMs = 60_000;

describe('sending conversions', () => {
  let server: TestServer;
  let meta: MetaDouble;
  let google: GoogleDouble;
  let bot: SharedIntakeBot;

  before(async () => {
    [meta, google] = await Promise.all([MetaDouble.start(), GoogleDouble.start()]);
    server = await startServer({
      env: {
        CONVERSIONS_META_URL: meta.url,
        CONVERSIONS_GOOGLE_URL: google.url,
        CONVERSIONS_GOOGLE_TOKEN_URL: `${google.url}/token`,
        CONVERSIONS_TIMEOUT_MS: '2000',
      },
    });
  });
  after(async () => {
    await server.stop();
    await Promise.all([meta.stop(), google.stop()]);
  });
  beforeEach(async () => {
    meta.reset();
    google.reset();
    bot = await createBot(server.app, (await createTenant(server.app)).workspaceId);
  });

  const account = () => ({ meta: { datasetId: meta.datasetId, accessToken: meta.accessToken } });
  const googleAccount = () => {
    const { operatingAccountId, conversionActionId, refresh } = google;
    return { google: { operatingAccountId, conversionActionId, refresh } };
  };
  const toMeta = async (more: object = {}) => await createDestination(server.app, bot, { ...account(), ...more });
  const submit = async (raw: object = {}) => await createSubmission(server.app, bot, { attribution: granted, ...raw });
  const actor = async () => await operator(server.app, bot.workspaceId);
  const update = async (id: string, changes: object) =>
    await server.app.conversionDestinations.update(await actor(), id, () =>
      validate(UpdateConversionDestination, changes, 'camelCase'),
    );
  const resume = async (id: string, skipHeld = false) =>
    await server.app.conversionDestinations.resume(await actor(), id, () =>
      validate(ResumeConversionDestination, { skipHeld }, 'camelCase'),
    );
  const change = async (id: string, changes: object) =>
    await server.app.submissions.update(await actor(), id, () => validate(UpdateSubmission, changes, 'snake_case'));

  it('tells of a completed submission once, within five seconds, and keeps nothing of the person', async () => {
    const { id } = await toMeta();
    const submission = await submit();
    const [conversion] = await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED', 5_000);
    expect(conversion).to.include({ destinationId: id, snapshot: null, verdict: 'DELIVERED', nextAttemptAt: null });
    expect(conversion?.attempts).to.have.length(1);
    expect(meta.conversions).to.have.length(1);
    meta.assertClean();
    const [destination] = await server.app.conversionDestinations.getMany(await actor(), [id]);
    expect(destination?.lastSentAt).to.be.instanceOf(Date);
  });

  it('sends nothing of a person who did not consent, or whose consent is malformed', async () => {
    await toMeta();
    for (const attribution of [
      undefined,
      { consent: { ad_user_data: 'denied' } },
      { consent: { ad_user_data: 'yes' } },
    ]) {
      const { id } = await submit({ attribution });
      const [conversion] = await conversionsOf(server.app, id);
      expect(conversion).to.include({ status: 'SKIPPED', reason: 'no_consent', snapshot: null });
    }
    expect(meta.requests).to.have.length(0);
  });

  it('sends nothing once consent is taken back, and nothing old once it is given', async () => {
    const { id } = await toMeta();
    const refused = await submit({ attribution: undefined });
    await server.app.conversionDestinations.pause(await actor(), id);
    const submission = await submit();
    await settled(server.app, submission.id, ({ status }) => status === 'HELD');
    await change(submission.id, { attribution: { consent: { ad_user_data: 'denied' } } });
    await change(refused.id, { attribution: granted });
    await resume(id);
    const [conversion] = await settled(server.app, submission.id, ({ status }) => status === 'SKIPPED');
    expect(conversion).to.include({ reason: 'no_consent', snapshot: null });
    expect((await conversionsOf(server.app, refused.id))[0]).to.include({ status: 'SKIPPED' });
    expect(meta.requests).to.have.length(0);
  });

  it('tries again with the same event, never before Retry-After, and counts once', async () => {
    await toMeta();
    meta.next('take and garble', json(503, {}, { 'retry-after': '600' }));
    const submission = await submit();
    const isTried = (times: number) => (it: { status: string; attempts: unknown[] }) =>
      it.status === 'PENDING' && it.attempts.length === times;
    const [first] = await settled(server.app, submission.id, isTried(1));
    const waitMs = Number(first?.nextAttemptAt) - Number(first?.updatedAt);
    expect(waitMs).to.be.within(0.9 * minuteMs, 1.2 * minuteMs);
    await letPass(server.app, submission.id, 3 * minuteMs);
    const [second] = await settled(server.app, submission.id, isTried(2));
    expect(Number(second?.nextAttemptAt) - Number(second?.updatedAt)).to.be.at.least(9 * minuteMs);
    await letPass(server.app, submission.id, 12 * minuteMs);
    await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
    expect(meta.conversions).to.have.length(1);
    // The double finds a repeat that tells anything else.
    expect(meta.repeats).to.equal(1);
    meta.assertClean();
  });

  it('pauses a destination whose token is refused, once, and sends what is held by the new one', async () => {
    const { id } = await toMeta();
    meta.always = metaRefusal(190, { subcode: 463 });
    const submissions = await Promise.all(Array.from({ length: 6 }, async () => await submit()));
    for (const submission of submissions) await settled(server.app, submission.id, ({ status }) => status === 'HELD');
    const [paused] = await server.app.conversionDestinations.getMany(await actor(), [id]);
    expect(paused).to.include({ status: 'PAUSED', pauseReason: 'AUTH_BROKEN' });
    const { rows } = await server.app.database.pool.query(
      "select 1 from notices where workspace_id = $1 and kind = 'conversion_destination_paused'",
      [bot.workspaceId],
    );
    expect(rows).to.have.length(1);
    meta.always = 'answer';
    await update(id, { meta: { accessToken: meta.accessToken } });
    for (const submission of submissions)
      await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
    expect(meta.conversions).to.have.length(6);
  });

  it('skips what completes while the plan has no conversions, and sends what was held before once it has', async () => {
    const { id } = await toMeta();
    const follow = async (plan: string) => {
      await server.app.database.pool.query('update workspaces set plan = $2 where id = $1', [bot.workspaceId, plan]);
      await server.app.conversionDestinations.followWorkspaces([bot.workspaceId]);
    };
    meta.next(json(503, {}));
    const before = await submit();
    await settled(server.app, before.id, ({ attempts }) => attempts.length === 1);
    await follow('FREE');
    await letPass(server.app, before.id, 5 * minuteMs);
    await settled(server.app, before.id, ({ status }) => status === 'HELD');
    const { id: without } = await submit();
    expect((await conversionsOf(server.app, without))[0]).to.include({
      destinationId: id,
      status: 'SKIPPED',
      reason: 'plan',
    });
    await follow('PRO');
    await settled(server.app, before.id, ({ status }) => status === 'DELIVERED');
    expect(meta.conversions).to.have.length(1);
  });

  it('tells an operator how many were sent, by platform and verdict, and how late the oldest is', async () => {
    await toMeta();
    const { id } = await submit();
    await settled(server.app, id, ({ status }) => status === 'DELIVERED');
    const text = await server.app.metrics.registry.metrics();
    expect(text).to.match(/^iozen_conversions_total\{platform="meta",verdict="DELIVERED"\} [1-9]/m);
    expect(text).to.match(/^iozen_conversions_oldest_due_seconds \d/m);
  });

  it('drops what is held when it is told to, and sends nothing of it', async () => {
    const { id } = await toMeta();
    await server.app.conversionDestinations.pause(await actor(), id);
    const submission = await submit();
    await settled(server.app, submission.id, ({ status }) => status === 'HELD');
    await resume(id, true);
    const [conversion] = await settled(server.app, submission.id, ({ status }) => status === 'SKIPPED');
    expect(conversion).to.include({ reason: 'held_dropped', snapshot: null });
    expect(meta.requests).to.have.length(0);
  });

  it('has at most four in flight to a destination', async () => {
    await toMeta();
    meta.always = 'answer late';
    const submissions = await Promise.all(Array.from({ length: 12 }, async () => await submit()));
    await meta.arrived(4);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(meta.requests).to.have.length(4);
    meta.always = 'answer';
    meta.release();
    for (const submission of submissions)
      await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
    expect(meta.inFlightMost).to.equal(4);
  });

  it('keeps nobody waiting for a platform that hangs but its own conversions', async () => {
    await toMeta();
    const other = await createBot(server.app, (await createTenant(server.app)).workspaceId);
    await createDestination(server.app, other, googleAccount());
    meta.always = 'be silent';
    const hanging = await Promise.all(Array.from({ length: 20 }, async () => await submit()));
    await meta.arrived(4);
    const { id } = await createSubmission(server.app, other, { attribution: granted });
    await settled(server.app, id, ({ status }) => status === 'ACCEPTED', 5_000);
    expect(meta.conversions).to.have.length(0);
    meta.always = 'answer';
    for (const submission of hanging) await settled(server.app, submission.id, ({ attempts }) => attempts.length > 0);
  });

  it('sends again what its process left in the midst of it, and only once its time is over', async () => {
    await toMeta();
    meta.next('take and garble');
    const submission = await submit();
    await settled(server.app, submission.id, ({ attempts }) => attempts.length === 1);
    const leave = async (inMs: number) =>
      await server.app.database.pool.query(
        "update conversions set status = 'SENDING', next_attempt_at = now() + $2 * interval '1 ms' where submission_id = $1",
        [submission.id, inMs],
      );
    await leave(30_000);
    await server.app.conversionWorker.chores();
    await leave(-2 * minuteMs);
    expect(meta.requests).to.have.length(1);
    await server.app.conversionWorker.chores();
    await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
    expect(meta.conversions).to.have.length(1);
    meta.assertClean();
  });

  it('expires what was held for longer than the platform takes it, and keeps nothing of the person', async () => {
    const { id } = await toMeta();
    await server.app.conversionDestinations.pause(await actor(), id);
    const submission = await submit();
    await settled(server.app, submission.id, ({ status }) => status === 'HELD');
    await letPass(server.app, submission.id, 7 * dayMs - minuteMs, { ages: true });
    expect((await conversionsOf(server.app, submission.id))[0]).to.include({ status: 'HELD' });
    await letPass(server.app, submission.id, 2 * minuteMs, { ages: true });
    expect((await conversionsOf(server.app, submission.id))[0]).to.include({ status: 'EXPIRED', snapshot: null });
  });

  it('sends a rejected one once more with the same event, until it is too old', async () => {
    await toMeta();
    meta.next(metaRefusal(100, { subcode: 2804048 }));
    const submission = await submit();
    const [rejected] = await settled(server.app, submission.id, ({ status }) => status === 'REJECTED');
    expect(rejected?.snapshot).to.be.a('string');
    const resend = async () => await server.app.conversions.resend(await actor(), rejected?.id ?? '');
    await resend();
    await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
    expect(meta.bodies()[1]).to.deep.equal(meta.bodies()[0]);
    const failure = await resend().catch((error: unknown) => error);
    expect(failure).to.include({ code: 'conflict' });

    meta.next(metaRefusal(100, { subcode: 2804048 }));
    const old = await submit();
    await settled(server.app, old.id, ({ status }) => status === 'REJECTED');
    await letPass(server.app, old.id, 8 * dayMs, { ages: true });
    expect((await conversionsOf(server.app, old.id))[0]).to.include({ status: 'REJECTED', snapshot: null });
    await letPass(server.app, old.id, 31 * dayMs);
    expect(await conversionsOf(server.app, old.id)).to.have.length(0);
  });

  it('ends what is open of a deleted submission, and of a deleted destination', async () => {
    const { id } = await toMeta();
    await server.app.conversionDestinations.pause(await actor(), id);
    const [one, other] = [await submit(), await submit()];
    for (const submission of [one, other]) await settled(server.app, submission.id, ({ status }) => status === 'HELD');
    await server.app.submissions.remove(await actor(), one.id);
    expect((await conversionsOf(server.app, one.id))[0]).to.include({
      status: 'SKIPPED',
      reason: 'erased',
      snapshot: null,
    });
    await server.app.conversionDestinations.remove(await actor(), id);
    const [gone] = await conversionsOf(server.app, other.id);
    expect(gone).to.include({ status: 'SKIPPED', reason: 'destination_deleted', snapshot: null });
    expect(meta.requests).to.have.length(0);
  });

  it('sends the ip and the user agent that came with a draft, and keeps them for its day alone', async () => {
    await toMeta();
    const origins = async () => (await server.app.database.pool.query('select sealed from conversion_origins')).rows;
    const draft = async () =>
      await submit({
        status: 'IN_PROGRESS',
        attribution: {
          ...granted,
          ip: '203.0.113.7',
          user_agent: 'Mozilla/5.0 (Test)',
          landing_page: 'https://a.example/',
        },
      });
    // The second one's clock was ahead when it was made.
    for (const aheadDays of [0, 40]) {
      const submission = await draft();
      expect(JSON.stringify(await origins())).to.not.contain('203.0.113.7');
      const ahead = `set created_at = created_at + $2 * interval '1 day', updated_at = updated_at + $2 * interval '1 day'`;
      await server.app.database.pool.query(`update submissions ${ahead} where id = $1`, [submission.id, aheadDays]);
      await change(submission.id, { status: 'COMPLETED' });
      await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
      const body = meta.bodies().at(-1) as { data: { user_data: object }[] };
      expect(body.data[0]?.user_data).to.include({
        client_ip_address: '203.0.113.7',
        client_user_agent: 'Mozilla/5.0 (Test)',
      });
      expect(await origins()).to.have.length(0);
    }

    await draft();
    expect(await origins()).to.have.length(1);
    await server.app.database.pool.query("update conversion_origins set created_at = created_at - interval '25 hours'");
    await server.app.conversionWorker.chores();
    expect(await origins()).to.have.length(0);
  });

  it('makes a conversion of a submission to one process for a destination that another has just got', async () => {
    const beside = await startServer({ role: 'api', beside: server });
    try {
      // The other process knows that there is none.
      await createSubmission(beside.app, bot, { attribution: granted });
      await toMeta();
      await new Promise((resolve) => setTimeout(resolve, 500));
      const { id } = await createSubmission(beside.app, bot, { attribution: granted });
      await settled(server.app, id, ({ status }) => status === 'DELIVERED');
    } finally {
      await beside.stop();
    }
  });

  describe('to Google', () => {
    const toGoogle = async () => await createDestination(server.app, bot, googleAccount());

    it('asks after what was accepted, half an hour later, and is delivered when Google says so', async () => {
      await toGoogle();
      const submission = await submit();
      const [accepted] = await settled(server.app, submission.id, ({ status }) => status === 'ACCEPTED');
      expect(Number(accepted?.nextAttemptAt) - Number(accepted?.acceptedAt)).to.equal(30 * minuteMs);
      google.clock = () => Date.now() + 31 * minuteMs;
      await letPass(server.app, submission.id, 32 * minuteMs);
      await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
      expect(google.requests).to.have.length(1);
      google.assertClean();
    });

    it('asks again after a resume where asking was refused, and never sends it again', async () => {
      const { id } = await toGoogle();
      const submission = await submit();
      await settled(server.app, submission.id, ({ status }) => status === 'ACCEPTED');
      google.clock = () => Date.now() + 31 * minuteMs;
      const refusal = googleRefusal(401, 'UNAUTHENTICATED');
      google.nextAside(refusal, 'answer', refusal);
      await letPass(server.app, submission.id, 32 * minuteMs);
      const [held] = await settled(server.app, submission.id, ({ status }) => status === 'HELD');
      expect(held?.reference).to.be.a('string');
      await resume(id);
      await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
      expect(google.requests).to.have.length(1);
    });

    it('asks again where it finds no token to ask with, and never sends it again', async () => {
      await toGoogle();
      const submission = await submit();
      await settled(server.app, submission.id, ({ status }) => status === 'ACCEPTED');
      google.clock = () => Date.now() + 31 * minuteMs;
      google.revokeAccessTokens();
      google.nextAside('answer', html(503));
      await letPass(server.app, submission.id, 32 * minuteMs);
      const [asked] = await settled(server.app, submission.id, ({ attempts }) => attempts.length === 2);
      expect(asked).to.include({ status: 'ACCEPTED', verdict: 'ACCEPTED' });
      await letPass(server.app, submission.id, 40 * minuteMs);
      await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
      expect(google.requests).to.have.length(1);
    });

    it('is delivered, unconfirmed, where Google is still processing after a day', async () => {
      await toGoogle();
      google.outcomes.push({ status: 'PROCESSING' });
      const submission = await submit();
      await settled(server.app, submission.id, ({ status }) => status === 'ACCEPTED');
      google.clock = () => Date.now() + dayMs;
      await letPass(server.app, submission.id, dayMs + minuteMs);
      const [conversion] = await settled(server.app, submission.id, ({ status }) => status === 'DELIVERED');
      expect(conversion).to.include({ reason: 'unconfirmed', snapshot: null });
    });
  });
});
