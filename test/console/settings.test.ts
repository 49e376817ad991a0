import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { memberOf } from '../../dist/test/support/people.js';
import { Console, pictures } from './support.ts';

describe('console: workspace, members, documents, audit log and account', () => {
  let pages: Console;
  let page: Page;

  before(async () => {
    pages = await Console.open();
    page = await pages.signedIn();
  });
  after(async () => await pages.close());
  afterEach(() => expect(pages.faults).to.deep.equal([]));

  const link = async (name: string | RegExp) => await page.getByRole('link', { name, exact: true }).click();
  const press = async (name: string | RegExp) => await page.getByRole('button', { name, exact: true }).click();

  it('invites somebody by a link that is shown once, and withdraws it', async () => {
    await page.goto('/console/settings/members');
    await link('Invite member');
    await page.getByLabel('E-mail').fill('ada@example.com');
    await page.getByLabel('Admin').check();
    await press('Create invitation');
    const shown = (await page.getByRole('group', { name: 'New link' }).locator('code').textContent()) ?? '';
    expect(shown).to.match(new RegExp(`^${pages.server.url}/console/invitation#.{20,}$`));
    await press('I have copied it');
    await page.getByRole('cell', { name: 'ada@example.com', exact: true }).waitFor();
    await press('Withdraw the invitation of ada@example.com');
    await page.getByText('has stopped working').waitFor();
    await page.getByRole('heading', { name: 'Open invitations' }).waitFor({ state: 'detached' });
  });

  it('lets whom it invited in, at the overview, with the link gone from the address', async () => {
    const owner = await pages.owner();
    const { body } = await owner.graphql(
      'mutation { inviteMember(input: {email: "grace@example.com", role: MEMBER}) { link } }',
    );
    const visitor = await pages.visitor();
    await visitor.goto(body.data.inviteMember.link);
    await visitor.getByLabel('Name').fill('Grace Hopper');
    await visitor.getByLabel('Password').fill('a password of mine');
    await visitor.getByRole('button', { name: /^Join/ }).click();
    await visitor.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    expect(visitor.url()).to.not.include('#');
    // A Member sees why what is not theirs is not theirs.
    await visitor.goto('/console/settings/members');
    await visitor.getByText('This is for Owners and Admins').waitFor();
    await visitor.getByRole('button', { name: 'Invite member' }).focus();
    await visitor.getByText('Owners and Admins do this. You are a Member.').first().waitFor();
    await visitor.context().close();
  });

  it('changes a role, which ends that person’s sessions, and removes them', async () => {
    await page.goto('/console/settings/members');
    await link('Change the role of Grace Hopper');
    await page.getByLabel('Admin').check();
    await press('Change role');
    await page.getByText('Grace Hopper is Admin now.').waitFor();
    await link('Remove Grace Hopper');
    await page.getByRole('button', { name: 'Keep member' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).to.equal('Keep member');
    await press('Remove member');
    await page.getByText('Grace Hopper is removed.').waitFor();
    await page.getByRole('cell', { name: /^Grace Hopper/ }).waitFor({ state: 'detached' });
  });

  it('trusts a document, says at its field what is wrong with one, and distrusts it', async () => {
    await page.goto('/console/settings/documents/new');
    await page.getByRole('textbox', { name: 'Document' }).fill('query Nothing { nothing }');
    await press('Trust document');
    await page.getByText('Cannot query field "nothing"').waitFor();
    await page
      .getByRole('textbox', { name: 'Document' })
      .fill('query ListContacts { contacts(first: 5) { nodes { id } } }');
    await press('Trust document');
    await link('ListContacts');
    await page.getByText('sha256:').first().waitFor();
    await link('Distrust');
    await press('Distrust document');
    await page.getByText('No document is trusted yet').waitFor();
  });

  it('renames the workspace, at the top of the page at once', async () => {
    await page.goto('/console/settings/workspace');
    await page.getByLabel('Workspace name').fill('Lovelace & Co.');
    await press('Rename workspace');
    await page.getByRole('banner').getByText('Lovelace & Co.').waitFor();
  });

  it('shuts agents out and lets them in again, for Owners', async () => {
    await page.goto('/console/settings/workspace');
    await press('Shut agents out');
    await page.getByText('Agents are shut out.').waitFor();
    const owner = await pages.owner();
    const isOn = async () =>
      (await owner.graphql('{ workspace { agentsMayConnect } }')).body.data.workspace.agentsMayConnect as boolean;
    expect(await isOn()).to.equal(false);
    await press('Let agents connect');
    await page.getByRole('button', { name: 'Shut agents out' }).waitFor();
    expect(await isOn()).to.equal(true);
    const { email } = await memberOf(pages.server.app, pages.tenant, 'ADMIN');
    const other = await pages.signedIn({}, { email, password: 'a password of theirs' });
    await other.goto('/console/settings/workspace');
    await other.getByRole('button', { name: 'Shut agents out' }).focus();
    await other.getByText('Owners do this. You are an Admin.').waitFor();
    await other.context().close();
  });

  it('tells who did what, and all that was done to one thing', async () => {
    await page.goto('/console/settings/audit');
    await page.getByRole('link', { name: 'Distrusted documents' }).first().waitFor();
    await page.getByLabel('Action').selectOption('Renamed the workspace');
    await page.getByRole('link', { name: 'Renamed the workspace' }).first().click();
    await page.getByRole('group', { name: 'Details' }).getByText('Lovelace').waitFor();
    await page.getByRole('link', { name: 'All changes to this' }).click();
    await page.getByText('All that was done to').waitFor();
    await page.getByLabel('Action').selectOption('Merged contacts');
    await page.getByText('Nothing fits your filter').waitFor();
  });

  it('lists the sessions of a person, and ends one or all others', async () => {
    const others = [await pages.owner(), await pages.owner()];
    await page.goto('/console/settings/account');
    await page.getByText('This one').waitFor();
    await page.getByRole('button', { name: 'End session' }).first().click();
    await page.getByText('is signed out').waitFor();
    await press('Sign out everywhere else');
    await page.getByText('You are signed in here alone.').waitFor({ state: 'attached' });
    for (const other of others) {
      expect((await other.graphql('{ viewer { role } }')).body.errors[0].extensions.code).to.equal(
        'authentication_required',
      );
    }
  });

  it('changes the password, and says at its field that the old one is wrong', async () => {
    await page.goto('/console/settings/account');
    await page.getByLabel('Current password').fill('wrong');
    await page.getByLabel('New password').fill('another password');
    await press('Change password');
    await page.getByRole('alert').waitFor();
    await page.getByLabel('Current password').fill(pages.tenant.owner.password);
    await press('Change password');
    await page.getByText('Your password is changed').waitFor();
    await page.reload();
    await page.getByText('This one').waitFor();
  });

  it('looks as it should in each theme and width', async () => {
    const other = await pages.again(page.context());
    const at = async (address: string, sign: string, name: string) => {
      await other.goto(`/console/settings/${address}`);
      await other.getByRole('main').getByText(sign, { exact: true }).locator('visible=true').first().waitFor();
      await pictures(other, name);
    };
    await at('members', 'Joined', 'members');
    await at('members/invite', 'Create invitation', 'members-invite');
    await at('documents', 'No document is trusted yet', 'documents');
    await at('workspace', 'Rename workspace', 'workspace');
    await at('audit', 'Signed in', 'audit');
    await at('account', 'This one', 'account');
    await other.context().close();
  });
});
