// The console in a browser, as an agent or a supervisor works with it.
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const axe = new URL('../node_modules/axe-core/axe.min.js', import.meta.url);

/** Where pictures of the pages go: the directory that PARLEY_PICTURES names, or nowhere. */
const pictures = process.env.PARLEY_PICTURES;
if (pictures) mkdirSync(pictures, { recursive: true });

/** A tab with the console. */
export class Console {
  /**
   * Opens the console in a fresh profile.
   * @param {import('./crm.mjs').Office} office
   * @param {object} [options] Of the profile: {viewport, colorScheme, locale …}.
   */
  static async open(office, options) {
    const page = new Console();
    const context = await office.profile({ signedIn: false, viewport: { width: 1440, height: 900 }, ...options });
    page.office = office;
    page.tab = await context.newPage();
    page.errors = [];
    page.tab.on('pageerror', (error) => page.errors.push(String(error)));
    page.tab.on('console', (message) => { if (message.type() === 'error' && !/ERR_|401|Failed to load/.test(message.text())) page.errors.push(message.text()); });
    await page.tab.goto(`${(office.proxy ?? office.parley).address}/console/`);
    return page;
  }

  /** Opens it and signs somebody in. */
  static async signedIn(office, { name, password }, options) {
    const page = await Console.open(office, options);
    await page.signIn(name, password);
    await page.status();
    return page;
  }

  async signIn(name, password) {
    await this.tab.getByLabel('User name').fill(name);
    await this.tab.getByLabel('Password').fill(password);
    await this.tab.getByRole('button', { name: 'Sign in' }).click();
  }

  /** The button that shows and chooses the status. */
  status(text = '') {
    return this.tab.getByRole('button', { name: new RegExp(`^Your status: ${text}`) }).waitFor();
  }

  async choose(status) {
    await this.tab.getByRole('button', { name: /^Your status/ }).click();
    await this.tab.getByRole('menuitemcheckbox', { name: status }).click();
    await this.status(status);
  }

  button(name, options) {
    return this.tab.getByRole('button', { name, ...options });
  }

  /** A chat in the list. */
  chat(name) {
    return this.tab.locator('.chats li', { hasText: name });
  }

  /** Accepts a chat that rings. */
  async accept(name) {
    await this.button(`Accept the chat of ${name}`).click();
    await this.field(name).waitFor();
  }

  field(name) {
    return this.tab.getByLabel(`Message to ${name}`);
  }

  async say(name, text) {
    await this.field(name).fill(text);
    await this.field(name).press('Enter');
  }

  /** Something in the transcript in view. */
  line(text) {
    return this.tab.locator('.lines', { hasText: text });
  }

  /** A picture of the page as it is, for whoever looks at it. */
  async picture(name) {
    if (pictures) await this.tab.screenshot({ path: join(pictures, `${name}.png`), animations: 'disabled' });
  }

  /** What axe finds serious or critical on the page. */
  async faults() {
    await this.tab.evaluate(await readFile(axe, 'utf8'));
    const { violations } = await this.tab.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    return violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join('; ')}`);
  }

  close() {
    return this.tab.context().close();
  }
}
