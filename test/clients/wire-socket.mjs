// The life of a customer's socket.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { StopContactCommand } from '@aws-sdk/client-connect';
import { addBot, connectParticipant, event, startChat } from './lib/chat.mjs';
import { prompts } from './lib/flows.mjs';
import { Socket } from './lib/socket.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
afterEach(() => scene.clear());
after(() => scene?.stop());

const connection = '/participant/connection';

/** After this time ChatJS replaces a socket by a new one, in milliseconds. */
const rotationPeriod = 3_540_000;

/** A connected customer in a new page, and a bot to talk with. */
async function conversation(options) {
  const page = await scene.page(options);
  const started = await startChat(scene.parley);
  const session = await page.session(started);
  await session.connect();
  const bot = await addBot(scene.parley, started.ContactId);
  scene.proxy.requests.entries.length = 0;
  return { page, started, session, bot };
}

/** Resolves when the session has lost its socket and has a subscribed one again. */
async function reconnected(page, session, established, subscribed) {
  await session.events.atLeast(established + 1, (e) => e.handler === 'onConnectionEstablished', 'onConnectionEstablished again');
  await page.frames.atLeast(subscribed + 1, (f) => !f.sent && f.frame?.topic === 'aws/subscribe', 'reply to the new subscribe');
}

const countOf = (session, handler) => session.told(handler).length;
const subscriptions = (page) => page.framesOf('aws/subscribe', false).length;

/** Breaks the connection in some way and waits until ChatJS is back. */
async function interrupted({ page, session }, breakIt) {
  const [lost, established, subscribed] = [countOf(session, 'onConnectionLost'), countOf(session, 'onConnectionEstablished'), subscriptions(page)];
  await breakIt();
  await session.events.atLeast(lost + 1, (e) => e.handler === 'onConnectionLost', 'onConnectionLost');
  await reconnected(page, session, established, subscribed);
}

test('in two idle minutes every ping and heartbeat is answered, and no connection is requested', async () => {
  const { page, session } = await conversation({ clock: true });
  await page.idle(12);
  for (const topic of ['aws/ping', 'aws/heartbeat']) {
    assert.ok(page.framesOf(topic, true).length >= 13, `${topic} as the socket opens and every 10 seconds`);
    assert.equal(page.framesOf(topic, false).length, page.framesOf(topic, true).length, topic);
  }
  assert.equal(countOf(session, 'onDeepHeartbeatSuccess'), page.framesOf('aws/ping', true).length);
  assert.deepEqual(session.told('onDeepHeartbeatFailure'), []);
  assert.equal(scene.proxy.calls(connection).length, 0);
});

test('a ping is answered with the number 200 and OK', async () => {
  const { page } = await conversation();
  const pong = await page.frames.first((f) => !f.sent && f.frame?.topic === 'aws/ping', 'answer to a ping');
  assert.deepEqual(pong.frame, { topic: 'aws/ping', statusCode: 200, statusContent: 'OK' });
});

test('a broken connection reconnects by itself, and missed messages are in the transcript', async () => {
  const talk = await conversation();
  const { page, session, bot } = talk;
  const release = scene.proxy.holdSockets();
  await interrupted(talk, async () => {
    scene.proxy.kill();
    await session.on('onConnectionLost');
    await bot.say('said while nobody listened');
    release();
  });
  assert.equal(scene.proxy.calls(connection).length, 1);
  const { Transcript } = await session.transcript({ maxResults: 100 });
  assert.equal(Transcript.filter((item) => item.Content === 'said while nobody listened').length, 1);
  const { Id } = await bot.say('and now?');
  await session.message('Id', Id);
  assert.deepEqual(session.told('onConnectionBroken'), []);
});

test('ChatJS reconnects after any close code', async (t) => {
  for (const code of [1000, 1001, 1011, 4000]) {
    await t.test(`wire-18 code ${code}`, async () => {
      const talk = await conversation();
      const { page, session, bot } = talk;
      await interrupted(talk, () => scene.proxy.closeSockets(code));
      assert.equal(scene.proxy.calls(connection).length, 1);
      const { Id } = await bot.say(`after ${code}`);
      await session.message('Id', Id);
      assert.deepEqual(session.told('onConnectionBroken'), []);
      await page.close();
    });
  }
});

test('rotation after 59 minutes: 100 items sent before, during and after are received once each, in order', async () => {
  const { page, session, bot } = await conversation({ hold: rotationPeriod });
  let said = 0;
  const speak = async (n) => {
    for (let i = 0; i < n; i++) await bot.say(`item ${said++}`);
  };
  await speak(20);
  // While the second handshake is on its way, the first socket is the one that is heard.
  const release = scene.proxy.holdSockets();
  assert.equal(await page.fireTimers(), 1);
  await page.sockets.atLeast(2, (s) => s.event === 'opened', 'second socket');
  await speak(30);
  await session.message('Content', 'item 49');
  release();
  await page.sockets.first((s) => s.event === 'closed' && s.n === 0, 'end of the first socket');
  await speak(50);
  const heard = (e) => e.handler === 'onMessage' && /^item \d+$/.test(e.data.Content);
  const items = await session.events.atLeast(said, heard, 'items');
  assert.deepEqual(items.map((e) => e.data.Content), Array.from({ length: 100 }, (_, i) => `item ${i}`));
  const { pathname, search } = new URL(page.sockets.entries[0].url);
  const ended = await scene.proxy.sockets.first((s) => s.event === 'closed' && s.path === pathname + search, 'end of the first socket');
  assert.equal(ended.closeCode, 1000);
  assert.equal(scene.proxy.calls(connection).length, 1);
  assert.deepEqual(session.told('onConnectionLost'), []);
});

test('who speaks before the socket is subscribed hears the greeting once, and nothing again after a rotation and a loss', async () => {
  const { parley } = scene;
  const page = await scene.page({ hold: rotationPeriod });
  const session = await page.session(await startChat(parley));
  let release = scene.proxy.holdSockets();
  await session.do('connect'); // resolves before the socket is open
  const { Id } = await session.say('first');
  release();
  await session.message('Id', Id);
  assert.equal(await page.fireTimers(), 1);
  await page.sockets.first((s) => s.event === 'closed' && s.n === 0, 'end of the first socket');
  const { Id: second } = await session.say('after the rotation');
  await session.message('Id', second);
  release = scene.proxy.holdSockets();
  scene.proxy.kill();
  await session.on('onConnectionLost');
  release();
  await page.frames.atLeast(3, (f) => !f.sent && f.frame?.topic === 'aws/subscribe', 'third subscribe');
  const { Id: third } = await session.say('after the loss');
  await session.message('Id', third);
  await page.settled();
  const told = session.told('onMessage').map((item) => item.Content ?? item.ContentType);
  assert.deepEqual(told, [event('participant.joined'), ...prompts.slice(0, 2), 'first', 'after the rotation', 'after the loss']);
});

test('the old socket receives everything until the new one is subscribed', async () => {
  const { parley } = scene;
  const { ParticipantId, ParticipantToken } = await startChat(parley);
  const customer = await connectParticipant(parley, ParticipantId, ParticipantToken);
  const old = await Socket.subscribed(customer.url);
  const { url } = await connectParticipant(parley, ParticipantId, ParticipantToken);
  const young = await Socket.open(url);
  const { Id: first } = await customer.say('before the new one subscribes');
  await old.item((item) => item.Id === first, 'item on the old socket');
  await young.ping();
  assert.deepEqual(young.items.entries, []);
  await young.subscribe();
  const { Id: second } = await customer.say('after it');
  for (const socket of [old, young]) await socket.item((item) => item.Id === second, 'item on both sockets');
  assert.deepEqual(young.items.entries.map((item) => item.Id), [second]);
  await Promise.all([old.close(), young.close()]);
});

test('a subscribe frame followed by a stray bracket is valid', async () => {
  const { parley } = scene;
  const { ParticipantId, ParticipantToken } = await startChat(parley);
  const { url } = await connectParticipant(parley, ParticipantId, ParticipantToken);
  const socket = await Socket.open(url);
  const reply = await socket.subscribe('{"topic": "aws/subscribe", "content": {"topics": ["aws/chat"]}})');
  assert.equal(reply.content.status, 'success');
  await socket.item((item) => item.ContentType === event('participant.joined'), 'joined');
  await socket.close();
});

test('unknown topics are ignored; frames that are binary or not JSON close their own socket only', async () => {
  const { parley } = scene;
  const { ParticipantId, ParticipantToken } = await startChat(parley);
  const customer = await connectParticipant(parley, ParticipantId, ParticipantToken);
  const good = await Socket.subscribed(customer.url);
  good.send('{"topic":"aws/weather"}');
  good.send('{"no":"topic"}');
  good.send('');
  await good.ping();
  for (const [frame, code] of [['no JSON', 1007], [Buffer.from([1, 2, 3]), 1003], [`{"topic":"${'x'.repeat(20_000)}"}`, 1009]]) {
    const bad = await Socket.subscribed(customer.url);
    bad.send(frame);
    assert.equal(await bad.closed, code);
  }
  const { Id } = await customer.say('still here');
  await good.item((item) => item.Id === Id, 'echo');
  await good.close();
});

test('three tabs with one token receive everything, and none is closed', async () => {
  const started = await startChat(scene.parley);
  const tabs = [];
  for (let i = 0; i < 3; i++) {
    const page = await scene.page();
    const session = await page.session(started);
    await session.connect();
    tabs.push({ page, session });
  }
  const ids = [];
  for (const [i, { session }] of tabs.entries()) ids.push((await session.say(`from tab ${i}`)).Id);
  for (const { session } of tabs) {
    for (const id of ids) await session.message('Id', id);
    assert.deepEqual(session.told('onConnectionLost'), []);
  }
  for (const { page, session } of tabs) {
    const heard = session.told('onMessage').map((item) => item.Id);
    for (const id of ids) assert.equal(heard.filter((h) => h === id).length, 1);
    await page.close();
  }
});

test('after a restart ChatJS reconnects, and has the messages from before and after', async () => {
  const data = await mkdtemp(join(tmpdir(), 'parley-restart-'));
  const kept = await stage('--data', data);
  try {
    const page = await kept.page();
    const started = await startChat(kept.parley);
    const session = await page.session(started);
    await session.connect();
    const { Id: before } = await session.say('before the restart');
    // Another replica or a load balancer keeps requests waiting meanwhile.
    let up;
    const restarted = new Promise((resolve) => { up = resolve; });
    kept.proxy.intercept = async () => restarted;
    const [established, subscribed] = [countOf(session, 'onConnectionEstablished'), subscriptions(page)];
    await kept.parley.restart();
    kept.proxy.to(kept.parley.address);
    up();
    await reconnected(page, session, established, subscribed);
    const { Id: after } = await session.say('after the restart');
    await session.message('Id', after);
    const { Transcript } = await session.transcript({ maxResults: 100 });
    assert.deepEqual(Transcript.slice(-2).map((item) => item.Id), [before, after]);
    assert.deepEqual(session.told('onConnectionBroken'), []);
  } finally {
    await kept.stop();
    await rm(data, { recursive: true, force: true });
  }
});

test('a reconnect that is answered 503 with a date in Retry-After waits and recovers', async () => {
  const talk = await conversation();
  const { page, session } = talk;
  await scene.parley.faults({ Operation: 'CreateParticipantConnection', Status: 503, Count: 1, After: '3s' });
  await interrupted(talk, () => scene.proxy.kill());
  const [refused, granted] = scene.proxy.calls(connection);
  assert.deepEqual([refused.status, granted.status], [503, 200]);
  assert.ok(Date.parse(refused.answerHeaders['retry-after']));
  const waited = granted.at - refused.at;
  assert.ok(waited >= 1500, `it waited ${waited} ms`);
  assert.deepEqual(session.told('onConnectionBroken'), []);
});

test('a late answer to CreateParticipantConnection: one call, one socket', async () => {
  const talk = await conversation();
  const { page, session } = talk;
  await scene.parley.faults({ Operation: 'CreateParticipantConnection', Delay: '2s', Count: 1 });
  await interrupted(talk, () => scene.proxy.kill());
  assert.equal(scene.proxy.calls(connection).length, 1);
  assert.equal(page.sockets.all((s) => s.event === 'opened').length, 2);
  assert.deepEqual(session.told('onConnectionBroken'), []);
});

test('a chat that ended while the customer was disconnected ends when they reconnect', async () => {
  const { page, started, session } = await conversation();
  scene.proxy.intercept = async ({ method, path }) => {
    if (method !== 'POST' || path !== connection) return;
    scene.proxy.intercept = async () => undefined;
    await scene.parley.connect.send(new StopContactCommand({ InstanceId: scene.parley.instance, ContactId: started.ContactId }));
  };
  scene.proxy.kill();
  await session.on('onEnded');
  const ended = await session.message('ContentType', event('chat.ended'));
  assert.deepEqual([ended.Id, ended.AbsoluteTime], ['', '']);
  const [call] = scene.proxy.calls(connection);
  assert.equal(call.status, 403);
  const error = await session.refused('sendMessage', { message: 'hello?', contentType: 'text/plain' });
  assert.ok(error);
});
