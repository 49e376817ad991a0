/** A real server with the built console, and Chromium to look at it with. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { personAt, type Person } from '../../dist/test/support/people.js';
import { createTenant, startServer, type Tenant, type TestServer } from '../../dist/test/support/app.js';

export const results = join(import.meta.dirname, '../../test-results/console');

export const themes = ['light', 'dark'] as const;
export type Theme = (typeof themes)[number];
export const widths = [1280, 375] as const;
export type Width = (typeof widths)[number];
/** Widths of windows of phones. */
const phoneWidths = [360, 390, 375] as const;

export interface Look {
  theme?: Theme;
  width?: Width;
}

const sizeOf = (width: Width) => ({ width, height: width === 375 ? 780 : 900 });

interface SignIn {
  email: string;
  password: string;
}

/** A server, a workspace with its Owner, and a browser. `faults` are what no page may have: see `watch`. */
export class Console {
  readonly faults: string[] = [];

  server: TestServer;
  readonly tenant: Tenant;
  private readonly browser: Browser;

  private constructor(server: TestServer, tenant: Tenant, browser: Browser) {
    this.server = server;
    this.tenant = tenant;
    this.browser = browser;
  }

  static async open({
    plan,
    env,
  }: { plan?: 'FREE' | 'PRO' | 'BUSINESS'; env?: Record<string, string> } = {}): Promise<Console> {
    const server = await startServer({ env: env ?? {} });
    const tenant = await createTenant(server.app, plan);
    // As root, which CI is, Chromium has no sandbox.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? 'chromium', args });
    return new Console(server, tenant, browser);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }

  /** Stops the server under the open pages, and starts another at the same address, on the same database. */
  async restart(meanwhile: () => Promise<void>): Promise<void> {
    const { app, url, databaseUrl, secretsKey } = this.server;
    await app.stop();
    await meanwhile();
    this.server = await startServer({ databaseUrl, env: { PORT: new URL(url).port, SECRETS_KEY: secretsKey } });
  }

  /** The Owner at another computer, to call `/graphql` with. */
  async owner(): Promise<Person> {
    const { email, password } = this.tenant.owner;
    const person = personAt(this.server.url);
    // Past the door, where one address has the points of some twenty sign-ins a minute.
    const { token } = await this.server.app.accounts.signIn(() => ({ email, password }), null);
    person.cookie = `iozen_session=${token}`;
    return person;
  }

  /** Ends every session of the Owner but one, as the Owner does who lost a computer. */
  async endSessions(): Promise<void> {
    await (await this.owner()).graphql('mutation { signOutEverywhere { sessionsEnded } }');
  }

  /** A browser of somebody who is not signed in. */
  async visitor({ theme = 'light', width = 1280 }: Look = {}): Promise<Page> {
    const context = await this.browser.newContext({
      baseURL: this.server.url,
      colorScheme: theme,
      viewport: sizeOf(width),
      reducedMotion: 'reduce',
      locale: 'en-GB',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    context.setDefaultTimeout(20_000);
    const page = await context.newPage();
    await this.watch(page);
    return page;
  }

  /** A browser of the Owner, or of somebody else, signed in through the form and at the overview. */
  async signedIn(look: Look = {}, person: SignIn = this.tenant.owner): Promise<Page> {
    const page = await this.visitor(look);
    await this.signIn(page, person);
    return page;
  }

  /** Through the form, to the overview. */
  async signIn(page: Page, { email, password }: SignIn = this.tenant.owner): Promise<void> {
    await page.goto('/console');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  }

  /** The same person in a window of another look. */
  async again(of: BrowserContext, look: Look = {}): Promise<Page> {
    const page = await this.visitor(look);
    await page.context().addCookies(await of.cookies());
    return page;
  }

  /** What no page may do: break a policy, throw, ask another host, scroll sideways. */
  private async watch(page: Page): Promise<void> {
    const { faults, server } = this;
    page.on('pageerror', (error) => faults.push(`threw ${error.message}`));
    page.on('console', (message) => {
      // A refusal that the page shows is also written by the browser: it is none of the page's faults.
      const isRefusal = /status of (4\d\d|503)|net::ERR_/.test(message.text());
      if (message.type() === 'error' && !isRefusal) faults.push(`wrote ${message.text()}`);
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(server.url) && !/^(data|blob):/.test(url)) faults.push(`asked ${url}`);
    });
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        console.error(`policy: ${violatedDirective} ${blockedURI}`);
      });
    });
  }
}

/** The rules of WCAG 2.2, A and AA, that a program can judge. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** Those of them that the theme decides. */
const rulesOfColour = ['color-contrast', 'link-in-text-block'];

/**
 * What of the page, as it is now, breaks a rule of WCAG or needs to be scrolled sideways. `inEachLook` comes to the light
 * theme after the dark one of the same width: there, only colours are judged once more.
 */
export async function broken(page: Page, { theme }: Pick<Look, 'theme'> = {}): Promise<string[]> {
  const { width = 0 } = page.viewportSize() ?? {};
  const needed = await page.evaluate(() => document.documentElement.scrollWidth);
  const wide = needed > width ? [`it is ${needed} px wide in a window of ${width} px`] : [];
  if (width < 640 && theme !== 'light') wide.push(...(await crowded(page)));
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const runOnly: axe.RunOnly =
    theme === 'light' ? { type: 'rule', values: rulesOfColour } : { type: 'tag', values: rules };
  const violations = await page.evaluate(async (only) => {
    const { axe: judge } = window as unknown as { axe: { run: typeof axe.run } };
    return (await judge.run(document, { runOnly: only, resultTypes: ['violations'] })).violations;
  }, runOnly);
  return [...wide, ...violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))];
}

/**
 * What has too little room on a phone: tabs stand in one line, no words of buttons and heads of columns break, nothing of
 * them is cut off, no short word anywhere is broken in two, no button lies over code, and no dialog is scrolled sideways, of
 * which the page's own width tells nothing.
 */
async function crowded(page: Page): Promise<string[]> {
  const before = page.viewportSize() ?? sizeOf(375);
  const faults: string[] = [];
  for (const width of phoneWidths) {
    await page.setViewportSize({ ...before, width });
    await drawn(page);
    for (const fault of await page.evaluate(crowdedNow)) faults.push(`at ${width} px ${fault}`);
  }
  await page.setViewportSize(before);
  await drawn(page);
  return faults;
}

/** Runs in the page. */
function crowdedNow(): string[] {
  const all = (selector: string) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const named = ({ textContent }: Element) => `"${textContent.slice(0, 60)}"`;
  /** How many lines boxes stand in: those of one line have the same middle, more or less. */
  const linesOf = (boxes: readonly DOMRect[]) => {
    const middles: number[] = [];
    for (const { top, bottom, width } of boxes) {
      const middle = (top + bottom) / 2;
      if (width > 0 && !middles.some((one) => Math.abs(one - middle) < 6)) middles.push(middle);
    }
    return middles.length;
  };
  const wordsOf = (element: Element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return [...range.getClientRects()];
  };
  /** The nearest that cuts off what stands outside of it. */
  const frameOf = (element: Element): Element => {
    const parent = element.parentElement;
    return parent === null || getComputedStyle(parent).overflowX !== 'visible' ? (parent ?? element) : frameOf(parent);
  };
  const isCut = (element: Element) => {
    const [inner, outer] = [element.getBoundingClientRect(), frameOf(element).getBoundingClientRect()];
    return inner.left < outer.left - 1 || inner.right > outer.right + 1;
  };
  // What only those hear who listen to the page is a pixel wide.
  const isHeard = (element: Element) => element.closest('.heard') !== null || frameOf(element).clientWidth <= 1;
  const brokenWords = () => {
    const found: string[] = [];
    const range = document.createRange();
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode() as Text | null; node !== null; node = texts.nextNode() as Text | null) {
      const parent = node.parentElement;
      if (parent?.checkVisibility() !== true || parent.closest('pre, .heard') !== null) continue;
      for (const { 0: word, index } of node.data.matchAll(/(?<!\S)[\p{L}\p{N}]{2,12}(?!\S)/gu)) {
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        if (linesOf([...range.getClientRects()]) > 1) found.push(`this word is broken: "${word}"`);
      }
    }
    return found;
  };
  const isOver = (button: Element) => {
    const [one, other] = [button, button.parentElement?.querySelector('pre') ?? button];
    const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
    return one !== other && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  };
  const controls = all('button, .button, [role=tab], .views a, th').filter((control) => !isHeard(control));
  return [
    ...all('[role=tablist], .views')
      .filter((row) => linesOf([...row.children].map((child) => child.getBoundingClientRect())) > 1)
      .map((row) => `these tabs wrap: ${named(row)}`),
    ...controls.filter((one) => linesOf(wordsOf(one)) > 1).map((one) => `these words break: ${named(one)}`),
    ...brokenWords(),
    ...all('.code > button')
      .filter(isOver)
      .map((one) => `this lies over code: ${named(one)}`),
    ...controls.filter(isCut).map((one) => `this is cut off: ${named(one)}`),
    ...all('dialog, dialog form, dialog footer, .dialog-in, .dialog-body')
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
      .map((one) => `this is scrolled sideways: ${named(one)}`),
  ];
}

/** A picture of the whole page, of which nothing may be `broken`. */
export async function picture(page: Page, name: string): Promise<void> {
  // All that the page asks for is there, so that nothing moves between the look and the picture.
  await page.waitForLoadState('networkidle');
  await take(page, name);
}

/** The same in each theme and width, of a page that is loaded once. */
export async function pictures(page: Page, name: string): Promise<void> {
  await page.waitForLoadState('networkidle');
  await inEachLook(page, async (look) => await take(page, `${name}-${look.theme}-${look.width}`, look));
}

async function take(page: Page, name: string, look: Look = {}): Promise<void> {
  mkdirSync(results, { recursive: true });
  const faults = await broken(page, look);
  if (faults.length > 0) throw new Error(`${name} breaks ${faults.join('\n')}`);
  await shoot(page, join(results, `${name}.png`));
}

/** A dialog covers the window, and all that is behind it. */
export async function shoot(page: Page, path: string): Promise<void> {
  const isDialog = (await page.locator('dialog:modal').count()) > 0;
  await page.screenshot({ path, fullPage: !isDialog });
}

/** Waits until the page is drawn as it is to be now, whatever of it goes over to the other colours. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    await Promise.allSettled(document.getAnimations().map(async ({ finished }) => await finished));
  });
}

/** The page as it is, for a moment in each theme and width; it is left as it was. */
export async function inEachLook(page: Page, see: (look: Required<Look>) => Promise<void>): Promise<void> {
  for (const width of widths.toReversed()) {
    for (const theme of themes.toReversed()) {
      await page.emulateMedia({ colorScheme: theme });
      await page.setViewportSize(sizeOf(width));
      await drawn(page);
      await see({ theme, width });
    }
  }
}
