// What a bot shows to choose from, in chats of the content types that Amazon's samples start them with.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CreateContactFlowCommand } from '@aws-sdk/client-connect';
import { Bot } from './lib/bot.mjs';
import { startChat } from './lib/chat.mjs';
import { botFlow } from './lib/flows.mjs';
import { stage } from './lib/stage.mjs';

const sample = ['text/plain', 'text/markdown'];
const interactive = 'application/vnd.amazonaws.connect.message.interactive';

const payload = (templateType, content) => ({ contentType: 'CustomPayload', content: JSON.stringify({ templateType, version: '1.0', data: { content } }) });
const titles = (...names) => names.map((title) => ({ title }));
const pixel = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const page = (n) => payload('ListPicker', {
  title: 'Teas', listId: 'teas', referenceId: 'teas-1', preIndex: n - 1, nextIndex: n + 1,
  elements: [...titles(`Tea ${n}`), { title: 'More teas', actionDetail: 'SHOW_MORE' }],
});

/** What the bot answers to what. */
const answers = {
  drinks: [{ contentType: 'PlainText', content: 'Of course.' }, payload('ListPicker', {
    title: 'What would you like to drink?', subtitle: 'All are fresh', imageType: 'URL', imageData: pixel, imageDescription: 'a cup',
    elements: [{ title: 'Tea', subtitle: 'green or black' }, { title: 'Coffee', imageType: 'URL', imageData: pixel }, { title: 'The menu', type: 'hyperlink', url: 'https://example.org/menu' }],
  })],
  panel: [payload('Panel', { title: 'How did we do?', elements: titles('Well', 'Badly') })],
  reply: [payload('QuickReply', { title: 'Anything else?', elements: titles('Yes', 'No') })],
  time: [payload('TimePicker', { title: 'When?', timeslots: [{ date: '2026-10-31T18:00+00:00', duration: 60 }, { date: '2026-10-30T09:30+00:00', duration: 60 }], location: { title: 'At the shop' } })],
  carousel: [payload('Carousel', { title: 'Where to?', elements: ['Sea', 'Hills'].map((title, i) => ({
    templateIdentifier: `list${i}`, templateType: 'ListPicker', version: '1.0', data: { content: { title, elements: titles(`${title} 1`, `${title} 2`) } } })) })],
  card: [{ contentType: 'ImageResponseCard', imageResponseCard: { title: 'A card', subtitle: 'of Lex', buttons: [{ text: 'Roses', value: 'kind=1' }] } }],
  pages: [page(1)],
  SHOW_MORE: [page(2)],
  strange: [payload('Hologram', { title: 'Look here' })],
  empty: [payload('ListPicker', 7)],
  objects: [payload('ListPicker', { title: 'Objects', imageData: {}, elements: [
    { title: 'a', type: 'hyperlink', url: { toString: 'x' } }, { title: 'b', actionDetail: { x: 1 } }, { actionDetail: 'SHOW_MORE' }, { title: ['c'] }, null, 'd'] })],
  rtl: [payload('ListPicker', { title: 'ماذا تشرب؟', elements: [...titles('شاي!', 'Tea!')] })],
  broken: [payload('ListPicker', { title: 7, elements: { a: 1 } })],
  script: [payload('ListPicker', { title: '<b>Bold</b>', elements: [...titles('<img src=x>'), { title: 'x', type: 'hyperlink', url: 'javascript:alert(1)' }] })],
};

let scene, bot, flow;
before(async () => {
  bot = await Bot.start((text) => answers[text] ?? (text.startsWith('{"version"') ? answers[JSON.parse(text).action] : text === 'bye' ? undefined : [{ contentType: 'PlainText', content: `You said ${text}` }]));
  scene = await stage('--bot', `*=${bot.url}`);
  const { parley } = scene;
  flow = (await parley.connect.send(new CreateContactFlowCommand({ InstanceId: parley.instance, Name: 'Shop', Type: 'CONTACT_FLOW', Content: botFlow }))).ContactFlowId;
});
after(async () => {
  await scene?.stop();
  await bot?.stop();
});

test('ChatJS is given a list picker as an interactive message, and the bot hears the choice', async () => {
  const tab = await scene.page();
  const session = await tab.session(await startChat(scene.parley, { ContactFlowId: flow, SupportedMessagingContentTypes: sample }));
  await session.connect();
  await session.message('Content', 'What may it be?');
  await session.say('drinks');
  const item = await session.message('ContentType', interactive);
  assert.deepEqual([item.Content, item.ParticipantRole], [answers.drinks[1].content, 'SYSTEM']);
  await session.say(JSON.parse(item.Content).data.content.elements[0].title);
  await session.message('Content', 'You said Tea');
  assert.deepEqual(bot.heard.all().slice(-2), ['drinks', 'Tea']);
  const { Transcript } = await session.transcript({ maxResults: 100 });
  assert.ok(Transcript.every((i) => i.ContentType === interactive || !i.Content?.includes('templateType')), 'JSON as text');
  await tab.close();
});

/** Opens the start page and starts a chat of the flow there; with types in place of those that the page asks for. */
async function shopping(types) {
  const tab = await scene.browser.tab({ viewport: { width: 375, height: 740 } });
  const errors = [];
  tab.on('pageerror', (error) => errors.push(String(error)));
  await tab.route('**/contact/chat', (route) => {
    const input = { ...route.request().postDataJSON(), ContactFlowId: flow, ...(types && { SupportedMessagingContentTypes: types }) };
    return route.continue({ postData: JSON.stringify(input) });
  });
  await tab.goto(scene.parley.address);
  await tab.click('#start');
  const says = (text) => tab.locator('#items li', { hasText: text }).last().waitFor();
  const say = async (text) => {
    await tab.fill('#text', text);
    await tab.keyboard.press('Enter');
  };
  await says('What may it be?');
  const buttons = tab.locator('#items .choices button');
  return { tab, errors, says, say, buttons };
}

test("the start page shows a bot's list picker as buttons", async () => {
  const { tab, errors, says, say, buttons } = await shopping(sample);
  await say('drinks');
  await says('What would you like to drink?');
  assert.deepEqual(await buttons.locator('span').allTextContents(), ['Tea', 'Coffee']);
  assert.equal(await tab.locator('#items', { hasText: 'templateType' }).count(), 0, 'JSON is shown');
  assert.equal(await tab.locator('#items .choices a').getAttribute('href'), 'https://example.org/menu');
  assert.equal(await tab.locator('#items .choices img').count(), 2);
  assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than a phone');
  if (process.env.SCREENSHOT) await tab.screenshot({ path: process.env.SCREENSHOT });

  await scene.parley.faults({ Operation: 'SendMessage', Status: 503, Count: 1 });
  await buttons.first().focus();
  await tab.keyboard.press('Enter');
  await tab.locator('#problem', { hasText: 'InternalServerException' }).waitFor();
  assert.equal(await buttons.first().isEnabled(), true, 'a choice that was not sent can be made again');
  assert.equal(await buttons.first().evaluate((button) => button === document.activeElement), true, 'the keyboard is where it was');
  await tab.keyboard.press('Enter');
  await says('You said Tea');
  assert.equal(await buttons.count(), 0, 'what is answered cannot be answered again');
  await says('What would you like to drink?'); // its title stays
  assert.equal(await tab.evaluate(() => document.activeElement.id), 'text');
  assert.equal(bot.heard.all().at(-1), 'Tea');
  await say('bye');
  await says('Noted: Order');
  assert.deepEqual(errors, []);
});

test('every template of a bot can be chosen from on the start page', async (t) => {
  const { tab, errors, says, say, buttons } = await shopping(sample);
  const choose = (name) => tab.locator('#items .choices button', { hasText: name }).click();
  for (const [word, title, choice, heard, shown] of [
    ['panel', 'How did we do?', 'Badly', 'Badly', 'Badly'],
    ['reply', 'Anything else?', 'No', 'No', 'No'],
    ['carousel', 'Where to?', 'Hills 2', '{"templateIdentifier":"list1","listTitle":"Hills","selectionText":"Hills 2"}', 'Hills - Hills 2'],
    ['card', 'A card', 'Roses', 'kind=1', 'Roses'],
  ]) {
    await t.test(word, async () => {
      await say(word);
      await says(title);
      if (word === 'carousel') { // or nobody would look for the other cards
        const [row, next] = [await tab.locator('#items .cards').boundingBox(), await tab.locator('#items .card').nth(1).boundingBox()];
        assert.ok(next.x < row.x + row.width - 10, 'the second card is out of sight');
      }
      await choose(choice);
      await bot.heard.first((said) => said === heard, heard);
      await tab.locator('#items li.mine', { hasText: shown }).waitFor();
    });
  }
  await t.test('time', async () => {
    await say('time');
    await says('At the shop');
    const slots = await buttons.allTextContents();
    assert.equal(slots.length, 2);
    assert.match(slots[0], /30/); // the earlier one first
    await choose(slots[0]);
    await bot.heard.first((said) => said === '2026-10-30T09:30+00:00', 'the date as it was sent');
  });
  await t.test('what cannot be shown does no harm', async () => {
    for (const [word, title] of [['strange', 'Look here'], ['empty', '(ListPicker: there is nothing to choose from)'], ['broken', '(ListPicker: there'], ['objects', 'SHOW_MORE'], ['script', '<b>Bold</b>']]) {
      await say(word);
      await says(title);
    }
    await says('<img src=x>');
    assert.equal(await tab.locator('#items b, #items img, #items a').count(), 0);
    await say('still there?');
    await says('You said still there?');
  });
  await t.test('a script that runs from right to left', async () => {
    await say('rtl');
    await says('ماذا تشرب؟');
    for (const [name, side] of [['شاي!', 'right'], ['Tea!', 'left']]) { // where the line begins, and the letters with it
      const away = await buttons.filter({ hasText: name }).evaluate((button) => {
        const range = document.createRange();
        range.selectNodeContents(button.firstChild);
        const [text, box] = [range.getClientRects()[0], button.getBoundingClientRect()];
        return { left: text.left - box.left, right: box.right - text.right };
      });
      assert.ok(away[side] < 30, `${name}: ${JSON.stringify(away)}`);
    }
  });
  assert.deepEqual(errors, []);
});

test('the start page pages through a list, the next page in place of the first', async () => {
  const { tab, errors, says, say, buttons } = await shopping();
  await say('pages');
  await says('Tea 1');
  await buttons.filter({ hasText: 'More teas' }).click();
  await says('Tea 2');
  const { action, data } = JSON.parse(bot.heard.all().at(-1));
  assert.deepEqual([action, data.referenceId, data.nextIndex, data.templateType], ['SHOW_MORE', 'teas-1', 2, 'ListPicker']);
  assert.equal(await tab.locator('#items .choices').count(), 1);
  assert.equal(await tab.locator('#items li', { hasText: 'SHOW_MORE' }).count(), 0);
  assert.deepEqual(errors, []);
});
