import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { clientOf } from '../../dist/test/support/client.js';
import { contactForm, createBot, createSubmission, operator } from '../../dist/test/support/factories.js';
import { memberOf } from '../../dist/test/support/people.js';
import { Console, picture, pictures } from './support.ts';

const pointsMax = 6;
/** All that a text may hold and a page must not do: markup, controls, marks of direction, what cannot be seen. */
const hostile = `<script>window.hit = 1</script><img src=x onerror="window.hit = 1">\u202Eevil\u2066\u0001\u001B[31m\u200B\uFEFF"'&`;
const longest = hostile.padEnd(10_000, 'y');

describe('console: bots, submissions, contacts and records', () => {
  let pages: Console;
  let page: Page;
  let bot: Awaited<ReturnType<typeof createBot>>;
  let submission: Awaited<ReturnType<typeof createSubmission>>;
  let draft: typeof submission;

  before(async () => {
    pages = await Console.open();
    const { server, tenant } = pages;
    bot = await createBot(server.app, tenant.workspaceId, {
      description: 'The first thing visitors see.',
      record_type: 'lead',
      schema: [
        ...contactForm,
        { name: 'wishes', label: 'Wishes', type: 'multi_select', options: ['Tour', 'Lunch'] },
        { name: 'message', label: 'Tell us more', type: 'textarea' },
      ],
    });
    await createBot(server.app, tenant.workspaceId, { name: 'Job applications', status: 'DRAFT' });
    submission = await createSubmission(server.app, bot, {
      data: {
        full_name: 'Ada Lovelace',
        email: 'ada@example.com',
        phone: '+12125550147',
        topic: 'Sales',
        guests: 3,
        wishes: ['Tour', 'Lunch'],
        message: 'Do you have a plan for analysts?\nWe are three.',
      },
    });
    draft = await createSubmission(server.app, bot, { status: 'IN_PROGRESS', data: { full_name: 'Grace Hopper' } });
    await say(submission.id, 'assistant', 'What is it about?');
    await say(submission.id, 'user', 'A plan for analysts.');
    page = await pages.signedIn();
    page.setDefaultTimeout(15_000);
  });
  after(async () => await pages.close());
  afterEach(() => expect(pages.faults).to.deep.equal([]));

  const say = async (submissionId: string, role: 'assistant' | 'user', content: string) => {
    const { app } = pages.server;
    const actor = await operator(app, pages.tenant.workspaceId);
    await app.submissions.addMessage(actor, submissionId, () => ({ role, content }));
  };
  const toast = async (text: string) => await page.locator('.toast').getByText(text).waitFor();
  const heading = async (name: string | RegExp) => await page.getByRole('heading', { name }).first().waitFor();
  const contactIdOf = async (email: string) => {
    const { body } = await clientOf(pages.server.url, pages.tenant.key).graphql(
      'query ($email: String) { contacts(filter: { email: $email }) { nodes { id } } }',
      { email },
    );
    return (body as { data: { contacts: { nodes: { id: string }[] } } }).data.contacts.nodes[0]?.id ?? '';
  };

  it('gives a call to post to a bot, ready to paste but for the key', async () => {
    await page.goto(`/console/bots/${bot.id}?show=post`);
    const curl = (await page.getByRole('group', { name: 'curl command' }).textContent()) ?? '';
    expect(curl).to.not.include('iozen_live_');
    const { stdout } = await promisify(execFile)('sh', ['-c', curl], {
      env: { ...process.env, IOZEN_API_KEY: pages.tenant.key },
    });
    expect(JSON.parse(stdout)).to.have.property('success', true);
    await page.getByRole('link', { name: 'Submissions', exact: true }).click();
    await page.getByLabel('Kind').selectOption('Test');
    await page.locator('tbody .tag').waitFor();
    expect(new URL(page.url()).search).to.equal('?kind=test');
    await page.getByLabel('Status').selectOption('In progress');
    await page.getByText('There is nothing with the status In progress, the kind test.').waitFor();
    await page.getByRole('link', { name: 'Clear filter' }).first().click();
    await page.getByRole('link', { name: 'Ada Lovelace' }).first().waitFor();
  });

  it('changes the status of a bot, and says first what that ends', async () => {
    await page.goto(`/console/bots/${bot.id}`);
    await page.getByRole('link', { name: 'Pause' }).click();
    await page.getByText('It takes no new submissions').waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Keep it active');
    await page.getByRole('button', { name: 'Pause bot' }).click();
    await toast('Contact us is paused.');
    await page.getByRole('link', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Resume bot' }).click();
    await toast('Contact us takes submissions again.');
    await page.goto(`/console/bots/${bot.id}/status/archive`);
    await page.getByText('“Archive” is for bots that are paused.').waitFor();
  });

  it('completes a submission once its answers are there, and shows what is wrong at the field it is about', async () => {
    await page.goto(`/console/submissions/${draft.id}`);
    await page.getByRole('link', { name: 'Complete' }).click();
    await page.getByRole('button', { name: 'Complete submission' }).click();
    await page.getByText('“E-mail” is required.').waitFor();
    await page.getByRole('alertdialog').getByRole('link', { name: 'Edit answers' }).click();
    await page.getByLabel('E-mail').fill('no address');
    await page.getByLabel('Guests').fill('eleven');
    await page.getByRole('button', { name: 'Save answers' }).click();
    await page.getByText('Must be a number.').waitFor();
    expect(await page.getByLabel('E-mail').getAttribute('aria-invalid')).to.equal('true');
    await page.getByLabel('E-mail').fill('grace@example.com');
    await page.getByLabel('Guests').fill('4');
    await page.getByLabel('Lunch').check();
    await page.getByRole('button', { name: 'Save answers' }).click();
    await toast('The answers are saved.');
    await page.getByRole('link', { name: 'Complete' }).click();
    await page.getByRole('button', { name: 'Complete submission' }).click();
    await toast('The submission is completed.');
    await heading('Grace Hopper');
    await page.getByRole('link', { name: 'lead' }).click();
    await page.getByText('"guests": 4').waitFor();
    await page.getByText('as submitter').waitFor();
  });

  it('merges the contact that another one turns out to be, and says what is kept and what goes', async () => {
    const [ada, grace] = [await contactIdOf('ada@example.com'), await contactIdOf('grace@example.com')];
    await page.goto(`/console/contacts/${ada}/edit`);
    await page.getByLabel('Tags').fill('vip\nanalyst');
    await page.getByLabel('Custom fields').fill('{"plan": ');
    await page.getByRole('button', { name: 'Save contact' }).click();
    await page.getByText('Must be a JSON object').waitFor();
    await page.getByLabel('Custom fields').fill('{"plan": "gold"}');
    await page.getByLabel('E-mail').fill('grace@example.com');
    await page.getByRole('button', { name: 'Save contact' }).click();
    await page.getByText('Another contact has this e-mail address').waitFor();
    await page.getByLabel('E-mail').fill('ada@example.com');
    await page.getByRole('button', { name: 'Save contact' }).click();
    await toast('The contact is saved.');
    await page.getByRole('link', { name: 'Merge' }).click();
    await page.getByLabel('E-mail, phone or id of the duplicate').fill('grace@example.com');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByRole('link', { name: 'Compare' }).click();
    await page.getByRole('row', { name: 'Also found by grace@example.com' }).waitFor();
    await page.getByText(`The id ${grace} names nothing any more.`).waitFor();
    await page.getByRole('button', { name: 'Merge contacts' }).click();
    await toast('was merged into this contact.');
    await page.getByText('3 submissions').first().waitFor();
    await page.goto(`/console/contacts?q=grace%40example.com`);
    await page.getByRole('link', { name: 'Ada Lovelace' }).click();
    await page.getByText('"plan": "gold"').waitFor();
  });

  it('erases a person, with what goes counted before and after', async () => {
    const going = await createSubmission(pages.server.app, bot, {
      data: { full_name: 'Alan Turing', email: 'alan@example.com' },
    });
    await say(going.id, 'user', 'Can machines fill in forms?');
    const alan = await contactIdOf('alan@example.com');
    await page.goto(`/console/contacts/${alan}/erase`);
    await page.getByText('the link to 1 submission and 1 record, which stay').waitFor();
    await page.getByLabel('The person and what they submitted').check();
    await page.getByText('1 submission with 1 message').waitFor();
    await page.getByText('1 record', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Erase person and submissions' }).click();
    await heading('The person is erased');
    const facts = page.getByRole('dialog').locator('dl');
    expect(await facts.textContent()).to.include('Submissions deleted1Messages deleted1Records deleted1');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.goto(`/console/contacts/${alan}`);
    await page.getByText('It may have been erased, or merged').waitFor();
    await page.getByRole('link', { name: 'Go to contacts' }).click();
    await heading('Contacts');
  });

  it('shows a Member what is theirs, and why the rest is not', async () => {
    const member = await memberOf(pages.server.app, pages.tenant, 'MEMBER');
    const theirs = await pages.signedIn({}, { email: member.email, password: 'a password of theirs' });
    await theirs.goto(`/console/bots/${bot.id}`);
    await theirs.getByRole('button', { name: 'Pause' }).focus();
    await theirs.getByText('Owners and Admins do this. You are a Member.').first().waitFor();
    await theirs.goto(`/console/submissions/${submission.id}`);
    await theirs.getByText('Owners and Admins see what webhooks were told of it.').waitFor();
    await theirs.getByRole('link', { name: 'Edit answers' }).click();
    await theirs.getByLabel('Guests').fill('5');
    await theirs.getByRole('button', { name: 'Save answers' }).click();
    await theirs.getByText('The answers are saved.').waitFor();
    await theirs.goto(`/console/contacts/${await contactIdOf('ada@example.com')}/erase`);
    await theirs.getByLabel('The person and what they submitted').check();
    const erase = theirs.getByRole('button', { name: 'Erase person and submissions' });
    expect(await erase.getAttribute('aria-disabled')).to.equal('true');
    await theirs.context().close();
  });

  it('shows the longest texts of strangers inert: markup, controls and marks of direction', async () => {
    const { server, tenant } = pages;
    const names = Array.from({ length: 99 }, (_, at) => `text_${at}`);
    const open = await createBot(server.app, tenant.workspaceId, {
      name: hostile.slice(0, 200),
      description: longest.slice(0, 2_000),
      record_type: 'lead',
      schema: [
        { name: 'email', label: 'E-mail', type: 'email', required: true },
        { name: 'list', label: longest.slice(0, 5_000), type: 'hidden' },
        ...names.map((name) => ({ name, label: name, type: 'textarea' })),
      ],
    });
    const sent = await createSubmission(server.app, open, {
      data: {
        email: 'mallory@example.com',
        list: [hostile, '</ul>'],
        ...Object.fromEntries(names.map((name) => [name, longest])),
      },
    });
    await say(sent.id, 'user', longest);
    const mallory = await contactIdOf('mallory@example.com');
    const actor = await operator(server.app, tenant.workspaceId);
    await server.app.contacts.update(actor, mallory, () => ({
      id: mallory,
      firstName: hostile.slice(0, 150),
      tags: [hostile.slice(0, 50)],
      customFields: { [hostile.slice(0, 90)]: longest },
    }));
    const { body } = await clientOf(server.url, tenant.key).graphql(
      'query ($id: ID) { records(filter: { submissionId: $id }) { nodes { id } } }',
      { id: sent.id },
    );
    const recordId = (body as { data: { records: { nodes: { id: string }[] } } }).data.records.nodes[0]?.id ?? '';
    for (const [path, ready] of [
      [`/bots`, 'Contact us'],
      [`/bots/${open.id}`, 'Files'],
      [`/bots/${open.id}?show=fields`, 'text_98'],
      [`/bots/${open.id}?show=post`, 'curl'],
      [`/submissions/${sent.id}`, 'text_98'],
      [`/submissions/${sent.id}/edit`, 'It has characters that cannot be seen'],
      [`/contacts`, 'Ada Lovelace'],
      [`/contacts/${mallory}`, 'About the person'],
      [`/contacts/${mallory}/edit`, 'One a line.'],
      [`/contacts/${mallory}/erase`, 'which stay'],
      [`/records`, 'submitter'],
      [`/records/${recordId}`, 'People it is about'],
    ] as const) {
      await page.goto(`/console${path}`);
      await page.getByText(ready).first().waitFor();
      const found = await page.evaluate(() => ({
        hit: 'hit' in window,
        title: document.title,
        elements: document.body.querySelectorAll('#root script, #root img, #root iframe').length,
        // oxlint-disable-next-line no-control-regex -- control characters are what must not be there.
        raw: /[\u202A-\u202E\u2066-\u2069\u0001\u001B\u200B\uFEFF]/.test(document.body.innerText),
        wide: document.documentElement.scrollWidth > innerWidth,
        long: document.body.innerText.length > 400_000,
      }));
      expect(found, path).to.deep.equal({
        hit: false,
        // oxlint-disable-next-line no-control-regex -- control characters are what must not be there.
        title: found.title.replaceAll(/[\u202E\u2066\u0001]/g, ''),
        elements: 0,
        raw: false,
        wide: false,
        long: false,
      });
    }
    await page.goto(`/console/submissions/${sent.id}`);
    await page.getByText('RLO').first().waitFor();
    const answer = page.locator('.answers dd').last();
    const before = (await answer.textContent())?.length ?? 0;
    await answer.getByRole('button', { name: 'Show more' }).click();
    expect((await answer.textContent())?.length).to.be.above(before);
    await picture(page, 'submission-inert');
  }).timeout(120_000);

  it('looks as it should in each theme and width', async () => {
    const other = await pages.again(page.context());
    let points = 0;
    other.on('response', (response) => {
      if (!response.url().endsWith('/graphql')) return;
      void response.json().then(
        ({ extensions }) => (points += extensions?.cost?.points ?? 0),
        () => undefined,
      );
    });
    const shows = async (name: string, path: string, ready: string) => {
      points = 0;
      await other.goto(`/console${path}`);
      await other.getByText(ready).first().waitFor();
      await other.waitForLoadState('networkidle');
      expect(points, `${name} costs points`).to.be.within(1, pointsMax);
      await pictures(other, name);
    };
    const ada = await contactIdOf('ada@example.com');
    await shows('bots', '/bots', 'Contact us');
    await shows('bot', `/bots/${bot.id}?from=2020-01-01`, 'Ada Lovelace');
    await shows('bot-fields', `/bots/${bot.id}?show=fields`, 'full_name');
    await shows('bot-post', `/bots/${bot.id}?show=post`, 'curl');
    await shows('bot-pause', `/bots/${bot.id}/status/pause`, 'Keep it active');
    await shows('bot-missing', `/bots/nothing`, 'There is no such bot');
    await shows('submission', `/submissions/${submission.id}`, 'submission.completed');
    await shows('submission-edit', `/submissions/${submission.id}/edit`, 'Save answers');
    await shows('contacts', '/contacts', 'Ada Lovelace');
    await shows('contacts-none', '/contacts?q=nobody%40example.com', 'Nothing fits');
    await shows('contact', `/contacts/${ada}`, 'lead');
    await shows('contact-edit', `/contacts/${ada}/edit`, 'Save contact');
    const example = await contactIdOf('mallory@example.com');
    await shows('contact-merge', `/contacts/${ada}/merge?duplicate=${example}`, 'Merge contacts');
    await shows('contact-erase', `/contacts/${ada}/erase`, 'which stay');
    await shows('records', '/records', 'submitter');
    const { body } = await clientOf(pages.server.url, pages.tenant.key).graphql(
      'query ($id: ID) { records(filter: { submissionId: $id }) { nodes { id } } }',
      { id: submission.id },
    );
    const record = (body as { data: { records: { nodes: { id: string }[] } } }).data.records.nodes[0]?.id ?? '';
    await shows('record', `/records/${record}`, 'People it is about');
    await other.context().close();
  }).timeout(240_000);
});
