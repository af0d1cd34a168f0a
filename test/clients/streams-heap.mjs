// Many chats, one after another, through one tab: what the memory of the page with Streams and of the agent's page comes to. CHATS says how
// many; make shift runs the 500 of a long day.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Office } from './lib/crm.mjs';

const chats = Number(process.env.CHATS ?? 20);
const settled = Math.max(10, chats / 10); // chats after which everything that is kept once is there

let office;
before(async () => { office = await Office.open(); });
after(() => office?.stop());

test(`heap: ${chats} chats through one tab`, async (t) => {
  const agent = await office.agent();
  const crm = await agent.crm();
  await crm.available();
  const sessions = await Promise.all([crm.tab, crm.frame].map((target) => crm.tab.context().newCDPSession(target)));
  /** Bytes that live in the page around and in the agent's page, without and in the logs of Streams, which grow in any page that has it. */
  const sizes = () => Promise.all(sessions.map(async (session) => {
    await session.send('Runtime.discardConsoleEntries');
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Runtime.getHeapUsage')).usedSize;
  }));
  const heap = async () => {
    const [logged] = await sizes();
    await crm.tab.evaluate(() => window.crm.forgetLogs());
    const [page, frame] = await sizes();
    return [page, frame, logged - page];
  };
  let first;
  for (let n = 1; n <= chats; n++) {
    const ana = await agent.customer(`Ana ${n}`);
    const id = ana.contact;
    await crm.accept(id);
    await ana.say(`question ${n}`);
    await crm.on(id, 'session onMessage', (item) => item.Content === `question ${n}`);
    await crm.do('session', id, 'sendMessage', { contentType: 'text/plain', message: `answer ${n}` });
    await crm.do('leave', id);
    await crm.on(id, 'session onEnded');
    await crm.on(id, 'onACW');
    await crm.do('contact', id, 'clear');
    await crm.on(id, 'onDestroy');
    crm.events.entries = [];
    if (n === settled) first = await heap();
  }
  const last = await heap();
  const grown = ['the page around', 'the agent’s page', 'logs of Streams'].map((name, i) => {
    t.diagnostic(`${name}: ${(first[i] / 1e6).toFixed(1)} MB after ${settled} chats, ${(last[i] / 1e6).toFixed(1)} MB after ${chats}`);
    return last[i] / first[i];
  }).slice(0, 2);
  assert.ok(grown.every((times) => times < 1.3), `the heaps have grown ${grown.map((g) => g.toFixed(2)).join(' and ')} times`);
});
