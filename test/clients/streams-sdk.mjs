// The @amazon-connect packages over the agent's page: the AgentClient and ContactClient of @amazon-connect/contact as npm has them, with the
// provider that Streams makes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Office } from './lib/crm.mjs';

let office;
before(async () => { office = await Office.open(); });
after(() => office?.stop());

/** Makes the clients in the page, which reports what they are told, and returns what calls one. */
async function clients(crm) {
  await crm.tab.evaluate(async () => {
    const { AgentClient, ContactClient } = await import('@amazon-connect/contact');
    const config = connect.core.getSDKClientConfig();
    window.sdk = { agent: new AgentClient(config), contact: new ContactClient(config) };
    let n = 1_000_000;
    const tell = (event) => (data) => window.report({ n: ++n, who: 'sdk', event, data: JSON.parse(JSON.stringify(data ?? null)) });
    for (const event of ['StateChanged', 'AvailabilityStateChanged', 'NextAvailabilityStateChanged', 'RoutingProfileChanged', 'NetworkConnectionStatusChanged']) sdk.agent[`on${event}`](tell(event));
    for (const event of ['Connecting', 'Connected', 'Missed', 'StartingAcw', 'Cleared', 'Destroyed', 'ParticipantAdded', 'ParticipantDisconnected']) sdk.contact[`on${event}`](tell(event));
  });
  return async (client, method, ...args) => {
    const out = await crm.tab.evaluate(async ([c, m, a]) => {
      try {
        return { value: JSON.parse(JSON.stringify((await sdk[c][m](...a)) ?? null)) };
      } catch (error) {
        return { error: { key: error.errorKey, reason: error.reason, message: error.message } };
      }
    }, [client, method, args]);
    return out.error ?? out.value;
  };
}

test('sdk: a chat through the clients of @amazon-connect/contact', async () => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.ready();
  const sdk = await clients(crm);

  const states = await sdk('agent', 'listAvailabilityStates');
  assert.deepEqual(states.slice(0, 2).map(({ name, type }) => [name, type]), [['Available', 'routable'], ['Offline', 'offline']]);
  assert.match(await sdk('agent', 'getARN'), new RegExp(`/agent/${agent.id}$`));
  assert.equal(await sdk('agent', 'getName'), 'Dana');
  assert.equal(await sdk('agent', 'getExtension'), null);
  assert.deepEqual(await sdk('agent', 'getDialableCountries'), []);
  assert.deepEqual(await sdk('agent', 'getChannelConcurrency'), { CHAT: 2, VOICE: 0, TASK: 0 });
  assert.equal((await sdk('agent', 'getRoutingProfile')).name, `Profile of ${agent.name}`);
  assert.equal((await sdk('agent', 'getDefaultOutboundQueue')).name, `Queue of ${agent.name}`);
  assert.ok((await sdk('agent', 'getRoutingProfileQueues')).some((q) => q.queueARN.includes(`/queue/agent/${agent.id}`)));
  assert.ok((await sdk('agent', 'listSecurityProfilePermissions')).includes('BasicAgentAccess'));
  assert.equal((await sdk('agent', 'getNetworkConnectionStatus')).status, 'connected');
  assert.equal((await sdk('agent', 'setAvailabilityState', 'arn:nothing')).key, 'invalidState');

  const set = await sdk('agent', 'setAvailabilityStateByName', 'Available');
  assert.deepEqual([set.status, set.current.name], ['updated', 'Available']);
  await crm.on('sdk', 'StateChanged', (d) => d.state === 'Available' && d.previous.state === 'Offline');
  await crm.on('sdk', 'AvailabilityStateChanged', (d) => d.state.name === 'Available' && d.previous.state.name === 'Offline');

  const ana = await agent.customer();
  const id = ana.contact;
  const begun = await crm.on('sdk', 'Connecting');
  assert.deepEqual(begun.data, { contactId: id, type: 'chat', subtype: 'connect:Chat' });
  assert.deepEqual((await sdk('contact', 'listContacts')).map((c) => c.contactId), [id]);
  assert.equal((await sdk('contact', 'getContact', id)).queue.name, `Queue of ${agent.name}`);
  assert.deepEqual(await sdk('contact', 'getAttributes', id, '*'), { topic: 'flowers' });
  assert.equal(await sdk('contact', 'getAttribute', id, 'topic'), 'flowers');
  assert.deepEqual(await sdk('contact', 'getAttributes', id, ['other']), {});
  assert.equal(await sdk('contact', 'getInitialContactId', id), id);
  assert.equal(await sdk('contact', 'getType', id), 'chat');
  assert.deepEqual(await sdk('contact', 'getChannelType', id), { type: 'chat', subtype: 'connect:Chat' });
  assert.ok(await sdk('contact', 'getStateDuration', id) >= 0);
  assert.ok(Date.parse(await sdk('contact', 'getQueueTimestamp', id)) > 0);
  assert.equal(await sdk('contact', 'isAutoAcceptEnabled', id), false);
  assert.equal(await sdk('contact', 'isPreviewMode', id), false);
  assert.equal(await sdk('contact', 'getContactRegion', id), 'us-east-1');
  assert.equal((await sdk('contact', 'getInstanceDetails', id)).origin, office.parley.address);
  assert.equal((await sdk('contact', 'getPreviewConfiguration', id)).key, 'unsupported');
  assert.equal((await sdk('contact', 'getContact', 'nothing')).key, 'contactNotFound');
  const people = await sdk('contact', 'listParticipants', id);
  assert.deepEqual(people.map((p) => [p.type.value, p.isInitial, p.isSelf, p.contactId]), [['agent', false, true, id], ['inbound', true, false, id]]);
  assert.deepEqual(await sdk('contact', 'getParticipantState', people[0].participantId), { value: 'connecting' });
  assert.deepEqual(await sdk('contact', 'getParticipant', people[1].participantId), people[1]);

  assert.deepEqual(await sdk('contact', 'accept', id), {});
  await crm.on('sdk', 'Connected');
  await crm.on(id, 'media'); // for Streams the same contact is connected
  const next = await sdk('agent', 'setOffline');
  assert.deepEqual([next.status, next.current.name, next.next.name], ['queued', 'Available', 'Offline']);
  await crm.on('sdk', 'NextAvailabilityStateChanged', (d) => d.nextState?.name === 'Offline');
  assert.equal((await sdk('agent', 'getAvailabilityState')).nextState.name, 'Offline');
  await sdk('agent', 'setAvailabilityStateByName', 'Available');
  await crm.on('sdk', 'NextAvailabilityStateChanged', (d) => d.nextState === null);
  assert.deepEqual(await sdk('contact', 'disconnectSelf', id), {});
  await crm.on('sdk', 'StartingAcw');
  assert.deepEqual(await sdk('contact', 'clear', id), {});
  await crm.on('sdk', 'Destroyed');
  const told = crm.events.all((e) => e.who === 'sdk' && e.data?.contactId === id).map((e) => e.event);
  assert.deepEqual(told, ['Connecting', 'Connected', 'StartingAcw', 'Cleared', 'Destroyed']);

  const unknown = await crm.tab.evaluate(async () => {
    try {
      return await sdk.contact.context.proxy.request('contact/dance', {});
    } catch (error) {
      return { key: error.errorKey, reason: error.reason };
    }
  });
  assert.deepEqual([unknown.key, /contact\/dance/.test(unknown.reason)], ['noHandler', true]);
  assert.deepEqual(crm.errors.filter((e) => !/SDK|noHandler|invalidState|unsupported|contactNotFound/.test(e)), []);
});
