// The agent's page by unmodified amazon-connect-streams and ChatJS, on a page of another site.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Office } from './lib/crm.mjs';

let office;
before(async () => { office = await Office.open(); });
afterEach(() => office.clear());
after(() => office?.stop());

test('streams: a chat from the offer to its end', async () => {
  const crm = await office.crm(await office.profile());
  await crm.available();
  const ana = await office.customer();
  const id = ana.contact;
  await crm.on(id, 'onConnecting');
  await crm.do('contact', id, 'accept');
  await crm.on(id, 'media');
  await ana.say('Do you have red roses?');
  await crm.on(id, 'session onMessage', (item) => item.Content === 'Do you have red roses?');
  await crm.do('session', id, 'sendMessage', { contentType: 'text/plain', message: 'We do.' });
  await ana.hears('We do.');
  await crm.do('leave', id);
  await crm.on(id, 'onACW');
  await crm.do('contact', id, 'clear');
  await crm.on(id, 'onDestroy');
  assert.deepEqual(crm.story(id), ['contact', 'onConnecting', 'onAccepted', 'onConnected', 'onACW', 'onEnded', 'onDestroy']);
  assert.deepEqual(crm.errors, []);
});
