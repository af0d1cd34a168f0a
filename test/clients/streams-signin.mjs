// Signing in to the agent's page that a page of another site embeds, in a browser that blocks cookies of third parties.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { DisassociateApprovedOriginCommand } from '@aws-sdk/client-connect';
import { Office, demo } from './lib/crm.mjs';
import { until } from './lib/journal.mjs';

let office;
before(async () => { office = await Office.open(); });
afterEach(() => office.clear());
after(() => office?.stop());

const login = () => `${office.parley.address}/login?instance=parley-demo`;
const quick = { loginPopup: true, ccpLoadTimeout: 1_500, ccpAckTimeout: 500 };

async function signIn(window, { name, password } = demo) {
  await window.fill('#user', name);
  await window.fill('#password', password);
  await window.keyboard.down('Enter');
  await window.keyboard.up('Enter').catch(() => {}); // a window that is signed in may be closed by then
}

test('the browser of these tests blocks cookies of third parties', async () => {
  const crm = await office.crm(await office.profile(), { begin: null });
  await crm.tab.evaluate((src) => new Promise((resolve) => {
    const frame = Object.assign(document.createElement('iframe'), { src, onload: resolve });
    document.body.append(frame);
  }), office.ccpUrl);
  const set = await crm.frame.evaluate(() => {
    document.cookie = 'third=party; SameSite=None; Secure';
    document.cookie = 'own=partition; SameSite=None; Secure; Partitioned';
    return document.cookie;
  });
  assert.equal(set, 'own=partition'); // and the session's is for no script
});

for (const [what, options] of Object.entries({
  'at /login': () => ({ loginUrl: login() }),
  'at /ccp-v2/ itself': () => ({ loginOptions: { autoClose: true } }),
})) {
  test(`signing in by the window that Streams opens, ${what}`, async (t) => {
    const context = await office.profile({ signedIn: false });
    const crm = await office.crm(context, { begin: null });
    const [window] = await Promise.all([crm.tab.waitForEvent('popup'), crm.begin({ ...quick, ...options() })]);
    await window.waitForSelector('#user:visible');
    assert.deepEqual(crm.events.all((e) => e.who === 'agent'), []); // the page in the frame is silent
    await signIn(window, { name: demo.name, password: 'wrong' });
    await window.locator('#wrong', { hasText: /user name|password/i }).waitFor();
    const closed = window.waitForEvent('close');
    const began = Date.now();
    await signIn(window);
    await crm.ready();
    t.diagnostic(`the agent is there ${Date.now() - began} ms after the password`);
    await closed;

    await crm.reload(quick); // the frame has a cookie of its own now
    await crm.ready();
    assert.equal(context.pages().length, 1);
    assert.deepEqual(crm.errors.filter((e) => !/401|wrong/i.test(e)), []);
  });
}

test('who is signed in in one site hands his session to another without his password', async () => {
  const context = await office.profile({ signedIn: false });
  const own = await context.newPage();
  await own.goto(office.ccpUrl);
  await signIn(own);
  await own.locator('#desk').waitFor();
  await own.close();
  const crm = await office.crm(context, { begin: null });
  const [window] = await Promise.all([crm.tab.waitForEvent('popup'), crm.begin({ ...quick, loginUrl: login() })]);
  await Promise.all([window.waitForEvent('close'), crm.ready()]);
});

test('the frame has a button, for pages that open no window', async () => {
  const context = await office.profile({ signedIn: false });
  const crm = await office.crm(context, { begin: { ccpLoadTimeout: 120_000 } });
  const button = crm.tab.frameLocator('iframe').locator('#sign-in');
  const [window] = await Promise.all([context.waitForEvent('page'), button.click()]);
  await window.waitForSelector('#user:visible');
  await signIn(window);
  await crm.ready();
});

test('signing out: by Streams, and in another window', async () => {
  const context = await office.profile();
  const crm = await office.crm(context);
  await crm.ready();
  const answer = await crm.tab.evaluate(async (url) => {
    const { status } = await fetch(url, { credentials: 'include' });
    return status;
  }, `${office.parley.address}/logout`);
  assert.equal(answer, 200);
  await crm.on('streams', 'auth_fail'); // the stream has closed
  await crm.tab.frameLocator('iframe').locator('#sign-in').waitFor();

  const other = await office.crm(await office.profile());
  await other.ready();
  await other.tab.evaluate(() => connect.core.getUpstream().sendUpstream(connect.EventType.TERMINATE));
  await other.on('streams', 'terminated');
  await other.tab.frameLocator('iframe').locator('#sign-in').waitFor();
  await other.reload({ ccpLoadTimeout: 500 });
  await other.on('streams', 'ack_timeout'); // nobody is signed in
});

test('a page of an origin that is not approved is told what to do', async () => {
  await office.parley.connect.send(new DisassociateApprovedOriginCommand({ InstanceId: office.parley.instance, Origin: office.site.origin }));
  try {
    const crm = await office.crm(await office.profile());
    const said = crm.tab.frameLocator('iframe').locator('main');
    await said.getByText(`${office.site.origin} is not an approved origin of the instance parley-demo`).waitFor();
    await said.getByText('aws connect associate-approved-origin').waitFor();
    await until('the server has it in its log', () => office.parley.log.includes('may not be embedded'));
    assert.deepEqual(crm.events.all((e) => e.who === 'agent'), []);
  } finally {
    await office.approve(office.site.origin);
  }
});

test('an agent without the permission is told so, and no window opens', async () => {
  const context = await office.profile();
  const crm = await office.crm(context, { begin: null });
  await office.parley.faults({ Operation: 'CreateStream', Status: 403, Count: 1 });
  await crm.begin(quick);
  await crm.on('streams', 'access_denied');
});
