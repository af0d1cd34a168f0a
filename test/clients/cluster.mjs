// Two nodes behind nginx, as packaging/compose.cluster.yaml has them, under ChatJS and Streams: a node is killed in the
// middle of a chat, both are replaced one by one, and none of their clients has to know.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Browser } from './lib/browser.mjs';
import { addBot, startChat } from './lib/chat.mjs';
import { Cluster } from './lib/cluster.mjs';
import { Office } from './lib/crm.mjs';

let cluster;
let browser;
let office;
before(async () => {
  cluster = await Cluster.start();
  [browser, office] = await Promise.all([Browser.start(), Office.open({ parley: cluster })]);
});
afterEach(async () => {
  await Promise.all([browser?.clear(), office?.clear()]);
});
after(async () => {
  await browser?.stop();
  await (office ?? cluster)?.stop(); // the office stops its server
});

const consoleErrors = (page) => {
  const errors = [];
  page.tab.on('console', (message) => { if (message.type() === 'error') errors.push(message.text()); });
  return errors;
};

/** A page with a connected customer. Its list is what pages show: what has come by the socket, and what the transcript
 * has, which they read after a loss; each item once, by its id. */
async function customer(parley) {
  const page = await browser.page(cluster.address);
  const errors = consoleErrors(page);
  const started = await startChat(parley);
  const session = await page.session(started);
  await session.connect();
  const shown = new Map();
  const list = async () => {
    let nextToken;
    do {
      const read = await session.transcript({ maxResults: 100, nextToken });
      for (const item of read.Transcript) shown.set(item.Id, item);
      nextToken = read.NextToken;
    } while (nextToken);
    await page.settled();
    for (const item of session.told('onMessage')) shown.set(item.Id, item);
    return [...shown.values()].filter((item) => item.Type === 'MESSAGE')
      .sort((a, b) => Date.parse(a.AbsoluteTime) - Date.parse(b.AbsoluteTime)).map((item) => item.Content);
  };
  return { page, errors, started, session, list };
}

const established = (session) => session.told('onConnectionEstablished').length;

/** Resolves when ChatJS has a subscribed socket again, after so many of before. */
async function reconnected({ page, session }, before, subscribed) {
  await session.events.atLeast(before + 1, (e) => e.handler === 'onConnectionEstablished', 'onConnectionEstablished again');
  await page.frames.atLeast(subscribed + 1, (f) => !f.sent && f.frame?.topic === 'aws/subscribe', 'reply to the new subscribe');
}

test('cluster: the node of a ChatJS customer is killed; what is said on the other arrives, and nothing is missing', async (t) => {
  const talk = await customer(cluster);
  const { page, session, started, list } = talk;
  const [dying, other] = await cluster.nodeWith('parley_sockets');
  const bot = await addBot(other, started.ContactId);
  await bot.say('before');
  await session.message('Content', 'before');

  // Some of these are with the node when it is killed, and are answered all the same.
  dying.freeze();
  const asked = ['one', 'two', 'three', 'four'];
  const saying = asked.map((text) => session.say(text));
  await Promise.race(saying);
  const [before, subscribed] = [established(session), page.framesOf('aws/subscribe', false).length];
  const killed = Date.now();
  await dying.kill();
  await bot.say('while nobody listens');
  const said = Date.now();
  await reconnected(talk, before, subscribed);
  const shown = await list();
  const arrived = Date.now();
  assert.equal(shown.filter((text) => text === 'while nobody listens').length, 1, String(shown));
  t.diagnostic(`the node's end to the message in the page: ${arrived - killed} ms, of which ${said - killed} ms to say it`);
  assert.ok(arrived - killed < 60_000);
  await Promise.all(saying);

  const { Id } = await bot.say('and now?');
  await session.message('Id', Id);
  await session.say('All here.');
  const whole = (await bot.transcript()).Transcript.filter((item) => item.Type === 'MESSAGE').map((item) => item.Content);
  assert.deepEqual(whole.filter((text) => asked.includes(text)).sort(), asked.toSorted());
  assert.deepEqual((await list()).sort(), whole.sort());
  assert.deepEqual([session.told('onConnectionBroken'), session.told('onEnded')], [[], []]);

  // Soon after one node has come back the other goes: nginx has passed over both by then, and asks all the same.
  await dying.again();
  await dying.healthy();
  const [again, resubscribed] = [established(session), page.framesOf('aws/subscribe', false).length];
  await other.kill();
  await reconnected(talk, again, resubscribed);
  await session.say('And still here.');
  assert.deepEqual([session.told('onConnectionBroken'), session.told('onEnded')], [[], []]);
  await other.again();
  await other.healthy();
});

test('cluster: when all nodes are down nginx answers 502, which ends the chat for ChatJS, but not for a page that is loaded again', async () => {
  const { session, started, page } = await customer(cluster);
  await session.say('One moment.');
  await Promise.all(cluster.nodes.map((node) => node.kill()));
  await session.on('onConnectionBroken');
  for (const node of cluster.nodes) await node.again();
  await Promise.all(cluster.nodes.map((node) => node.healthy()));
  await page.close();
  const anew = await (await browser.page(cluster.address)).session(started);
  await anew.connect();
  assert.equal((await anew.transcript()).Transcript.filter((item) => item.Content === 'One moment.').length, 1);
});

test('cluster: the node of an agent in Streams is killed; the contact stays and goes on', async (t) => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const [dying, other] = await cluster.nodeWith('parley_agent_streams');
  const ana = await agent.customer();
  const id = ana.contact;
  await crm.accept(id);
  await ana.say('Do you have red roses?');
  await crm.on(id, 'session onMessage', (item) => item.Content === 'Do you have red roses?');

  const killed = Date.now();
  await dying.kill();
  ana.parley = other;
  await ana.say('Hello?');
  // A page shows what was said while its socket was away when it reads the transcript.
  await crm.do('session', id, 'sendMessage', { contentType: 'text/plain', message: 'We do.' });
  await ana.hears('We do.');
  t.diagnostic(`the agent's answer is there ${Date.now() - killed} ms after the node's end`);
  const { data } = await crm.do('session', id, 'getTranscript', { maxResults: 100, sortOrder: 'ASCENDING' });
  const { Transcript: whole } = await ana.transcript();
  assert.deepEqual(data.Transcript.map((item) => item.Id), whole.map((item) => item.Id));
  assert.deepEqual(data.Transcript.filter((item) => item.Type === 'MESSAGE').map((item) => item.Content), ['Do you have red roses?', 'Hello?', 'We do.']);
  await crm.sees(`new connect.Contact('${id}').getState().type`, 'connected');

  await ana.say('Thank you');
  await crm.on(id, 'session onMessage', (item) => item.Content === 'Thank you');
  await crm.finish(id);
  assert.deepEqual(await crm.story(id), ['contact', 'onConnecting', 'onAccepted', 'onConnected', 'onACW', 'onEnded', 'onDestroy']);
  assert.deepEqual(crm.errors, []);
  await dying.again();
  await dying.healthy();
});

test('cluster: nodes are replaced one by one under a customer and an agent, who see no error', async () => {
  const talk = await customer(cluster);
  const { session, started, errors, list } = talk;
  const bot = await addBot(cluster, started.ContactId);
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const ana = await agent.customer();
  await crm.accept(ana.contact);

  let rolling = true;
  const spoken = [];
  const talking = (async () => {
    while (rolling) {
      const text = `message ${spoken.length}`;
      await Promise.all([bot.say(text), ana.say(text)]);
      spoken.push(text);
    }
  })();
  for (const node of cluster.nodes) {
    await node.restart(cluster.keys);
    await node.healthy();
  }
  rolling = false;
  await talking;
  const heard = async () => (await list()).filter((text) => text.startsWith('message '));
  assert.deepEqual(await heard(), spoken);
  const { Id } = await session.say('still here');
  await session.message('Id', Id);
  await crm.do('session', ana.contact, 'sendMessage', { contentType: 'text/plain', message: 'Still here.' });
  await ana.hears('Still here.');
  await crm.finish(ana.contact);
  assert.deepEqual(session.told('onConnectionBroken'), []);
  assert.deepEqual(errors, []);
  assert.deepEqual(crm.errors, []);
});
