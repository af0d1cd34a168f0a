// The console: the desk as agents use it, in Chromium.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Office } from './lib/crm.mjs';
import { Console } from './lib/desk.mjs';
import { until } from './lib/journal.mjs';

let office;
before(async () => { office = await Office.open({ proxied: true }); });
afterEach(async () => {
  await office.clear();
  await office.sweep();
});
after(() => office?.stop());

test('console: signing in, a wrong password, signing out', async () => {
  const agent = await office.agent();
  const desk = await Console.open(office);
  await desk.picture('sign-in');
  await desk.button('Sign in').click();
  assert.equal(await desk.tab.getByText('Fill this in.').count(), 2); // the instance is there
  await desk.signIn(agent.name, 'wrong-Passw0rd');
  await desk.tab.getByText(/password/i).filter({ hasText: /[.]/ }).first().waitFor();
  await desk.picture('sign-in-refused');
  assert.deepEqual(await desk.faults(), []);
  await desk.signIn(agent.name, agent.password);
  await desk.status('Offline');
  await desk.picture('desk-empty-offline');
  assert.equal(await desk.tab.evaluate(() => document.cookie), '', 'a script can read the session');
  await desk.tab.reload();
  await desk.status('Offline');
  await desk.button(/^Account of/).click();
  await desk.tab.getByRole('menuitem', { name: 'Sign out' }).click();
  await desk.tab.getByLabel('User name').waitFor();
  await desk.tab.reload();
  await desk.tab.getByLabel('User name').waitFor();
  assert.deepEqual(desk.errors, []);
});

test('console: a chat from the ring to the end', async () => {
  const agent = await office.agent(2, ['Agent', 'CallCenterManager']);
  const desk = await Console.signedIn(office, agent);
  await desk.choose('Available');
  await desk.tab.getByText('The next one rings here.').waitFor();
  await desk.picture('desk-empty');
  const ana = await agent.customer('Ana');
  await desk.button('Accept the chat of Ana').waitFor();
  await desk.picture('desk-ring');
  assert.match(await desk.tab.title(), /rings/);
  await desk.accept('Ana');

  await ana.say('Do you have **red** roses?');
  await desk.line('Do you have **red** roses?').waitFor();
  await ana.signal('typing');
  await desk.line('Ana is typing…').waitFor();
  await desk.say('Ana', 'We do, twelve of them.');
  const answer = await ana.hears('We do, twelve of them.');
  await ana.receipt('read', answer.Id);
  await desk.line('read').waitFor();
  const { Transcript: read } = await ana.transcript();
  const asked = read.find((item) => item.Content === 'Do you have **red** roses?');
  await until('the receipt of the agent', async () => (await ana.transcript()).Transcript.find((item) => item.Id === asked.Id).MessageMetadata?.Receipts?.some((r) => r.ReadTimestamp));

  const list = '**Roses**\n\n1. red\n2. [white](https://example.com/white)\n\n\\*while\\* <b>they</b> last, 5 &lt; 6';
  await ana.say(list, { ContentType: 'text/markdown' });
  const shown = desk.tab.locator('.markdown');
  await shown.locator('strong', { hasText: 'Roses' }).waitFor();
  assert.deepEqual(await shown.locator('li').allTextContents(), ['red', 'white']);
  assert.equal(await shown.getByRole('link', { name: 'white' }).getAttribute('href'), 'https://example.com/white');
  assert.equal(await shown.locator('p').last().textContent(), '*while* <b>they</b> last, 5 < 6');

  await desk.tab.locator('input[type=file]').setInputFiles({ name: 'roses.csv', mimeType: 'text/csv', buffer: Buffer.from('flower,count\nrose,12\n') });
  await desk.button('Open roses.csv').waitFor();
  await until('the file', async () => (await ana.transcript()).Transcript.some((item) => item.Attachments?.[0].AttachmentName === 'roses.csv'));
  await desk.picture('desk-chat');
  assert.deepEqual(await desk.faults(), []);

  await desk.tab.reload();
  await desk.line('We do, twelve of them.').waitFor();
  await desk.line('Do you have **red** roses?').waitFor();

  await desk.button('End chat').click();
  await desk.tab.getByText('Note what is to be kept').waitFor();
  await desk.tab.getByLabel('Outcome').fill('sold');
  await desk.tab.getByLabel('Notes').fill('Twelve red roses, tomorrow.');
  await desk.button('Save').click();
  await desk.button('Saved').waitFor();
  await desk.picture('desk-after');
  await desk.button('Close contact').click();
  await desk.tab.getByText('The next one rings here.').waitFor();
  assert.deepEqual(desk.errors, []);
});

test('console: a chat goes on over a loss of the network', async () => {
  const agent = await office.agent();
  const desk = await Console.signedIn(office, agent);
  await desk.choose('Available');
  const ana = await agent.customer('Ana');
  await desk.accept('Ana');
  await desk.say('Ana', 'before');
  await ana.hears('before');
  await desk.tab.context().setOffline(true);
  await desk.tab.getByText('The connection to the server is lost.').waitFor();
  await desk.picture('desk-lost');
  for (let n = 1; n <= 20; n++) await ana.say(`meanwhile ${n}`);
  await desk.tab.context().setOffline(false);
  await desk.line('meanwhile 20').waitFor();
  await desk.tab.getByText('The connection to the server is lost.').waitFor({ state: 'hidden' });
  const said = await desk.tab.locator('.bubble').allTextContents();
  assert.deepEqual(said.filter((text) => text.startsWith('meanwhile')), Array.from({ length: 20 }, (_, n) => `meanwhile ${n + 1}`));
  await desk.say('Ana', 'after');
  await ana.hears('after');
  assert.deepEqual(desk.errors, []);
});

test('console: several chats, missed and rejected, unread and shortcuts', async () => {
  const agent = await office.agent(3);
  const desk = await Console.signedIn(office, agent);
  await desk.choose('Available');
  const ana = await agent.customer('Ana');
  await desk.accept('Ana');
  const bo = await agent.customer('Bo');
  await desk.button('Accept the chat of Bo').waitFor();
  await desk.tab.keyboard.press('Alt+a');
  await desk.field('Bo').waitFor();
  await ana.say('one');
  await ana.say('two');
  await desk.chat('Ana').getByLabel('2 unread').waitFor();
  await desk.chat('Ana').getByText(/^waits/).waitFor();
  await desk.picture('desk-several');
  await desk.tab.keyboard.press('Alt+n');
  await desk.line('two').waitFor();
  await desk.chat('Ana').getByLabel('2 unread').waitFor({ state: 'detached' });
  await desk.field('Ana').fill('a draft that stays');
  await desk.tab.keyboard.press('Alt+p');
  await desk.field('Bo').waitFor();
  await desk.tab.keyboard.press('Alt+p');
  assert.equal(await desk.field('Ana').inputValue(), 'a draft that stays');
  await desk.tab.keyboard.press('Alt+h');
  await desk.tab.getByText('Accept the chat that rings').waitFor();
  await desk.picture('desk-keys');
  await desk.tab.keyboard.press('Escape');

  const cy = await agent.customer('Cy');
  await desk.chat('Cy').getByRole('button', { name: 'Reject' }).click();
  await desk.chat('Cy').click();
  await desk.tab.getByText('You did not take this chat.').waitFor();
  await cy.stop();
  await bo.stop();
  await desk.button('Close contact').click();
  await desk.chat('Cy').waitFor({ state: 'detached' });
  assert.deepEqual(desk.errors, []);
});

test('console: a chat is handed over, cold and warm, and a supervisor joins it', async () => {
  const agent = await office.agent();
  const colleague = await office.agent();
  await agent.quickConnect('Eli of flowers', { UserId: colleague.id });
  const dana = await Console.signedIn(office, agent);
  const eli = await Console.signedIn(office, colleague);
  await dana.choose('Available');
  await eli.choose('Available');
  const ana = await agent.customer('Ana');
  await dana.accept('Ana');
  await dana.say('Ana', 'I ask a colleague.');
  await ana.hears('I ask a colleague.');

  await dana.button('Transfer').click();
  await dana.tab.getByText('Hand this chat over').waitFor();
  await dana.tab.getByRole('dialog').getByText('Available').waitFor();
  await dana.picture('desk-transfer');
  assert.deepEqual(await dana.faults(), []);
  await dana.button(/^Invite/).click();
  await eli.accept('Ana');
  await dana.tab.locator('.people li', { hasText: 'here' }).nth(2).waitFor(); // three of them
  await eli.say('Ana', 'Eli here.');
  await dana.line('Eli here.').waitFor();
  await ana.hears('Eli here.');
  await dana.picture('desk-company');

  const sam = await Console.signedIn(office, { name: 'demo-supervisor', password: agent.password });
  await sam.tab.getByRole('link', { name: 'Floor' }).click();
  await sam.button('Watch the chat of Ana').waitFor();
  const queue = sam.tab.getByRole('row', { name: new RegExp(`Queue of ${agent.name} `) }).first();
  await queue.waitFor();
  await sam.tab.getByRole('row', { name: new RegExp(`^${colleague.name} `) }).waitFor();
  await sam.picture('floor');
  assert.deepEqual(await sam.faults(), []);
  await sam.button(`Available: set the status of ${colleague.name}`).click();
  await sam.tab.getByRole('menuitem', { name: 'Offline' }).click();
  await eli.tab.getByText('then Offline').waitFor();
  await sam.button(`Available, then Offline: set the status of ${colleague.name}`).click();
  await sam.tab.getByRole('menuitem', { name: 'Available' }).click();
  await eli.tab.getByText('then Offline').waitFor({ state: 'detached' });
  await sam.button('Watch the chat of Ana').click();
  await sam.line('Eli here.').waitFor();
  await sam.tab.getByPlaceholder('Write to the agents; the customer does not see it').waitFor();
  await sam.say('Ana', 'Offer her the white ones.');
  const whisper = (desk) => desk.tab.locator('.line[data-whisper=true]', { hasText: 'Offer her the white ones.' });
  for (const desk of [sam, dana, eli]) await whisper(desk).waitFor();
  await sam.picture('desk-watching');
  await dana.tab.reload();
  await dana.line('Eli here.').waitFor();
  await whisper(dana).waitFor();
  await sam.button('Join the chat').click();
  await sam.say('Ana', 'Sam here.');
  await ana.hears('Sam here.');
  assert.ok(!(await ana.transcript()).Transcript.some((item) => item.Content?.includes('white ones')), 'the customer has the whisper');
  await dana.tab.locator('.people li', { hasText: 'supervisor' }).waitFor();
  await sam.button('Watch silently').click();
  await sam.tab.getByPlaceholder('Write to the agents; the customer does not see it').waitFor();
  await sam.button('Stop watching').click();
  await sam.tab.getByText('No chats').first().waitFor();

  await dana.button('Leave chat').click();
  await dana.button('Close contact').click();
  await dana.tab.getByText('The next one rings here.').waitFor();
  await ana.say('Still there?');
  await eli.line('Still there?').waitFor();
  for (const desk of [dana, eli, sam]) assert.deepEqual(desk.errors, []);
});

test('console: in a narrow frame, in the dark, from right to left', async () => {
  const agent = await office.agent(2);
  const desk = await Console.signedIn(office, agent, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  await desk.choose('Available');
  await desk.picture('narrow-empty');
  const name = 'Ana with a rather long name, of Rosebud & Daughters';
  const ana = await agent.customer(name);
  await desk.accept(name);
  await ana.say('שלום, יש לכם ורדים אדומים?');
  await ana.say('A very long word: ' + 'rose'.repeat(80));
  await desk.line('ורדים').waitFor();
  await desk.picture('narrow-chat');
  assert.ok(await desk.tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the screen');
  assert.deepEqual(await desk.faults(), []);
  await desk.tab.evaluate(() => { document.documentElement.dir = 'rtl'; });
  await desk.picture('narrow-rtl');
  assert.ok(await desk.tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than the screen from right to left');
  await desk.button('All chats').click();
  await desk.chat('Rosebud').waitFor();
  await desk.picture('narrow-list');
  await desk.tab.setViewportSize({ width: 1024, height: 768 });
  await desk.chat('Rosebud').getByRole('button').first().click();
  await desk.button('Details').click();
  await desk.tab.getByText('Contact id').waitFor();
  await desk.picture('middle-details');
  assert.deepEqual(desk.errors, []);
});

test('console: a chat of the past is found by a word in it', async () => {
  const agent = await office.agent();
  const desk = await Console.signedIn(office, agent);
  await desk.choose('Available');
  const ana = await agent.customer('Ana');
  await desk.accept('Ana');
  await ana.say('Have you got edelweiss?');
  await desk.line('edelweiss').waitFor();
  await desk.say('Ana', 'No, nobody has.');
  await ana.hears('No, nobody has.');
  await desk.button('End chat').click();
  await desk.button('Close contact').click();
  assert.equal(await desk.tab.getByRole('link', { name: 'History' }).count(), 0, 'who may not look is shown the way');

  const sam = await Console.signedIn(office, { name: 'demo-supervisor', password: agent.password });
  await sam.tab.getByRole('link', { name: 'History' }).click();
  await sam.tab.getByLabel('Words').fill('edelweiss');
  await until('the contact', async () => {
    await sam.button('Search', { exact: true }).click();
    await sam.tab.getByText('Loading').waitFor({ state: 'detached' });
    return await sam.tab.getByRole('row', { name: new RegExp(`Queue of ${agent.name}`) }).count() === 1;
  });
  await sam.tab.getByRole('row', { name: new RegExp(`Queue of ${agent.name}`) }).click();
  await sam.tab.locator('.past', { hasText: 'No, nobody has.' }).waitFor();
  await sam.picture('history');
  assert.deepEqual(await sam.faults(), []);
  const [file] = await Promise.all([sam.tab.waitForEvent('download'), (async () => {
    await sam.button('Download').click();
    await sam.tab.getByRole('menuitem', { name: 'As text' }).click();
  })()]);
  assert.equal(file.suggestedFilename(), `${ana.contact}.txt`);
  await sam.tab.getByLabel('Words').fill('gentian');
  await sam.button('Search', { exact: true }).click();
  await sam.tab.getByText('Nothing was found.').waitFor();
  assert.deepEqual(sam.errors, []);
});
