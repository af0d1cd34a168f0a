// ChatJS, unmodified, in headless Chromium: a page on an origin of its own
// loads the published bundle, and the test holds its sessions by the handle.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { Journal, patience } from './journal.mjs';

const chromiumFlags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

const html = '<!doctype html><meta charset="utf-8"><title>chat</title><script src="/chatjs.js"></script><script src="/page.js"></script>';

/** The site that embeds the chat. Its origin is not the server's, so that browsers ask for permission. */
async function startSite() {
  const read = (path) => readFile(new URL(path, import.meta.url));
  const chatjs = await read('../node_modules/amazon-connect-chatjs/dist/amazon-connect-chat.js');
  const files = {
    '/': ['text/html', html],
    '/chatjs.js': ['text/javascript', chatjs],
    '/page.js': ['text/javascript', await read('page.js')],
  };
  const server = createServer((req, res) => {
    const [type, body] = files[req.url] ?? ['text/plain', ''];
    res.writeHead(files[req.url] ? 200 : 404, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, files, origin: `http://127.0.0.1:${server.address().port}` };
}

/** A running Chromium and the site. */
export class Browser {
  static async start() {
    const browser = new Browser();
    browser.site = await startSite();
    browser.chromium = await chromium.launch({
      executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium', headless: true, args: chromiumFlags, timeout: patience,
    });
    return browser;
  }

  get origin() {
    return this.site.origin;
  }

  /** Opens an empty page in a fresh profile. */
  async tab(options) {
    const context = await this.chromium.newContext(options);
    context.setDefaultTimeout(patience);
    return context.newPage();
  }

  /** Opens a page whose ChatJS talks to an endpoint, in a fresh profile. With clock: true
   * the page's time is the test's to move; timers of the delay hold wait for the test. */
  async page(endpoint, { clock = false, hold } = {}) {
    const tab = await this.tab();
    if (clock) await tab.clock.install();
    const page = await Page.open(tab, this.origin, endpoint);
    if (hold) await page.holdTimers(hold);
    return page;
  }

  /** Serves a page of the test's own on the site, with ChatJS to import as with a bundler; returns its URL. */
  serve(body) {
    const imports = '<script type="importmap">{"imports": {"amazon-connect-chatjs": "/chatjs.js"}}</script>';
    this.site.files['/own'] = ['text/html', `<!doctype html><meta charset="utf-8">${imports}${body}`];
    return `${this.origin}/own`;
  }

  /** Closes all pages. */
  async clear() {
    await Promise.all(this.chromium.contexts().map((context) => context.close()));
  }

  async stop() {
    await this.chromium.close();
    await new Promise((resolve) => this.site.server.close(resolve));
  }
}

/** A page with ChatJS. */
export class Page {
  #sessions = new Map();

  static async open(tab, origin, endpoint) {
    const page = new Page();
    page.tab = tab;
    page.errors = [];
    page.sockets = new Journal('WebSockets of the page');
    page.frames = new Journal('frames of the page');
    page.reports = new Journal('reports of the page');
    tab.on('pageerror', (error) => page.errors.push(String(error)));
    tab.on('websocket', (ws) => page.#watch(ws));
    await tab.exposeFunction('report', (name, n, handler, data) => {
      page.#sessions.get(name).events.add({ n, handler, data });
      page.reports.add(n);
    });
    await tab.goto(origin);
    await tab.evaluate((config) => window.chat.configure(config), { endpoint, loggerConfig: { level: 4 } });
    return page;
  }

  #watch(ws) {
    const n = this.sockets.all((s) => s.event === 'opened').length;
    this.sockets.add({ event: 'opened', n, url: ws.url() });
    ws.on('framesent', ({ payload }) => this.frames.add({ n, sent: true, text: String(payload), frame: parse(payload) }));
    ws.on('framereceived', ({ payload }) => this.frames.add({ n, sent: false, text: String(payload), frame: parse(payload) }));
    ws.on('close', () => this.sockets.add({ event: 'closed', n }));
  }

  /** Makes a customer's session from what StartChatContact returned. */
  async session(details, options = {}) {
    const name = `session ${this.#sessions.size + 1}`;
    const session = new Session(this, name);
    this.#sessions.set(name, session);
    await this.tab.evaluate(([n, d, o]) => window.chat.create(n, d, o), [name, details, options]);
    return session;
  }

  configure(config) {
    return this.tab.evaluate((c) => window.chat.configure(c), config);
  }

  /** Keeps timers of a delay from firing until fireTimers, which says how many there were. */
  holdTimers(delay) {
    return this.tab.evaluate((ms) => window.chat.holdTimers(ms), delay);
  }

  fireTimers() {
    return this.tab.evaluate(() => window.chat.fireTimers());
  }

  /** Lets the page's time go by, with all its timers. */
  pass(ms) {
    return this.tab.clock.runFor(ms);
  }

  /** Frames of a topic that the page has sent, or that it was sent. */
  framesOf(topic, sent) {
    return this.frames.all((f) => f.sent === sent && f.frame?.topic === topic);
  }

  /** Lets ticks of 10 seconds go by in which ChatJS sends a ping and a heartbeat and gets both
   * answered, after those of the socket's beginning. From here on no other time goes by in the page. */
  async idle(ticks) {
    const answer = (f) => !f.sent && (f.frame?.topic === 'aws/ping' || f.frame?.topic === 'aws/heartbeat');
    await this.frames.atLeast(2, answer, 'answers to the first ping and heartbeat');
    await this.tab.clock.pauseAt(await this.tab.evaluate(() => Date.now() + 1_000));
    for (let i = 0; i < ticks; i++) {
      await this.settled();
      const before = this.frames.all(answer).length;
      await this.pass(10_000);
      await this.frames.atLeast(before + 2, answer, 'answers to ping and heartbeat');
    }
    await this.settled();
    await this.pass(1); // ChatJS tells its handlers by timers without a delay
    await this.settled();
  }

  /** Resolves when the page has handled what it was sent so far, and its handlers' reports are here. */
  async settled() {
    const told = await this.tab.evaluate(() => window.chat.told());
    await this.reports.atLeast(told, () => true, 'reports of all that the handlers were told');
  }

  close() {
    return this.tab.context().close();
  }
}

/** One ChatJS session in a page. */
export class Session {
  constructor(page, name) {
    this.page = page;
    this.name = name;
    this.events = new Journal(`${name}'s events`, (a, b) => a.n - b.n);
  }

  /** Calls a method of the ChatJS session; resolves with {value} or {error}. */
  call(method, args) {
    return this.page.tab.evaluate(([n, m, a]) => window.chat.call(n, m, a), [this.name, method, args]);
  }

  /** Calls a method that must succeed, and resolves with what it gives. */
  async do(method, args) {
    const { value, error } = await this.call(method, args);
    if (error) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return value;
  }

  /** Calls a method that must be refused, and resolves with the reason. */
  async refused(method, args) {
    const { value, error } = await this.call(method, args);
    if (!error) throw new Error(`${method} was expected to be refused and gave ${JSON.stringify(value)}`);
    return error;
  }

  async say(text, contentType = 'text/plain') {
    return (await this.do('sendMessage', { message: text, contentType })).data;
  }

  async attach(file) {
    const { value, error } = await this.page.tab.evaluate(([n, f]) => window.chat.attach(n, f), [this.name, file]);
    return { value, error };
  }

  async transcript(args = {}) {
    return (await this.do('getTranscript', args)).data;
  }

  /** What a handler has been told so far. */
  told(handler) {
    return this.events.all((e) => e.handler === handler).map((e) => e.data);
  }

  /** Resolves when a handler is told something that fits. */
  async on(handler, fits = () => true, ms) {
    return (await this.events.first((e) => e.handler === handler && fits(e.data), handler, ms)).data;
  }

  /** Resolves with the first item given to onMessage that has a member of a value. */
  message(member, value, ms) {
    return this.on('onMessage', (item) => item?.[member] === value, ms);
  }

  /** Connects, and waits for the socket to be subscribed. */
  async connect() {
    const before = this.told('onConnectionEstablished').length;
    const subscribed = (f) => !f.sent && f.frame?.topic === 'aws/subscribe';
    const replies = this.page.frames.all(subscribed).length;
    const result = await this.do('connect');
    await this.events.atLeast(before + 2, (e) => e.handler === 'onConnectionEstablished', 'onConnectionEstablished, before and after the socket opens');
    await this.page.frames.atLeast(replies + 1, subscribed, 'reply to subscribe');
    return result;
  }
}

function parse(payload) {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
