// A phone that changes networks: each time its connection breaks on its own side only.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addBot, startChat } from './lib/chat.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
after(() => scene?.stop());

const changes = 7;
const apart = 11_000; // the server knows a dead socket by its silence, so this time has to go by

test(`ChatJS on a phone that changes networks ${changes} times: each time one connection, and every message by it`, async (t) => {
  const page = await scene.page();
  const started = await startChat(scene.parley);
  const session = await page.session(started);
  await session.connect();
  const bot = await addBot(scene.parley, started.ContactId);
  const subscribed = (f) => !f.sent && f.frame?.topic === 'aws/subscribe';
  const took = [];
  for (let n = 1; n <= changes; n++) {
    await sleep(apart);
    const connections = scene.proxy.calls('/participant/connection').length;
    const cut = Date.now();
    scene.proxy.abandon();
    await page.frames.atLeast(n + 1, subscribed, 'reply to the new subscribe');
    const reconnected = Date.now();
    const { Id } = await bot.say(`after change ${n}`);
    const frame = await page.frames.first((f) => !f.sent && f.text.includes(Id), `message after change ${n}`);
    assert.equal(frame.n, n, `the message after change ${n} came by an earlier socket`);
    await session.message('Id', Id);
    took.push(`${reconnected - cut} + ${Date.now() - reconnected}`);
    assert.equal(scene.proxy.calls('/participant/connection').length, connections + 1, `change ${n}: a handshake was refused`);
    assert.ok(scene.proxy.halfOpen >= Math.min(n, 4), `the server holds ${scene.proxy.halfOpen} half-open connections after ${n} changes`);
  }
  t.diagnostic(`milliseconds from the cut to the reconnect, and from there to the message: ${took.join(', ')}`);
  assert.deepEqual(session.told('onConnectionBroken'), []);
  assert.deepEqual(page.errors, []);
});
