// The start page of development mode in Chromium, with the keyboard alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { Parley } from './lib/parley.mjs';

test('start page: a chat by keyboard', async (t) => {
  const parley = await Parley.dev();
  t.after(() => parley.stop());
  const browser = await Browser.start();
  t.after(() => browser.stop());
  const tab = await (await browser.chromium.newContext({ viewport: { width: 375, height: 740 } })).newPage();
  const errors = [];
  tab.on('pageerror', (error) => errors.push(String(error)));
  const focused = (id) => tab.waitForFunction((want) => document.activeElement.id === want, id);
  const says = (text) => tab.locator('#items li', { hasText: text }).waitFor();

  await tab.goto(parley.address);
  await tab.keyboard.press('Tab');
  await focused('name');
  await tab.keyboard.press('Enter');
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
