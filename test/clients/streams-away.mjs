// A desk that is not there for a while: a tab that its browser freezes for ten minutes, a server that is started anew.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Office } from './lib/crm.mjs';

let office;
before(async () => { office = await Office.open({ proxied: true }); });
afterEach(() => office.clear());
after(() => office?.stop());

/** An agent in a chat. */
async function inChat(agent) {
  const crm = await agent.crm();
  await crm.available();
  const ana = await agent.customer();
  await crm.accept(ana.contact);
  return [crm, ana];
}

/** Has the tab stand still, its timers and its connections to the server, until the function that is returned is called. The browser does not
 * freeze frames of other sites by itself here, so the agent's page is held in a breakpoint. */
async function freeze(crm) {
  const [tab, frame] = await Promise.all([crm.tab, crm.frame].map((target) => crm.tab.context().newCDPSession(target)));
  await tab.send('Page.setWebLifecycleState', { state: 'frozen' });
  await frame.send('Debugger.enable');
  const paused = new Promise((resolve) => { frame.once('Debugger.paused', resolve); });
  await frame.send('Debugger.pause');
  await paused;
  return async () => {
    await frame.send('Debugger.resume');
    await frame.send('Debugger.disable');
    await tab.send('Page.setWebLifecycleState', { state: 'active' });
  };
}

/** Takes a chat from the offer to its end. */
async function takes(crm, agent) {
  const { contact: id, ...customer } = await agent.customer('Zoe');
  await crm.accept(id);
  await crm.do('session', id, 'sendMessage', { contentType: 'text/plain', message: 'Here I am.' });
  await customer.hears('Here I am.');
  await crm.finish(id);
  assert.deepEqual(await crm.story(id), ['contact', 'onConnecting', 'onAccepted', 'onConnected', 'onACW', 'onEnded', 'onDestroy']);
}

test('streams: a tab that is frozen for ten minutes', async () => {
  const agent = await office.agent();
  const [crm, ana] = await inChat(agent);
  const thaw = await freeze(crm);
  await ana.say('Are you there?');
  office.proxy.kill(); // as the server does with those who are silent for two minutes
  await office.deserted();
  await ana.say('Hello?'); // which is written behind the agent's departure
  await office.parley.advance('10m');
  await thaw();
  await crm.on(ana.contact, 'onDestroy', undefined, 60_000); // he has been away for too long: the chat has gone on without him
  await crm.on('agent', 'onStateChange', (d) => d.newState === 'Offline');
  await crm.do('setState', 'Available');
  await takes(crm, agent);
});

test('streams: what other clients of the agent broadcast does not cost the page its connection', async () => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const { SessionToken } = await office.call('/agent/sign-in', { InstanceId: office.parley.instance, UserName: agent.name, Password: agent.password });
  for (const Content of ['hello', 'null', '[1', '7', '{"from":"me"}']) await office.call('/agent/broadcast', { Content }, SessionToken);
  const { contact } = await agent.customer();
  await crm.on(contact, 'onConnecting'); // behind the broadcasts
  assert.deepEqual(crm.events.all((e) => e.event === 'onWebSocketConnectionLost'), []);
  assert.deepEqual(crm.errors, []);
});

test('streams: a tab that is frozen for a minute has missed nothing', async () => {
  const agent = await office.agent();
  const [crm, ana] = await inChat(agent);
  const thaw = await freeze(crm);
  for (let n = 1; n <= 20; n++) await ana.say(`${n}`);
  office.proxy.kill();
  await ana.say('the last');
  await office.parley.advance('1m');
  await thaw();
  await crm.on(ana.contact, 'session onMessage', (item) => item.Content === 'the last');
  const heard = crm.events.all((e) => e.who === ana.contact && e.event === 'session onMessage' && e.data.Type === 'MESSAGE').map((e) => e.data.Content);
  assert.deepEqual(heard, [...Array.from({ length: 20 }, (_, i) => String(i + 1)), 'the last']);
  await crm.on('agent', 'onWebSocketConnectionGained');
  await crm.do('leave', ana.contact);
  await crm.on(ana.contact, 'onACW');
});
