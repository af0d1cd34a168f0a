// Figures of the console: how soon a chat can be accepted, what the page loads, how it keeps up, and what it keeps. Run it with
// test/clients/run figures/console, on a machine that does nothing else; it prints, and asserts nothing but that all has worked.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Office } from '../lib/crm.mjs';
import { Console } from '../lib/desk.mjs';
import { until } from '../lib/journal.mjs';

const open = 9; // chats at the desk while a further one rings: an agent has ten at most
const items = 500; // in each of them
const throttled = 4; // times slower than this machine
const runs = 5;

let office;
before(async () => { office = await Office.open(); });
after(() => office?.stop());

/** An agent at work by the API, beside whoever looks at the page. */
async function worker(slots) {
  const agent = await office.agent(slots, ['Agent', 'CallCenterManager']);
  const { SessionToken } = await office.call('/agent/sign-in', { InstanceId: office.parley.instance, UserName: agent.name, Password: agent.password });
  const call = (path, body) => office.call(`/agent${path}`, body, SessionToken);
  return Object.assign(agent, {
    /** Clears all that is over, until nothing is but so many chats. */
    settle: (left) => until('an orderly desk', async () => {
      const { Contacts } = (await call('')).Snapshot;
      for (const c of Contacts) if (['MISSED', 'REJECTED', 'ENDED', 'ERROR'].includes(c.State)) await call(`/contacts/${c.ContactId}/clear`, {});
      return Contacts.length === left;
    }),
    held: async (state) => (await call('')).Snapshot.Contacts.filter((c) => c.State === state),
    act: (contact, what) => call(`/contacts/${contact}/${what}`, {}),
    attributes: (contact, Attributes) => fetch(`${office.parley.address}/agent/contacts/${contact}/attributes`, {
      method: 'PUT', headers: { 'content-type': 'application/json', 'x-amz-bearer': SessionToken }, body: JSON.stringify({ Attributes }),
    }),
    ring: async () => {
      const customer = await agent.customer();
      await until('the ring', async () => (await agent.held('CONNECTING')).some((c) => c.ContactId === customer.contact));
      return customer;
    },
  });
}

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const cdp = (desk) => desk.tab.context().newCDPSession(desk.tab);

test('console: figures', async (t) => {
  const say = (text) => t.diagnostic(text);
  const agent = await worker(open + 1);
  const desk = await Console.signedIn(office, agent);
  await desk.choose('Available');
  const customers = [];
  for (let n = 0; n < open; n++) {
    const customer = await agent.ring();
    await agent.act(customer.contact, 'accept');
    customers.push(customer);
  }
  await Promise.all(customers.map(async (customer) => { // each at its own pace
    for (let n = 0; n < items; n++) await customer.say(`message ${n}, about roses and what they cost`); }));
  await until('all chats at the desk', async () => await desk.tab.locator('.chats li').count() === open);

  // What is loaded.
  const scripts = new Map();
  const styles = new Map();
  const listen = (answer) => {
    const into = answer.url().endsWith('.js') ? scripts : answer.url().endsWith('.css') ? styles : undefined;
    into?.set(answer.url(), answer.body().then((body) => gzipSync(body).length));
  };
  desk.tab.on('response', listen);
  await desk.tab.reload();
  await desk.tab.locator('.details').waitFor();
  await desk.tab.waitForLoadState('networkidle');
  const kB = async (map) => ((await Promise.all(map.values())).reduce((a, b) => a + b, 0) / 1_000).toFixed(0);
  say(`the desk loads ${await kB(scripts)} kB of scripts and ${await kB(styles)} kB of style sheets, gzipped`);
  desk.tab.off('response', listen);

  // From the navigation to a chat that can be accepted.
  const session = await cdp(desk);
  for (const cache of ['cold', 'warm']) {
    const times = [];
    for (let n = 0; n < runs; n++) {
      const customer = await agent.ring();
      await desk.tab.goto('about:blank');
      if (cache === 'cold') await session.send('Network.clearBrowserCache');
      await session.send('Emulation.setCPUThrottlingRate', { rate: throttled });
      const began = performance.now();
      await desk.tab.goto(`${office.parley.address}/console/`, { waitUntil: 'commit' });
      await desk.button('Accept the chat of Ana').click({ trial: true });
      times.push(performance.now() - began);
      await session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
      await customer.stop();
      await agent.settle(open);
    }
    say(`from the navigation to a chat that can be accepted, ${open} chats of ${items} items in hand, ${throttled} times throttled, ${cache} cache: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms, median ${median(times).toFixed(0)}`);
  }

  // Frames while somebody types.
  await desk.chat('Ana').first().getByRole('button').first().click();
  await desk.field('Ana').waitFor();
  await desk.tab.evaluate(() => {
    window.frames_ = [];
    let last = performance.now();
    const next = (now) => {
      window.frames_.push(now - last);
      last = now;
      window.watching = requestAnimationFrame(next);
    };
    window.watching = requestAnimationFrame(next);
  });
  await desk.field('Ana').pressSequentially('We have red roses, and white ones, and some that are both. '.repeat(3), { delay: 30 });
  const frames = await desk.tab.evaluate(() => {
    cancelAnimationFrame(window.watching);
    return window.frames_.slice(1);
  });
  say(`while typing, ${frames.length} frames: the longest ${Math.max(...frames).toFixed(0)} ms, over 50 ms ${frames.filter((ms) => ms > 50).length}`);
  await desk.field('Ana').fill('');

  // Snapshots faster than anybody can see.
  await desk.tab.evaluate(() => {
    window.renders = 0;
    new MutationObserver(() => { window.renders++; }).observe(document.querySelector('.chats'), { subtree: true, childList: true, characterData: true, attributes: true });
  });
  const received = { n: 0 };
  await session.send('Network.enable');
  session.on('Network.webSocketFrameReceived', ({ response }) => { if (response.payloadData.includes('"SNAPSHOT"')) received.n++; });
  await session.send('Performance.enable');
  const busy = async () => (await session.send('Performance.getMetrics')).metrics.find((m) => m.name === 'TaskDuration').value;
  const before = await busy();
  const began = performance.now();
  await Promise.all(Array.from({ length: 16 }, async (_, w) => {
    for (let n = w; performance.now() - began < 10_000; n++) await (await agent.attributes(customers[w % open].contact, { count: String(n) })).text();
  }));
  const seconds = (performance.now() - began) / 1_000;
  const used = await busy() - before;
  const renders = await desk.tab.evaluate(() => window.renders);
  say(`${(received.n / seconds).toFixed(0)} snapshots a second: ${(renders / seconds).toFixed(1)} renders a second, ${(100 * used / seconds).toFixed(0)} % of a core in the page`);

  // What is kept after many chats.
  for (const customer of customers) await customer.stop();
  await agent.settle(0);
  await desk.tab.reload();
  await desk.status('Available');
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await session.send('Performance.getMetrics')).metrics.find((m) => m.name === 'JSHeapUsedSize').value;
  };
  const kept = {};
  for (let n = 1; n <= 500; n++) {
    const customer = await agent.ring();
    await agent.act(customer.contact, 'accept');
    await customer.say(`number ${n}`);
    if (n % 10 === 0) await desk.line(`number ${n}`).waitFor();
    await customer.stop();
    await agent.settle(0);
    if (n === 50 || n === 500) kept[n] = await heap();
  }
  say(`heap after 50 chats ${(kept[50] / 1e6).toFixed(1)} MB, after 500 ${(kept[500] / 1e6).toFixed(1)} MB: ${(kept[500] / kept[50]).toFixed(2)} times`);
  assert.deepEqual(desk.errors, []);
});
