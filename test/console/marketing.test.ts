import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { clientOf } from '../../dist/test/support/client.js';
import { createBot } from '../../dist/test/support/factories.js';
import { memberOf } from '../../dist/test/support/people.js';
import { LinkedInDouble } from '../../dist/test/platforms/linkedin.js';
import { MetaDouble } from '../../dist/test/platforms/meta.js';
import { TikTokDouble } from '../../dist/test/platforms/tiktok.js';
import { json } from '../../dist/test/platforms/double.js';
import { Console, picture, pictures } from './support.ts';

const consented = { consent: { ad_user_data: 'granted', ad_personalization: 'granted' } };

describe('console: marketing and attribution', () => {
  let pages: Console;
  let page: Page;
  let meta: MetaDouble;
  let linkedin: LinkedInDouble;
  let tiktok: TikTokDouble;
  let botId: string;
  let hasStopped = false;

  before(async () => {
    [meta, linkedin, tiktok] = await Promise.all([MetaDouble.start(), LinkedInDouble.start(), TikTokDouble.start()]);
    const env = {
      CONVERSIONS_META_URL: meta.url,
      CONVERSIONS_LINKEDIN_URL: linkedin.url,
      CONVERSIONS_TIKTOK_URL: tiktok.url,
    };
    pages = await Console.open({ env });
    ({ id: botId } = await createBot(pages.server.app, pages.tenant.workspaceId));
    page = await pages.signedIn();
  });
  after(async () => {
    await pages.close();
    await Promise.all([meta, linkedin, tiktok].map(async (double) => await double.stop()));
  });
  beforeEach(function () {
    // Whoever fell at one step cannot take the next.
    if (hasStopped) this.skip();
  });
  afterEach(function () {
    hasStopped ||= this.currentTest?.state === 'failed';
    expect(pages.faults.splice(0)).to.deep.equal([]);
    for (const double of [meta, linkedin, tiktok]) double.assertClean();
  });

  const press = async (name: string | RegExp) => await page.getByRole('button', { name }).click();
  const link = async (name: string | RegExp) => await page.getByRole('link', { name }).first().click();
  const says = async (text: string | RegExp) => await page.getByText(text).filter({ visible: true }).first().waitFor();
  const open = async () => {
    await page.goto(`/console/bots/${botId}/marketing`);
    await page.getByRole('list', { name: 'Ad platforms' }).waitFor();
  };
  const leads = () => page.getByRole('table', { name: 'Conversions' });

  const pick = async (platform: string, item: string) => {
    // By keyboard: what comes live may move the button between a press and its release.
    await page.getByRole('button', { name: `More about ${platform}` }).press('Enter');
    await page.getByRole('menuitem', { name: item }).press('Enter');
  };

  /** The lead of this name, shown at once or when the reader asks for what is new. */
  async function lead(name: string) {
    const row = leads().getByRole('row').filter({ hasText: name });
    const fresh = page.getByRole('button', { name: /^\d+ new$/ });
    await row.or(fresh).first().waitFor();
    if (!(await row.isVisible())) await fresh.click();
    await row.waitFor();
    return row;
  }
  async function submit(name: string, attribution: object = consented, more: object = {}): Promise<void> {
    const { rest } = clientOf(pages.server.url, pages.tenant.key);
    const email = `${name.split(' ')[0]?.toLowerCase()}@example.com`;
    const data = { full_name: name, email, topic: 'Sales' };
    const { status } = await rest('POST', `/intake-bots/${botId}/submissions`, { data, attribution, ...more });
    expect(status).to.equal(200);
  }
  const see = async (name: string) => await pictures(page, `marketing-${name}`);

  it('has four platforms, all off, each with what one needs and a guide', async () => {
    await page.goto(`/console/bots/${botId}`);
    await link('Marketing & Attribution');
    await page.getByRole('heading', { level: 2, name: 'TikTok' }).waitFor();
    await page.getByText('Off', { exact: true }).nth(3).waitFor();
    for (const title of ['Meta', 'Google Ads', 'LinkedIn', 'TikTok']) {
      await page.getByRole('link', { name: `Connect ${title}` }).waitFor();
      const guide = page.getByRole('link', { name: `Guide for ${title}` });
      const response = await page.request.get((await guide.getAttribute('href')) ?? '');
      expect(response.status()).to.equal(200);
    }
    await see('off');
  });

  it('shows what is missing at its field, and loses nothing that was typed', async () => {
    await link('Connect Meta');
    await see('connect');
    await page.getByLabel('Dataset ID').fill('my dataset');
    await press('Connect Meta');
    await page.getByText("Must be the digits of a dataset's id.").waitFor();
    expect(await page.getByLabel('Dataset ID').inputValue()).to.equal('my dataset');
    await page.keyboard.press('Escape');
    await page.getByText('What you typed is not saved.').waitFor();
    await press('Go back');
  });

  it('connects with a wrong token, and says what the platform said and what to do', async () => {
    await page.getByLabel('Dataset ID').fill(meta.datasetId);
    await page.getByLabel('Access token').fill('EAAwrongToken');
    await page.getByLabel('Test code').fill('TEST12345');
    await press('Connect Meta');
    await page.getByRole('heading', { name: 'Test Meta' }).waitFor();
    // Meta counts tests: nothing goes out before somebody has agreed.
    await page.getByRole('dialog').getByRole('button', { name: 'Test connection' }).hover();
    await says('Agree first that it counts.');
    expect(meta.requests).to.have.length(0);
    await page.getByLabel('Send it, though it counts').check();
    await press('Test connection');
    await says('It does not work yet');
    await says(/Error validating access token/);
    await says(/Generate a new access token/);
    await see('test-refused');
  });

  it('mends the token, tests again, and shows what was sent without anything of a person', async () => {
    await link('Give a new token');
    await page.getByRole('heading', { name: 'Settings of Meta' }).waitFor();
    await says(/Leave it empty to keep the one that ends in/);
    expect(await page.getByLabel('Access token').inputValue()).to.equal('');
    await page.getByLabel('Access token').fill(meta.accessToken);
    await press('Save settings');
    await says('The settings of Meta are saved.');
    await link('Test connection to Meta');
    await page.getByLabel('Send it, though it counts').check();
    await press('Test connection');
    await says('It works');
    await page.getByText('What was sent').first().click();
    const sent = await page.getByRole('group', { name: 'What was sent' }).textContent();
    expect(sent)
      .to.include('"event_name": "Lead"')
      .and.not.match(/[0-9a-f]{64}/);
    expect(await page.content()).not.to.include(meta.accessToken);
    await press('Close');
  });

  it('shows each lead as it is sent and delivered, live', async () => {
    await says('No lead yet since you connected it');
    await see('connected');
    await submit('Ada Lovelace');
    await (await lead('Ada Lovelace')).getByText('Delivered').waitFor();
    await says(/1 of 1 delivered/);
  });

  it('says of a lead without consent why it is not sent, and how consent is recorded', async () => {
    const before = meta.requests.length;
    await submit('Grace Hopper', { utm_source: 'newsletter' });
    await (await lead('Grace Hopper')).getByText('no consent was given').waitFor();
    await says(/1 skipped: no consent was given/);
    await page.getByRole('link', { name: 'Here is how' }).waitFor();
    await link('Grace Hopper');
    await says(/Send attribution.consent/);
    await press('Close');
    expect(meta.requests).to.have.length(before);
  });

  it('shows what was rejected in the words of the platform, and resends it with the same event id', async () => {
    meta.next(
      json(400, {
        error: { message: 'Invalid parameter', code: 100, error_subcode: 2_804_019, fbtrace_id: 'AbCdEf' },
      }),
    );
    await submit('Alan Turing');
    await (await lead('Alan Turing')).getByText('Rejected').waitFor();
    await link('Alan Turing');
    await says('Meta answered 400');
    await says(/Mend what Meta names/);
    await says('100/2804019');
    await says('AbCdEf');
    await see('rejected');
    await press('Resend');
    await says('It is sent once more.');
    await page.getByRole('dialog').getByText('Delivered').waitFor();
    await press('Close');
    const [first, second] = meta.bodies().slice(-2) as { data: { event_id: string }[] }[];
    expect(second?.data[0]?.event_id).to.equal(first?.data[0]?.event_id);
  });

  it('filters the log, and says what hides all of it', async () => {
    await page.getByLabel('Status').selectOption('Rejected');
    await says('There is nothing with the status Rejected.');
    await link('Clear filter');
    await leads().getByText('Ada Lovelace').waitFor();
    await page.getByLabel('Platform', { exact: true }).selectOption('Meta');
    await leads().getByText('Ada Lovelace').waitFor();
  });

  it('pauses where a token is refused, says so above all else, and sends what was held once it is mended', async () => {
    const right = meta.accessToken;
    meta.accessToken = 'EAAanotherToken';
    await submit('Edsger Dijkstra');
    await page.getByRole('heading', { name: 'Meta is paused: it refuses the access token' }).waitFor();
    await (await lead('Edsger Dijkstra')).getByText('Held').waitFor();
    await see('paused');
    await submit('Barbara Liskov');
    await lead('Barbara Liskov');
    await pick('Meta', 'Resume');
    await says('has 2 conversions held');
    await press('Keep it paused');
    await link('Give a new one');
    await page.getByLabel('Access token').fill('EAAanotherToken');
    await press('Save settings');
    await says(/saved and resumed/);
    await page.getByRole('heading', { name: 'Meta is paused' }).waitFor({ state: 'detached' });
    for (const name of ['Edsger Dijkstra', 'Barbara Liskov']) {
      await (await lead(name)).getByText('Delivered').waitFor();
    }
    meta.accessToken = right;
  });

  it('holds what comes while it is paused by hand, and drops it where somebody says so', async () => {
    await open();
    await pick('Meta', 'Pause');
    await press('Pause Meta');
    await says('Meta is paused. Its conversions are held.');
    const before = meta.requests.length;
    await submit('Donald Knuth');
    await (await lead('Donald Knuth')).getByText('Held').waitFor();
    await pick('Meta', 'Resume');
    await page.getByLabel('Drop it').check();
    await press('Drop 1 conversion and resume');
    await leads().getByText('what was held was dropped').waitFor();
    expect(meta.requests).to.have.length(before);
  });

  it('keeps value, mapping, country, consent and the name of the event', async () => {
    await link('Settings of Meta');
    await page.getByLabel('Also where none is recorded').check();
    await page.getByLabel('The same for each').check();
    await page.getByLabel('Amount').fill('25.5');
    await page.getByLabel('Currency').fill('XQZ');
    await press('Save settings');
    await says(/Must be a currency by ISO 4217/);
    await page.getByLabel('Currency').fill('eur');
    await page.getByText('Who is told of: fields of the bot').click();
    await page.getByLabel('First name').selectOption({ index: 1 });
    await page.getByLabel('Country of phone numbers without one').fill('de');
    await page.getByText('Name of the event').click();
    await page.getByLabel('Event', { exact: true }).fill('CompleteRegistration');
    await see('settings');
    await press('Save settings');
    await says('The settings of Meta are saved.');
    await says(/worth 25.5 EUR/);
    await says('not required: the workspace answers for it');
    await link('Settings of Meta');
    expect(await page.getByLabel('Country of phone numbers without one').inputValue()).to.equal('DE');
    expect(await page.getByLabel('Event', { exact: true }).inputValue()).to.equal('CompleteRegistration');
    await press('Cancel');
  });

  it('connects LinkedIn, whose test is a real conversion, and TikTok, which wants a test code first', async () => {
    await link('Connect LinkedIn');
    await page.getByLabel('Conversion URN').fill(linkedin.conversionUrn);
    await page.getByLabel('Access token').fill(linkedin.accessToken);
    await press('Connect LinkedIn');
    await says('LinkedIn has no test mode');
    await page.getByLabel('Send it, though it counts').check();
    await press('Test connection');
    await says('It works');
    await press('Close');
    await says(/ends in 2 months|ends in 60 days|ends \d/);

    await link('Connect TikTok');
    await page.getByLabel('Pixel code').fill(tiktok.eventSourceId);
    await page.getByLabel('Access token').fill(tiktok.accessToken);
    await press('Connect TikTok');
    await says('There is no test code yet.');
    expect(tiktok.requests).to.have.length(0);
    await link('Add a test code');
    await page.getByLabel('Test code').fill('TEST00000');
    await press('Save settings');
    await link('Test connection to TikTok');
    await press('Test connection');
    await says('It works');
    await press('Close');
    await see('three');
  });

  it('asks Google for an account, an action and one of two credentials', async () => {
    await link('Connect Google Ads');
    await page.getByLabel('Customer ID').fill('123-456-7890');
    await page.getByLabel('Conversion action ID').fill('7123456789');
    await page.getByLabel('JSON key').fill('{"type": "service_account"}');
    await press('Connect Google Ads');
    await says(/Must be the JSON of a service account's key/);
    await page.getByLabel('With a refresh token').check();
    await page.getByLabel('Client ID').fill('client');
    await press('Cancel');
    await press('Close anyway');
  });

  it('disconnects, naming what ends, and keeps the log', async () => {
    await pick('TikTok', 'Disconnect TikTok');
    await says('to connect it anew takes a new token');
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Keep it connected');
    await press('Disconnect TikTok');
    await page.getByRole('link', { name: 'Connect TikTok' }).waitFor();
    await leads().getByText('Ada Lovelace').waitFor();
  });

  it('says of an address that names nothing that there is none', async () => {
    await page.goto(`/console/bots/${botId}/marketing/tiktok/edit`);
    await says('This platform is not connected to the bot.');
    await page.goto(`/console/bots/${botId}/marketing/myspace/connect`);
    await says('There is no such platform.');
    await page.goto(`/console/bots/${botId}/marketing/conversions/cabcdefghijklmnopqrstuvwx`);
    await says(/There is no such conversion/);
    await page.goto('/console/bots/cabcdefghijklmnopqrstuvwx/marketing');
    await says('There is no such bot');
  });

  it('fits 320 px, and is seen by a Member with the reason why nothing of it is theirs', async () => {
    const { email } = await memberOf(pages.server.app, pages.tenant, 'MEMBER');
    const member = await pages.signedIn({ width: 375 }, { email, password: 'a password of theirs' });
    await member.goto(`/console/bots/${botId}/marketing`);
    await member.getByText('Owners and Admins do this. You are a Member.').first().waitFor();
    expect(await member.getByRole('button', { name: 'Connect Meta' }).getAttribute('aria-disabled')).to.equal('true');
    await picture(member, 'marketing-member');
    await member.goto(`/console/bots/${botId}/marketing/meta/edit`);
    await member.getByRole('dialog').getByText('Owners and Admins do this.').waitFor();
    await member.context().close();
    await open();
    await page.setViewportSize({ width: 320, height: 640 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.equal(320);
    await page.setViewportSize({ width: 1280, height: 900 });
  });
});

describe('console: marketing where the plan has none', () => {
  it('says so, and what would change it', async () => {
    const pages = await Console.open({ plan: 'FREE' });
    const { id } = await createBot(pages.server.app, pages.tenant.workspaceId);
    const page = await pages.signedIn();
    await page.goto(`/console/bots/${id}/marketing`);
    await page.getByText('Free has no conversions.').first().waitFor();
    await picture(page, 'marketing-free');
    await page.goto(`/console/bots/${id}/marketing/meta/connect`);
    const connect = page.getByRole('dialog').getByRole('button', { name: 'Connect Meta' });
    expect(await connect.getAttribute('aria-disabled')).to.equal('true');
    expect(pages.faults).to.deep.equal([]);
    await pages.close();
  });
});
