// The start page of development mode in Chromium, with the keyboard alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CreateContactFlowCommand, StopContactCommand } from '@aws-sdk/client-connect';
import { Browser } from './lib/browser.mjs';
import { quietFlow } from './lib/flows.mjs';
import { Parley } from './lib/parley.mjs';
import { stage } from './lib/stage.mjs';

test('start page: a chat by keyboard', async (t) => {
  const parley = await Parley.dev();
  t.after(() => parley.stop());
  const browser = await Browser.start();
  t.after(() => browser.stop());
  const tab = await browser.tab({ viewport: { width: 375, height: 740 } });
  const errors = [];
  tab.on('pageerror', (error) => errors.push(String(error)));
  const focused = (id) => tab.waitForFunction((want) => document.activeElement.id === want, id);
  const says = (text) => tab.locator('#items li', { hasText: text }).waitFor();

  await tab.goto(parley.address);
  await tab.keyboard.press('Tab');
  await focused('name');
  await tab.keyboard.press('Enter'); // from the name: the demo flow is chosen
  await focused('text'); // whoever starts a chat goes on typing
  await says('welcome to Parley');
  assert.ok((await tab.locator('#text').boundingBox()).width > 250, 'a phone has no room for a message');
  await tab.keyboard.type('Hello');
  await tab.keyboard.press('Enter');
  await says('Got it!');

  await parley.faults({ Operation: 'SendMessage', Status: 503, Count: 1 });
  await tab.keyboard.type('once more');
  await tab.keyboard.press('Enter');
  await tab.locator('#problem', { hasText: /^InternalServerException: [^:(]*$/ }).waitFor(); // said once
  assert.equal(await tab.locator('#text').inputValue(), 'once more'); // what was not sent is not lost
  await tab.keyboard.press('Enter');
  await says('once more');

  await tab.setInputFiles('#file', { name: 'LICENSE', mimeType: '', buffer: Buffer.from('text') });
  await tab.locator('#problem', { hasText: 'are not allowed' }).waitFor(); // not that its type is empty
  for (const id of ['', 'file', 'end']) { // Send has no id
    await tab.keyboard.press('Tab');
    await focused(id);
  }
  await tab.keyboard.press('Enter');
  await says('The chat has ended');
  await focused('start');
  assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than a phone');
  assert.deepEqual(errors, []);
});

test('start page: any flow, a server that dies, and another in its place', async (t) => {
  const scene = await stage(); // whose proxy keeps the page's address
  t.after(() => scene.stop());
  const { parley, proxy, browser } = scene;
  const tab = await browser.tab({ viewport: { width: 390, height: 844 } });
  const errors = [];
  tab.on('pageerror', (error) => errors.push(String(error)));
  const says = (text) => tab.locator('#items li', { hasText: text }).first().waitFor();
  await tab.goto(proxy.address);

  const name = `Quiet again, ${'with a long name '.repeat(5)}\u05e9\u05dc\u05d5\u05dd`;
  await parley.connect.send(new CreateContactFlowCommand({ InstanceId: parley.instance, Name: name, Type: 'CONTACT_FLOW', Content: quietFlow }));
  await tab.focus('#flow'); // which looks for flows that have come since
  await tab.selectOption('#flow', { label: name });
  await tab.click('#start');
  await says('What can we do for you?');

  await parley.faults({ Operation: 'SendMessage', Status: 503, Count: 1 });
  await tab.fill('#text', 'first');
  await tab.keyboard.press('Enter');
  await tab.locator('#problem').waitFor();
  await tab.keyboard.press('Enter');
  await says('first');
  await tab.locator('#problem').waitFor({ state: 'hidden' }); // it works again

  await parley.stop();
  proxy.kill();
  await tab.locator('#down', { hasText: 'does not answer' }).waitFor();
  await tab.fill('#text', 'into the void');
  await tab.keyboard.press('Enter');
  await tab.locator('#problem', { hasText: 'does not answer' }).waitFor();
  assert.equal(await tab.inputValue('#text'), 'into the void');
  assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than a phone');

  await parley.restart();
  proxy.to(parley.address);
  await tab.locator('#down').waitFor({ state: 'hidden' });
  await tab.locator('#problem', { hasText: 'does not know this chat any more' }).waitFor();
  await tab.locator('#flow option', { hasText: 'Quiet again' }).waitFor({ state: 'detached' }); // nor the flow
  await tab.click('#start');
  await says('welcome to Parley');
  await tab.locator('#problem').waitFor({ state: 'hidden' });

  // A chat that ends while the page cannot connect has ended, and nothing is wrong.
  proxy.intercept = async ({ path }) => (path === '/participant/connection' ? { status: 503, body: '{}' } : undefined);
  proxy.kill();
  await tab.locator('.state[data-state=lost]').waitFor();
  const { ContactId } = JSON.parse(proxy.calls('/contact/chat').at(-1).answer);
  await parley.connect.send(new StopContactCommand({ InstanceId: parley.instance, ContactId }));
  proxy.clear();
  await tab.locator('.state[data-state=ended]').waitFor();
  assert.ok(await tab.locator('#problem').isHidden());
  assert.deepEqual(errors, []);
});
