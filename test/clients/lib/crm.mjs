// A page of somebody else's that embeds the agent's page with unmodified amazon-connect-streams: on localhost, while Parley is on
// 127.0.0.1, which is another site, in a browser that blocks cookies of third parties.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import {
  AssociateApprovedOriginCommand, AssociateQueueQuickConnectsCommand, CreateContactFlowCommand, CreateHoursOfOperationCommand, CreateQueueCommand, CreateQuickConnectCommand, CreateRoutingProfileCommand, CreateUserCommand, ListContactFlowsCommand,
  ListSecurityProfilesCommand, StopContactCommand,
} from '@aws-sdk/client-connect';
import { chromium } from 'playwright-core';
import { startConnected } from './chat.mjs';
import { queueFlow } from './flows.mjs';
import { Journal, patience, until } from './journal.mjs';
import { Parley } from './parley.mjs';
import { Proxy } from './proxy.mjs';

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--test-third-party-cookie-phaseout', '--autoplay-policy=no-user-gesture-required', '--mute-audio',
];

const html = (scripts) => `<!doctype html><meta charset="utf-8"><title>CRM</title><div id="ccp" style="width:320px;height:480px"></div>${scripts}`;
const scripts = ['streams', 'chatjs', 'crm'].map((name) => `<script src="/${name}.js"></script>`).join('');

/** The packages of @amazon-connect as modules that a page imports by their names, as with a bundler. */
const packages = ['core', 'contact'];
const imports = `<script type="importmap">${JSON.stringify({ imports: Object.fromEntries(packages.map((p) => [`@amazon-connect/${p}`, `/modules/${p}/index.js`])) })}</script>`;

const read = (path) => readFile(new URL(path, import.meta.url));

async function startSite() {
  const files = {
    '/': ['text/html', html(imports + scripts)],
    '/streams.js': ['text/javascript', await read('../node_modules/amazon-connect-streams/release/connect-streams-min.js')],
    '/chatjs.js': ['text/javascript', await read('../node_modules/amazon-connect-chatjs/dist/amazon-connect-chat.js')],
    '/crm.js': ['text/javascript', await read('crm.js')],
    '/frame': ['text/html', '<!doctype html><meta charset="utf-8"><iframe id="frame" style="width:320px;height:480px;border:0"></iframe>'],
    '/favicon.ico': ['image/x-icon', ''],
  };
  const server = createServer(async (req, res) => {
    const path = req.url.split('?')[0];
    let file = files[path];
    const [, name, module] = path.match(/^\/modules\/([a-z-]+)\/([a-z0-9/.-]+)$/) ?? [];
    if (packages.includes(name) && !module.includes('..')) {
      const base = new URL(`../node_modules/@amazon-connect/${name}/lib-esm/`, import.meta.url);
      // Modules of the packages leave out what bundlers complete: the end of a name, or the file in a directory.
      for (const end of ['', '.js', '/index.js']) {
        const text = await readFile(new URL(module + end, base)).catch(() => undefined);
        if (!text) continue;
        if (end) return res.writeHead(302, { location: path + end }).end();
        file = ['text/javascript', text];
        break;
      }
    }
    res.writeHead(file ? 200 : 404, { 'content-type': `${file?.[0] ?? 'text/plain'}; charset=utf-8` }).end(file?.[1] ?? '');
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  return { server, origin: `http://localhost:${server.address().port}` };
}

/** The password of the demo agent, whom development mode makes. */
export const demo = { name: 'demo-agent', password: 'Parley-demo-1' };

/** A server, a CRM and a browser. Give clear to afterEach() and stop to after(). */
export class Office {
  /** With proxied: true browsers reach the server through a proxy, which can break their connections; parley is a server that runs already. */
  static async open({ proxied = false, parley } = {}) {
    const office = new Office();
    try {
      if (proxied) office.proxy = await Proxy.start();
      office.parley = parley ?? await Parley.dev(...(proxied ? ['--public-url', office.proxy.address] : []));
      office.proxy?.to(office.parley.address);
      office.site = await startSite();
      office.browser = await chromium.launch({ executablePath: process.env.CHROMIUM_BIN ?? '/usr/bin/chromium', headless: true, args: flags, timeout: patience });
      await office.approve(office.site.origin);
    } catch (error) {
      await office.stop();
      throw error;
    }
    return office;
  }

  approve(Origin) {
    return this.parley.connect.send(new AssociateApprovedOriginCommand({ InstanceId: this.parley.instance, Origin }));
  }

  /** A new agent with a queue of his own, and a flow that has customers wait there. */
  async agent(chats = 2, permissions = ['Agent']) {
    const send = (command) => this.parley.connect.send(command);
    const InstanceId = this.parley.instance;
    const name = `agent-${++this.#agents}`;
    const midnight = { Hours: 0, Minutes: 0 };
    const days = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];
    const { HoursOfOperationId } = await send(new CreateHoursOfOperationCommand({ // open whenever the tests run: flows of transfers look
      InstanceId, Name: `Hours of ${name}`, TimeZone: 'UTC', Config: days.map((Day) => ({ Day, StartTime: midnight, EndTime: midnight })),
    }));
    const { SecurityProfileSummaryList: profiles } = await send(new ListSecurityProfilesCommand({ InstanceId }));
    const { QueueId } = await send(new CreateQueueCommand({ InstanceId, Name: `Queue of ${name}`, HoursOfOperationId }));
    const { RoutingProfileId } = await send(new CreateRoutingProfileCommand({
      InstanceId, Name: `Profile of ${name}`, Description: name, DefaultOutboundQueueId: QueueId,
      MediaConcurrencies: [{ Channel: 'CHAT', Concurrency: chats }, { Channel: 'VOICE', Concurrency: 1 }],
      QueueConfigs: [{ QueueReference: { QueueId, Channel: 'CHAT' }, Priority: 1, Delay: 0 }],
    }));
    const { UserId } = await send(new CreateUserCommand({
      InstanceId, Username: name, Password: demo.password, IdentityInfo: { FirstName: 'Dana', LastName: 'Doe' }, PhoneConfig: { PhoneType: 'SOFT_PHONE' },
      RoutingProfileId, SecurityProfileIds: profiles.filter((p) => permissions.includes(p.Name)).map((p) => p.Id),
    }));
    const { ContactFlowId } = await send(new CreateContactFlowCommand({ InstanceId, Name: `To ${name}`, Type: 'CONTACT_FLOW', Content: queueFlow(QueueId) }));
    return {
      name, id: UserId, password: demo.password, queue: QueueId,
      /** Makes a quick connect of the agent's queue: to a user, {UserId}, or a queue, {QueueId}. */
      quickConnect: async (Name, to) => {
        const QuickConnectType = to.UserId ? 'USER' : 'QUEUE';
        const { ContactFlowSummaryList: [flow] } = await send(new ListContactFlowsCommand({ InstanceId, ContactFlowTypes: [to.UserId ? 'AGENT_TRANSFER' : 'QUEUE_TRANSFER'] }));
        const config = { QuickConnectType, [to.UserId ? 'UserConfig' : 'QueueConfig']: { ...to, ContactFlowId: flow.Id } };
        const { QuickConnectId } = await send(new CreateQuickConnectCommand({ InstanceId, Name, QuickConnectConfig: config }));
        await send(new AssociateQueueQuickConnectsCommand({ InstanceId, QueueId, QuickConnectIds: [QuickConnectId] }));
      },
      profile: (options) => this.profile({ name, ...options }),
      crm: async (options) => this.crm(await this.profile({ name }), options),
      customer: (displayName) => this.#customer(ContactFlowId, displayName),
    };
  }

  #agents = 0;
  #customers = [];

  /** A customer whose chat waits for an agent. */
  async #customer(ContactFlowId, DisplayName = 'Ana') {
    const { started, customer } = await startConnected(this.parley, { ContactFlowId, ParticipantDetails: { DisplayName }, SupportedMessagingContentTypes: ['text/plain', 'text/markdown'] });
    this.#customers.push(started.ContactId);
    return Object.assign(customer, {
      contact: started.ContactId,
      hears: (text) => until(`${DisplayName} hears ${text}`, async () => (await customer.transcript()).Transcript.find((item) => item.Content === text)),
      stop: () => this.parley.connect.send(new StopContactCommand({ InstanceId: this.parley.instance, ContactId: started.ContactId })),
    });
  }

  get ccpUrl() {
    return `${(this.proxy ?? this.parley).address}/ccp-v2/`;
  }

  /** A fresh profile of the browser; with signedIn: true the agent is signed in where the CRM embeds his page. */
  async profile({ signedIn = true, name = demo.name, password = demo.password, ...options } = {}) {
    const context = await this.browser.newContext(options);
    context.setDefaultTimeout(patience);
    if (signedIn) {
      const out = await this.call('/agent/sign-in', { InstanceId: this.parley.instance, UserName: name, Password: password });
      await context.addCookies([{
        name: 'parley-agent', value: out.SessionToken, domain: '127.0.0.1', path: '/', secure: true, httpOnly: true, sameSite: 'None', partitionKey: 'http://localhost',
      }]);
    }
    return context;
  }

  async call(path, body, token) {
    const answer = await fetch(this.parley.address + path, {
      method: body ? 'POST' : 'GET', headers: { 'content-type': 'application/json', ...(token && { 'x-amz-bearer': token }) }, body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Opens the CRM in a profile, and begins unless begin is false. */
  async crm(context, { begin = {}, media } = {}) {
    return Crm.open(this, await context.newPage(), begin, media);
  }

  /** Waits until the server has seen the last stream of an agent end. */
  async deserted() {
    await until('the end of all streams', async () => {
      const answer = await fetch(`${this.parley.address}/metrics`);
      return /^parley_agent_streams 0$/m.test(await answer.text());
    });
  }

  /** Ends the chats that tests have left. */
  async sweep() {
    await Promise.all(this.#customers.splice(0).map((ContactId) => this.parley.connect.send(new StopContactCommand({ InstanceId: this.parley.instance, ContactId })).catch(() => {}))); // some have ended
  }

  async clear() {
    await Promise.all(this.browser.contexts().map((context) => context.close()));
    await this.parley.faults();
  }

  async stop() {
    await this.browser?.close();
    await this.parley?.stop();
    await this.proxy?.stop();
    if (this.site) await new Promise((resolve) => this.site.server.close(resolve));
  }
}

/** A tab with the CRM. */
export class Crm {
  static async open(office, tab, begin, media) {
    const crm = new Crm();
    Object.assign(crm, { office, tab, errors: [], events: new Journal('what Streams told the CRM', (a, b) => a.n - b.n) });
    tab.on('pageerror', (error) => crm.errors.push(String(error)));
    tab.on('console', (message) => { if (message.type() === 'error') crm.errors.push(`${message.text()} ${message.location().url}`); });
    await tab.exposeFunction('report', (event) => crm.events.add(event));
    await tab.goto(office.site.origin);
    if (begin) await crm.begin(begin, media);
    return crm;
  }

  begin(options = {}, media) {
    return this.tab.evaluate(([o, m]) => window.crm.begin(o, m), [{
      ccpUrl: this.office.ccpUrl, loginPopup: false, softphone: { allowFramedSoftphone: false }, chat: { disableRingtone: true }, ...options,
    }, { media }]);
  }

  /** Reloads the page; what it has told before is forgotten. */
  async reload(options) {
    await this.tab.reload();
    this.events.entries = [];
    await this.begin(options);
  }

  get frame() {
    return this.tab.frames().find((f) => f.url().includes('/ccp-v2/'));
  }

  /** Resolves with an event of the agent's, of a contact's, or of Streams. */
  on(who, event, fits = () => true, ms) {
    return this.events.first((e) => e.who === who && e.event === event && fits(e.data), `${event} of ${who}`, ms);
  }

  ready() {
    return this.on('agent', 'agent');
  }

  /** What a contact has told, in its order, without repeated refreshes: all of it, also what is still on its way from the page. */
  async story(contact) {
    const told = await this.tab.evaluate(() => window.crm.told());
    await this.events.atLeast(told, () => true, `event ${told}`);
    return this.events.all((e) => e.who === contact && e.event !== 'onRefresh' && !e.event.startsWith('session') && e.event !== 'media').map((e) => e.event);
  }

  /** Calls a function of the page and resolves with what it gives; an error is one of the test's. */
  async do(name, ...args) {
    const { value, error } = await this.tab.evaluate(([n, a]) => window.crm[n](...a), [name, args]);
    if (error) throw Object.assign(new Error(`${name}(${JSON.stringify(args)}): ${JSON.stringify(error)}`), { said: error });
    return value;
  }

  /** Calls a function that must be refused, and resolves with the error. */
  async refused(name, ...args) {
    const { value, error } = await this.tab.evaluate(([n, a]) => window.crm[n](...a), [name, args]);
    if (!error) throw new Error(`${name}(${JSON.stringify(args)}) was expected to be refused and gave ${JSON.stringify(value)}`);
    return error;
  }

  look(path) {
    return this.tab.evaluate((p) => window.crm.look(p), path);
  }

  /** Waits until a look finds what is expected: the page learns some things later than a customer or a chat session tells of them. */
  async sees(path, expected) {
    let last;
    await until(`${path} is ${JSON.stringify(expected)}`, async () => isDeepStrictEqual(last = await this.look(path), expected)).catch((error) => {
      throw new Error(`${error.message}, but ${JSON.stringify(last)}`);
    });
  }

  /** Accepts a contact that rings, or is about to, and waits for its chat session. */
  async accept(contact) {
    await this.on(contact, 'onConnecting');
    await this.do('contact', contact, 'accept');
    await this.on(contact, 'media');
  }

  /** Ends the chat of a contact, and the contact. */
  async finish(contact) {
    await this.do('leave', contact);
    await this.on(contact, 'onACW');
    await this.do('contact', contact, 'clear');
    await this.on(contact, 'onDestroy');
  }

  /** Makes the agent available. */
  async available() {
    await this.ready();
    await this.do('setState', 'Available');
    await this.on('agent', 'onStateChange', (d) => d.newState === 'Available');
  }
}
