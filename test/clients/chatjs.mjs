// A whole chat by unmodified ChatJS in a browser, on a page of another origin.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { StopContactCommand } from '@aws-sdk/client-connect';
import { addBot, event, startChat, startConnected } from './lib/chat.mjs';
import { prompts } from './lib/flows.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
after(() => scene?.stop());

const pictureOf = (length) => Buffer.from(Array.from({ length }, (_, i) => (i * 31) % 256)).toString('base64');

test('chatjs: a whole chat', async (t) => {
  t.after(() => scene.clear());
  const { parley } = scene;
  const page = await scene.page();
  const started = await startChat(parley);
  const session = await page.session(started);
  let bot;

  await t.test('connect, and the prompts of the flow', async () => {
    const result = await session.connect();
    assert.equal(result.connectSuccess, true);
    const joined = await session.message('ContentType', event('participant.joined'));
    assert.deepEqual([joined.ParticipantId, joined.ParticipantRole, joined.DisplayName], [started.ParticipantId, 'CUSTOMER', 'Ana']);
    for (const text of prompts) {
      const prompt = await session.message('Content', text);
      assert.deepEqual([prompt.ParticipantRole, prompt.DisplayName], ['SYSTEM', 'SYSTEM_MESSAGE']);
    }
  });

  await t.test('messages both ways', async () => {
    bot = await addBot(parley, started.ContactId);
    const { Id, AbsoluteTime } = await session.say('Red roses, please 🌹');
    const echo = await session.message('Id', Id);
    assert.deepEqual([echo.Content, echo.AbsoluteTime], ['Red roses, please 🌹', AbsoluteTime]);
    await bot.say('At once.');
    const answer = await session.message('Content', 'At once.');
    assert.deepEqual([answer.DisplayName, answer.ParticipantRole], ['Robot', 'CUSTOM_BOT']);
    const { Transcript } = await bot.transcript();
    assert.deepEqual(Transcript.slice(-2).map((item) => item.Content), ['Red roses, please 🌹', 'At once.']);
  });

  await t.test('typing both ways', async () => {
    await bot.signal('typing');
    const typing = await session.on('onTyping');
    assert.equal(typing.ParticipantId, bot.id);
    const { data } = await session.do('sendEvent', { contentType: event('typing') });
    assert.ok(data.Id && data.AbsoluteTime);
  });

  await t.test('receipts both ways', async () => {
    const { Id } = await session.say('Have you seen this?');
    await bot.receipt('delivered', Id);
    const delivered = await session.on('onDeliveredReceipt');
    assert.equal(delivered.MessageMetadata.MessageId, Id);
    await bot.receipt('read', Id);
    const read = await session.on('onReadReceipt');
    assert.equal(read.MessageMetadata.Receipts[0].RecipientParticipantId, bot.id);

    const { Id: answer } = await bot.say('I have.');
    await session.message('Id', answer);
    await session.do('sendEvent', { contentType: event('message.read'), content: JSON.stringify({ messageId: answer, disableThrottle: true }) });
    const { Transcript } = await bot.transcript();
    const [receipt] = Transcript.find((item) => item.Id === answer).MessageMetadata.Receipts;
    assert.equal(receipt.RecipientParticipantId, started.ParticipantId);
    assert.ok(receipt.ReadTimestamp);
  });

  await t.test('an attachment up and down', async () => {
    const file = { name: 'rose ü.png', type: 'image/png', base64: pictureOf(70_000) };
    const { error } = await session.attach(file);
    assert.equal(error, undefined);
    const item = await session.message('Type', 'ATTACHMENT');
    const [attachment] = item.Attachments;
    assert.deepEqual([attachment.AttachmentName, attachment.ContentType, attachment.Status], ['rose ü.png', 'image/png', 'APPROVED']);
    const blob = await session.do('downloadAttachment', { attachmentId: attachment.AttachmentId });
    assert.equal(blob.base64, file.base64);
  });

  await t.test('the transcript page by page', async () => {
    const { Transcript: whole } = await bot.transcript();
    const pages = [];
    let nextToken;
    do {
      const page = await session.transcript({ maxResults: 4, sortOrder: 'ASCENDING', scanDirection: 'BACKWARD', nextToken });
      pages.unshift(...page.Transcript);
      nextToken = page.NextToken;
    } while (nextToken);
    assert.deepEqual(pages.map((item) => item.Id), whole.map((item) => item.Id));
    assert.ok(whole.length > 8);
  });

  await t.test('the end', async () => {
    await session.do('disconnectParticipant');
    await session.on('onEnded');
    const order = session.told('onMessage').slice(-2).map((item) => item.ContentType);
    assert.deepEqual(order, [event('participant.left'), event('chat.ended')]);
    assert.deepEqual(session.told('onConnectionBroken'), []);
    assert.deepEqual(page.errors, []);
  });
});

test('chatjs: the demo flow answers and says goodbye', async (t) => {
  t.after(() => scene.clear());
  const { parley } = scene;
  const page = await scene.page();
  const started = await startChat(parley, { ContactFlowId: parley.demoFlow, InitialMessage: { ContentType: 'text/plain', Content: 'Is anybody there?' } });
  const session = await page.session(started);
  await session.connect();
  await session.message('Content', 'Is anybody there?');
  await session.on('onMessage', (item) => item.ParticipantRole === 'SYSTEM' && item.Content.includes('Is anybody there?'));
  const answers = () => session.told('onMessage').filter((item) => item.ParticipantRole === 'SYSTEM').length;
  for (let n = 1; n <= 10; n++) {
    const before = answers();
    await session.say(`message ${n}`);
    await session.events.atLeast(before + 1, (e) => e.handler === 'onMessage' && e.data.ParticipantRole === 'SYSTEM', `answer ${n}`);
  }
  await session.on('onEnded');
});

test('two chats in one page receive their own items only', async (t) => {
  t.after(() => scene.clear());
  const { parley } = scene;
  const page = await scene.page();
  const chats = [await startChat(parley), await startChat(parley)];
  const [one, two] = [await page.session(chats[0]), await page.session(chats[1])];
  await one.connect();
  await two.connect();
  await one.say('to the first');
  await two.say('to the second');
  await one.message('Content', 'to the first');
  await two.message('Content', 'to the second');
  for (const [session, { ContactId }] of [[one, chats[0]], [two, chats[1]]]) {
    assert.ok(session.told('onMessage').every((item) => item.ContactId === ContactId));
  }
});

test('chatjs: a chat that is stopped ends for the customer', async (t) => {
  t.after(() => scene.clear());
  const { parley } = scene;
  const page = await scene.page();
  const started = await startChat(parley);
  const session = await page.session(started);
  await session.connect();
  await parley.connect.send(new StopContactCommand({ InstanceId: parley.instance, ContactId: started.ContactId }));
  await session.on('onEnded');
});

test('a persistent chat is notified of its past and pages into it', async (t) => {
  t.after(() => scene.clear());
  const { parley } = scene;
  const { started: past, customer } = await startConnected(parley);
  const { Id: old } = await customer.say('said the last time');
  await customer.leave();
  const page = await scene.page();
  const started = await startChat(parley, { PersistentChat: { RehydrationType: 'FROM_SEGMENT', SourceContactId: past.ContactId } });
  assert.equal(started.ContinuedFromContactId, past.ContactId);
  const session = await page.session(started);
  await session.connect();
  await session.on('onChatRehydrated');
  const seen = [];
  let nextToken;
  do {
    const part = await session.transcript({ maxResults: 5, nextToken });
    seen.unshift(...part.Transcript);
    nextToken = part.NextToken;
  } while (nextToken);
  const item = seen.find((i) => i.Id === old);
  assert.deepEqual([item.RelatedContactId, item.ContactId], [past.ContactId, undefined]);
  assert.ok(seen.some((i) => i.RelatedContactId && i.ContentType === event('chat.ended')));
  assert.ok(seen.some((i) => i.ContactId === started.ContactId));
});
