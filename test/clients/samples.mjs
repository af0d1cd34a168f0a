// What the project's pages give to copy, run as it stands there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChat } from './lib/chat.mjs';
import { Journal } from './lib/journal.mjs';
import { stage } from './lib/stage.mjs';

/** The code of a tab of the start page. */
async function sample(scene, name) {
  const tab = await scene.browser.tab();
  await tab.goto(scene.parley.address);
  await tab.getByRole('tab', { name }).click();
  const code = await tab.locator('#code').textContent();
  await tab.close();
  return code;
}

// A sample of ChatJS is loaded with sockets that open at once, and with some that take a while, as on a phone.
test('the ChatJS sample prints in every page load', async (t) => {
  const scene = await stage();
  t.after(() => scene.stop());
  const code = await sample(scene, 'ChatJS');
  for (let load = 0; load < 6; load++) {
    const open = scene.proxy.holdSockets();
    const chat = await startChat(scene.parley, { ContactFlowId: scene.parley.demoFlow });
    const tab = await scene.browser.tab();
    const printed = new Journal(`console of load ${load}`);
    tab.on('console', (m) => printed.add(m.text()));
    tab.on('pageerror', (e) => printed.add(String(e)));
    await tab.goto(scene.browser.serve(`<script type="module">const chat = ${JSON.stringify(chat)};\n${code}</script>`));
    setTimeout(open, load % 3 * 200);
    await printed.first((line) => line === 'Ana application/vnd.amazonaws.connect.event.participant.joined', 'joining');
    await printed.first((line) => line.includes('welcome to Parley'), 'greeting');
    await printed.first((line) => line === 'Ana Hello', 'echo');
    await printed.first((line) => line.includes('Got it!'), 'answer');
    assert.deepEqual(printed.all((line) => /Error/.test(line)), []);
    await tab.close();
  }
});
