// Several agents in the agent's page by unmodified Streams: handing over, inviting, watching.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { UpdateInstanceAttributeCommand } from '@aws-sdk/client-connect';
import { Office } from './lib/crm.mjs';

let office;
before(async () => {
  office = await Office.open();
  for (const AttributeType of ['MULTI_PARTY_CHAT_CONFERENCE', 'ENHANCED_CHAT_MONITORING']) {
    await office.parley.connect.send(new UpdateInstanceAttributeCommand({ InstanceId: office.parley.instance, AttributeType, Value: 'true' }));
  }
});
afterEach(() => office.clear());
after(() => office?.stop());

/** Two agents at their desks, the first in a chat; quick connects of his queue lead to the other and his queue. */
async function pair() {
  const [one, two] = [await office.agent(), await office.agent()];
  await one.quickConnect(`${two.name} himself`, { UserId: two.id });
  await one.quickConnect(`the queue of ${two.name}`, { QueueId: two.queue });
  const [source, target] = await Promise.all([one.crm(), two.crm()]);
  await Promise.all([source.available(), target.available()]);
  const ana = await one.customer();
  await source.accept(ana.contact);
  return { source, target, ana, id: ana.contact, other: two.name };
}

/** The endpoint of a name, as desks find it. */
async function endpoint(crm, name) {
  const { endpoints: all } = await crm.tab.evaluate(() => new Promise((resolve, reject) => {
    agent.getEndpoints(agent.getAllQueueARNs(), { success: (data) => resolve(JSON.parse(JSON.stringify(data))), failure: reject });
  }));
  const found = all.find((e) => e.name === name);
  assert.ok(found, `${name} is not among ${JSON.stringify(all)}`);
  return found;
}

const connections = (id) => `new connect.Contact('${id}').getConnections().map((c) => [c.getType(), c.getState().type])`;

for (const [name, type, how] of [[(other) => `${other} himself`, 'agent', 'addConnection'], [(other) => `the queue of ${other}`, 'queue', 'transfer']]) {
  test(`company: a chat is handed over to ${name('another')}, by ${how}`, async () => {
    const { source, target, ana, id, other } = await pair();
    const to = await endpoint(source, name(other));
    assert.deepEqual([to.type, /transfer-destination\//.test(to.endpointARN)], [type, true]);
    await source.do('contact', id, how, to);
    await source.on(id, 'onACW'); // the other has it: the first is through
    await source.do('contact', id, 'clear');
    await source.on(id, 'onDestroy');
    const { who: next } = await target.events.first((e) => e.event === 'onConnecting', 'a contact that rings at the other');
    await target.sees(`new connect.Contact('${next}').getInitialContactId()`, id);
    await target.do('contact', next, 'accept');
    await target.on(next, 'media');
    await target.do('session', next, 'sendMessage', { contentType: 'text/plain', message: 'Now you have me.' });
    await ana.hears('Now you have me.');
    await ana.say('Good.');
    await target.on(next, 'session onMessage', (item) => item.Content === 'Good.');
    await target.finish(next);
    assert.deepEqual(await source.story(id), ['contact', 'onConnecting', 'onAccepted', 'onConnected', 'onACW', 'onEnded', 'onDestroy']);
    assert.deepEqual([...source.errors, ...target.errors], []);
  });
}

test('company: another agent is invited, and stays when the first leaves', async () => {
  const { source, target, ana, id, other } = await pair();
  await source.do('contact', id, 'addParticipant', await endpoint(source, `${other} himself`));
  await target.on(id, 'onConnecting');
  await source.sees(connections(id), [['agent', 'connected'], ['inbound', 'connected'], ['outbound', 'connecting']]);
  await target.do('contact', id, 'accept');
  await target.on(id, 'media');
  await source.on(id, 'session onMessage', (item) => item.ContentType?.endsWith('participant.joined'));
  await source.sees(connections(id), [['agent', 'connected'], ['inbound', 'connected'], ['outbound', 'connected']]);
  await target.sees(connections(id), [['agent', 'connected'], ['inbound', 'connected'], ['outbound', 'connected']]);
  await ana.say('to both');
  await Promise.all([source, target].map((crm) => crm.on(id, 'session onMessage', (item) => item.Content === 'to both')));
  await source.do('leave', id);
  await source.on(id, 'onACW');
  await ana.say('to one');
  await target.on(id, 'session onMessage', (item) => item.Content === 'to one');
  await target.do('leave', id);
  await target.on(id, 'onACW');
});

test('company: a supervisor watches, barges in, and goes', async () => {
  const { source, ana, id } = await pair();
  const boss = await office.agent(2, ['Agent', 'CallCenterManager', 'Admin']);
  const crm = await boss.crm();
  await crm.ready();
  const { SessionToken } = await office.call('/agent/sign-in', { InstanceId: office.parley.instance, UserName: boss.name, Password: boss.password });
  const watch = await office.call(`/agent/contacts/${id}/monitor`, { AllowedMonitorCapabilities: ['SILENT_MONITOR', 'BARGE'] }, SessionToken);
  const own = watch.ContactId;
  await crm.on(own, 'media');
  const watching = `(() => { const c = new connect.Contact('${own}').getAgentConnection(); return [c.getType(), c.getState().type, c.isSilentMonitor(), c.isBarge(), c.isBargeEnabled()]; })()`;
  await crm.sees(watching, ['monitoring', 'silent_monitor', true, false, true]);
  await ana.say('unheard?');
  await crm.on(own, 'session onMessage', (item) => item.Content === 'unheard?');
  assert.equal((await source.look(connections(id))).length, 2); // nobody sees who is silent
  await crm.do('call', 'updateMonitorParticipantState', { contactId: own, targetMonitorMode: 'BARGE' });
  await source.on(id, 'session onMessage', (item) => item.ContentType?.endsWith('participant.joined') && item.ParticipantRole === 'SUPERVISOR');
  await crm.sees(watching, ['monitoring', 'barge', false, true, true]);
  await source.sees(`(() => { const c = new connect.Contact('${id}'); return [c.isUnderSupervision(), c.getConnections().map((x) => x.getType())]; })()`, [true, ['agent', 'inbound', 'monitoring']]);
  await crm.do('session', own, 'sendMessage', { contentType: 'text/plain', message: 'The boss here.' });
  await ana.hears('The boss here.');
  await crm.do('call', 'updateMonitorParticipantState', { contactId: own, targetMonitorMode: 'SILENT_MONITOR' });
  await source.on(id, 'session onMessage', (item) => item.ContentType?.endsWith('participant.left') && item.ParticipantRole === 'SUPERVISOR');
  await crm.do('leave', own);
  await crm.on(own, 'onDestroy');
  assert.ok(!(await crm.story(own)).includes('onACW'));
  assert.deepEqual([...source.errors, ...crm.errors], []);
});
