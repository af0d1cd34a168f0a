// The agent's page by unmodified amazon-connect-streams and ChatJS, on a page of another site.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { CreateAgentStatusCommand } from '@aws-sdk/client-connect';
import { Office } from './lib/crm.mjs';

let office;
before(async () => { office = await Office.open(); });
afterEach(() => office.clear());
after(() => office?.stop());

/** Ends what the agent has in hand, as far as a test has left it, in any page of his. */
async function done(crm, ...contacts) {
  for (const id of contacts) {
    const story = await crm.story(id);
    if (story.includes('onConnected') && !story.includes('onACW')) await crm.do('leave', id);
    await crm.on(id, 'onEnded');
    await crm.do('contact', id, 'clear');
    await crm.on(id, 'onDestroy');
  }
}

test('streams: a chat from the offer to its end', async (t) => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const ana = await agent.customer();
  const id = ana.contact;
  await crm.on(id, 'onConnecting');
  assert.deepEqual(await crm.look(`(() => { const c = new connect.Contact('${id}'); return {
    type: c.getType(), queue: c.getQueue().name, topic: c.getAttributes().topic.value, first: c.getInitialContactId(), subtype: c.getContactSubtype?.(),
    connections: c.getConnections().map((x) => [x.getType(), x.isInitialConnection(), x.getState().type]), customer: c.getInitialConnection().getParticipantName?.() }; })()`), {
    type: 'chat', queue: 'Queue of agent-1', topic: 'flowers', first: null, subtype: 'connect:Chat',
    connections: [['agent', false, 'connecting'], ['inbound', true, 'connected']], customer: 'Ana',
  });
  await crm.do('contact', id, 'accept');
  await crm.on(id, 'media');
  const accepted = crm.events.all((e) => e.who === id && ['onConnected', 'media'].includes(e.event)).map((e) => e.at);
  t.diagnostic(`a chat session ${accepted[1] - accepted[0]} ms after the contact is connected`);

  await ana.say('Do you have red roses?');
  const asked = await crm.on(id, 'session onMessage', (item) => item.Content === 'Do you have red roses?');
  await ana.signal('typing');
  await crm.on(id, 'session onTyping');
  await crm.do('session', id, 'sendEvent', { contentType: 'application/vnd.amazonaws.connect.event.message.read', content: JSON.stringify({ messageId: asked.data.Id }) });
  await crm.do('session', id, 'sendMessage', { contentType: 'text/plain', message: 'We do.' });
  const answer = await ana.hears('We do.');
  await ana.receipt('read', answer.Id);
  await crm.on(id, 'session onReadReceipt');
  const { data } = await crm.do('session', id, 'getTranscript', { maxResults: 100, sortOrder: 'ASCENDING' });
  const { Transcript: whole } = await ana.transcript();
  assert.deepEqual(data.Transcript.map((item) => item.Id), whole.map((item) => item.Id));

  await crm.do('leave', id);
  await crm.on(id, 'onACW');
  await crm.on(id, 'session onEnded');
  await crm.sees('agent.getAvailabilityState().state', 'AfterCallWork');
  await crm.do('contact', id, 'clear');
  await crm.on(id, 'onDestroy');
  assert.deepEqual(await crm.story(id), ['contact', 'onConnecting', 'onAccepted', 'onConnected', 'onACW', 'onEnded', 'onDestroy']);
  assert.deepEqual(crm.errors, []);
});

test('streams: a chat is missed, another rejected, a customer leaves', async () => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const missed = await agent.customer('Ana');
  await crm.on(missed.contact, 'onConnecting');
  await office.parley.advance('21s');
  await crm.on(missed.contact, 'onMissed');
  assert.deepEqual(await crm.story(missed.contact), ['contact', 'onConnecting', 'onEnded', 'onMissed']);
  await crm.sees(`new connect.Contact('${missed.contact}').getState().type`, 'missed');
  await missed.stop();
  await crm.do('contact', missed.contact, 'clear');
  await crm.on(missed.contact, 'onDestroy');
  assert.deepEqual(await crm.do('call', 'clearContact', { contactId: missed.contact }), {}); // again, of what has gone

  const rejected = await agent.customer('Bo');
  await crm.on(rejected.contact, 'onConnecting');
  await crm.do('contact', rejected.contact, 'reject');
  await crm.on(rejected.contact, 'onMissed');
  await crm.sees(`new connect.Contact('${rejected.contact}').getState().type`, 'rejected');
  await rejected.stop();
  await done(crm, rejected.contact);

  const left = await agent.customer('Cy');
  await crm.accept(left.contact);
  await left.leave();
  await crm.on(left.contact, 'session onEnded');
  await crm.on(left.contact, 'onACW');
  await done(crm, left.contact);
});

test('streams: the next state is set, cleared and applied', async () => {
  const { parley } = office;
  await parley.connect.send(new CreateAgentStatusCommand({ InstanceId: parley.instance, Name: 'Lunch', State: 'ENABLED' }));
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const ana = await agent.customer();
  await crm.on(ana.contact, 'onConnecting');
  await crm.do('contact', ana.contact, 'accept');
  await crm.on(ana.contact, 'onConnected');
  const refused = await crm.refused('setState', 'Lunch');
  assert.deepEqual([refused.type, refused.statusCode], ['InvalidStateException', 409]);
  await crm.do('setState', 'Lunch', { enqueueNextState: true });
  await crm.on('agent', 'onEnqueuedNextState');
  await crm.sees('agent.getNextState().name', 'Lunch');
  await crm.do('setState', 'Available');
  await crm.on('agent', 'onClearedNextState');
  await crm.do('setState', 'Lunch', { enqueueNextState: true });
  await crm.do('leave', ana.contact);
  await crm.on(ana.contact, 'onACW');
  await crm.do('contact', ana.contact, 'clear');
  await crm.on('agent', 'onStateChange', (d) => d.newState === 'Lunch');
  assert.deepEqual(crm.errors, []);
});

test('streams: a page that is reloaded in the middle of a chat goes on with it', async (t) => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const ana = await agent.customer();
  const id = ana.contact;
  await crm.accept(id);
  await ana.say('before');
  await crm.on(id, 'session onMessage', (item) => item.Content === 'before');
  await crm.reload();
  await ana.say('meanwhile');
  await crm.on(id, 'media');
  t.diagnostic(`a chat session ${crm.events.entries.find((e) => e.event === 'media').at - crm.events.entries[0].at} ms after the agent is there`);
  const { data } = await crm.do('session', id, 'getTranscript', { maxResults: 100, sortOrder: 'ASCENDING' });
  assert.deepEqual(data.Transcript.map((item) => item.Content).filter(Boolean), ['before', 'meanwhile']);
  await ana.say('after');
  await crm.on(id, 'session onMessage', (item) => item.Content === 'after');
  assert.deepEqual(await crm.story(id), ['contact', 'onConnected']);
  await done(crm, id);
  assert.deepEqual(crm.errors, []);
});

test('streams: two tabs of a browser', async () => {
  const agent = await office.agent();
  const context = await agent.profile();
  const one = await office.crm(context);
  await one.available();
  const two = await office.crm(context);
  await two.ready();
  const ana = await agent.customer();
  const id = ana.contact;
  await Promise.all([one, two].map((crm) => crm.on(id, 'onConnecting')));
  await one.do('contact', id, 'accept');
  await Promise.all([one, two].map((crm) => crm.on(id, 'media')));
  await two.on(id, 'onAccepted'); // by way of the server
  await ana.say('to both');
  await Promise.all([one, two].map((crm) => crm.on(id, 'session onMessage', (item) => item.Content === 'to both')));
  await two.do('session', id, 'sendMessage', { contentType: 'text/plain', message: 'from the second' });
  await one.on(id, 'session onMessage', (item) => item.Content === 'from the second');
  const masters = await Promise.all([one, two].map((crm) => crm.tab.evaluate(() => new Promise((resolve) => {
    connect.ifMaster(connect.MasterTopics.RINGTONE, () => resolve(true), () => resolve(false));
  }))));
  assert.equal(masters.filter(Boolean).length, 1);
  const loser = [one, two][masters.indexOf(false)];
  await loser.tab.evaluate(() => new Promise((resolve, reject) => connect.becomeMaster(connect.MasterTopics.RINGTONE, resolve, reject)));
  assert.equal(await loser.tab.evaluate(() => new Promise((resolve) => {
    connect.ifMaster(connect.MasterTopics.RINGTONE, () => resolve(true), () => resolve(false));
  })), true);
  await two.do('leave', id);
  await Promise.all([one, two].map((crm) => crm.on(id, 'onACW')));
  await one.tab.close();
  await two.do('contact', id, 'clear');
  await two.on(id, 'onDestroy');
  assert.deepEqual([...one.errors, ...two.errors], []);
});

test('streams: two browsers: what one accepts stops ringing in the other', async (t) => {
  const agent = await office.agent();
  const [one, two] = await Promise.all([agent.crm(), agent.crm()]);
  await one.available();
  await two.ready();
  const times = [];
  for (let n = 0; n < 5; n++) {
    const { contact: id } = await agent.customer(`Ana ${n}`);
    await Promise.all([one, two].map((crm) => crm.on(id, 'onConnecting')));
    const asked = await one.tab.evaluate(() => Date.now());
    await one.do('contact', id, 'accept');
    times.push((await two.on(id, 'onConnected')).at - asked);
    await Promise.all([one, two].map((crm) => crm.on(id, 'media')));
    const again = await two.do('call', 'acceptContact', { contactId: id });
    assert.deepEqual(again, {}); // it is his already
    await done(one, id);
    await two.on(id, 'onDestroy');
  }
  t.diagnostic(`the other browser knows after ${times.sort((a, b) => a - b).join(', ')} ms`);
  assert.deepEqual([...one.errors, ...two.errors], []);
});

test('streams: what is not for chats is refused at once, with a name', async () => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.ready();
  const answered = {
    getAgentSnapshot: 'snapshot', getAgentConfiguration: 'configuration', getAgentStates: 'states', getAgentPermissions: 'permissions',
    getRoutingProfileQueues: 'queues', getDialableCountryCodes: 'countryCodes', qrIntegrationExists: 'isEnabled', qrSearchQuickResponses: 'results', conferenceConnections: '', getEndpoints: 'endpoints',
    updateAgentConfiguration: '', sendClientLogs: '', sendSoftphoneCallReport: '', sendSoftphoneCallMetrics: '',
  };
  const methods = await crm.look('[...Object.values(connect.ClientMethods), ...Object.values(connect.TaskTemplatesClientMethods), ...Object.values(connect.ApiProxyClientMethods)]');
  assert.ok(methods.length > 40);
  for (const method of methods) {
    if (method in answered) {
      const data = await crm.do('call', method, {});
      assert.ok(!answered[method] || answered[method] in data, `${method}: ${JSON.stringify(data)}`);
    } else if (!['clearContact', 'completeContact'].includes(method)) {
      const error = await crm.refused('call', method, { contactId: '00000000-0000-4000-8000-000000000000', connectionId: 'x', attributes: {} });
      assert.match(error.type, /Exception$/, `${method}: ${JSON.stringify(error)}`);
      assert.match(error.message, /\w+ \w+/, `${method}: ${JSON.stringify(error)}`);
    }
  }
  const quick = await crm.tab.evaluate(async () => [await connect.QuickResponses.isEnabled(), await connect.QuickResponses.searchQuickResponses({
    queries: [{ name: 'content', values: ['hello'], operator: 'CONTAINS' }],
  })]);
  assert.deepEqual([quick[0].isEnabled, quick[1].results.map((r) => r.name)], [true, ['Greeting']]); // the demo's
  const unheard = await crm.refused('call', 'doSomething', {});
  assert.match(unheard.message, /doSomething/);
  assert.equal((await crm.refused('call', 'updateAgentConfiguration', { configuration: { softphoneEnabled: true } })).type, 'InvalidConfigurationException');
});

test('streams: the server is away for a moment', async () => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const ana = await agent.customer();
  const id = ana.contact;
  await crm.accept(id);
  await office.parley.faults({ Operation: 'CreateStream', Status: 503, Count: 2 });
  await crm.tab.context().setOffline(true);
  await crm.on('agent', 'onWebSocketConnectionLost');
  const { message } = await crm.refused('call', 'acceptContact', { contactId: id });
  assert.match(message, /does not answer/);
  await ana.say('while you were away');
  await crm.tab.context().setOffline(false);
  await crm.on('agent', 'onWebSocketConnectionGained');
  await crm.on(id, 'session onMessage', (item) => item.Content === 'while you were away');
  assert.equal(crm.events.all((e) => e.who === 'agent' && e.event === 'onWebSocketConnectionGained').length, 1);
  await done(crm, id);
});

test('streams: a page that is reloaded in after-contact work reads the chat until it is cleared', async () => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const ana = await agent.customer();
  const id = ana.contact;
  await crm.accept(id);
  await ana.say('Do you have red roses?');
  await crm.on(id, 'session onMessage', (item) => item.Content === 'Do you have red roses?');
  await ana.stop();
  await crm.on(id, 'onEnded');
  await crm.reload();
  await crm.ready();
  await crm.sees(`new connect.Contact('${id}').getState().type`, 'ended');
  const token = await crm.tab.evaluate(async (contact) => {
    const { chatTokenTransport } = await new connect.Contact(contact).getAgentConnection().getConnectionToken();
    return chatTokenTransport.participantToken;
  }, id);
  const read = (path, body) => fetch(new URL(path, office.parley.address), { method: 'POST', headers: { 'content-type': 'application/json', 'x-amz-bearer': token }, body: JSON.stringify(body) });
  const transcript = () => read('participant/transcript', { MaxResults: 100, SortOrder: 'ASCENDING' });
  const { Transcript } = await (await transcript()).json();
  assert.ok(Transcript.some((item) => item.Content === 'Do you have red roses?'), JSON.stringify(Transcript));
  assert.equal((await read('participant/message', { ContentType: 'text/plain', Content: 'one more thing' })).status, 403);
  await crm.do('contact', id, 'clear');
  await crm.on(id, 'onDestroy');
  assert.equal((await transcript()).status, 403);
  assert.deepEqual(crm.errors, []);
});

test('the page by itself: its panel does what an agent needs', async () => {
  const agent = await office.agent();
  const context = await agent.profile({ signedIn: false, viewport: { width: 320, height: 560 } });
  const tab = await context.newPage();
  const errors = [];
  tab.on('pageerror', (error) => errors.push(String(error)));
  await tab.goto(office.ccpUrl);
  await tab.fill('#user', agent.name);
  await tab.fill('#password', agent.password);
  await tab.keyboard.press('Enter');
  await tab.locator('#state option').first().waitFor({ state: 'attached' });
  await tab.selectOption('#state', { label: 'Available' });
  await tab.locator('#none', { hasText: 'The next one rings here' }).waitFor();
  await agent.customer('Ana with a rather long name, of Rosebud & Daughters');
  await tab.click('.acceptContact');
  await tab.locator('[data-state=CONNECTED]', { hasText: 'Rosebud' }).waitFor();
  const bo = await agent.customer('Bo');
  await tab.click('.rejectContact');
  await tab.locator('[data-state=REJECTED]', { hasText: 'Bo' }).waitFor();
  await bo.stop();
  assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than 320 px');
  await office.parley.faults({ Operation: 'LeaveContact', Status: 503, Count: 1 });
  await tab.click('.destroyConnection');
  await tab.locator('#problem').waitFor();
  await tab.click('.destroyConnection');
  await tab.locator('[data-state=ENDED]').waitFor();
  await tab.locator('#problem').waitFor({ state: 'hidden' });
  await tab.click('[data-state=ENDED] .clearContact');
  await tab.click('[data-state=REJECTED] .clearContact');
  await tab.locator('#none').waitFor();
  await tab.click('#sign-out');
  await tab.locator('#user').waitFor();
  await tab.reload();
  await tab.locator('#user').waitFor(); // for good
  assert.deepEqual(errors, []);
});

test('the page by itself: a supervisor who is offered no chats is not told to be available', async () => {
  const agent = await office.agent();
  const context = await agent.profile({ signedIn: false });
  const tab = await context.newPage();
  await tab.goto(office.ccpUrl);
  await tab.fill('#user', 'demo-supervisor');
  await tab.fill('#password', agent.password);
  await tab.keyboard.press('Enter');
  await tab.locator('#state option').first().waitFor({ state: 'attached' });
  const expected = 'No chats. Your routing profile has no queues that offer any. Those that you watch are shown here.';
  assert.equal(await tab.locator('#none').textContent(), expected);
  await tab.selectOption('#state', { label: 'Available' });
  await tab.locator('#state[data-type=ROUTABLE]').waitFor();
  assert.equal(await tab.locator('#none').textContent(), expected);
});
