// Receipts: who has received and read which message.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { addBot, connectParticipant, event, failure, startChat } from './lib/chat.mjs';
import { Socket } from './lib/socket.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
afterEach(() => scene.clear());
after(() => scene?.stop());

/** A customer connected by ChatJS, and a bot. */
async function conversation(options) {
  const page = await scene.page(options);
  const started = await startChat(scene.parley);
  const session = await page.session(started);
  await session.connect();
  const bot = await addBot(scene.parley, started.ContactId);
  return { page, started, session, bot };
}

/** The receipts that stand on a message in the transcript. */
async function receiptsOf(participant, id) {
  const { Transcript } = await participant.transcript();
  return Transcript.find((item) => item.Id === id).MessageMetadata?.Receipts ?? [];
}

const receipt = (name, messageId) => ({ contentType: event(`message.${name}`), content: JSON.stringify({ messageId }) });

test('ChatJS sends delivered receipts with one ClientToken, and each is stored', async () => {
  const { page, session, bot } = await conversation({ clock: true });
  const ids = [];
  for (const text of ['one', 'two']) {
    const { Id } = await bot.say(text);
    await session.message('Id', Id);
    const sent = session.do('sendEvent', receipt('delivered', Id));
    await page.settled();
    await page.pass(5_300);
    await sent;
    ids.push(Id);
  }
  const bodies = scene.proxy.calls('/participant/event').map((call) => JSON.parse(call.body));
  assert.deepEqual(bodies.map((body) => body.ClientToken), ['INCOMING_DELIVERED_RECEIPT', 'INCOMING_DELIVERED_RECEIPT']);
  for (const id of ids) assert.ok((await receiptsOf(bot, id))[0].DeliveredTimestamp);
});

test('a read receipt reaches the author with the time and the reader; the reader receives nothing', async () => {
  const { started, session, bot } = await conversation();
  const { Id } = await session.say('read me');
  await bot.receipt('read', Id);
  const told = await session.on('onReadReceipt');
  assert.equal(told.Type, 'MESSAGEMETADATA');
  assert.equal(told.MessageMetadata.MessageId, Id);
  const [{ ReadTimestamp, RecipientParticipantId }] = told.MessageMetadata.Receipts;
  assert.ok(Date.parse(ReadTimestamp));
  assert.equal(RecipientParticipantId, bot.id);

  const { Id: answer } = await bot.say('I did');
  await session.message('Id', answer);
  await session.do('sendEvent', { ...receipt('read', answer), content: JSON.stringify({ messageId: answer, disableThrottle: true }) });
  const [kept] = await receiptsOf(bot, answer);
  assert.equal(kept.RecipientParticipantId, started.ParticipantId);
  await session.say('after the receipt');
  await session.message('Content', 'after the receipt');
  assert.equal(session.told('onReadReceipt').length, 1);
});

test('delivered, and read later: both are pushed, and the first time stays', async () => {
  const { session, bot } = await conversation();
  const { Id } = await session.say('hello');
  await bot.receipt('delivered', Id);
  const delivered = (await session.on('onDeliveredReceipt')).MessageMetadata.Receipts[0];
  assert.equal(delivered.ReadTimestamp, undefined);
  await scene.parley.advance('1m');
  await bot.receipt('read', Id);
  const read = (await session.on('onReadReceipt')).MessageMetadata.Receipts[0];
  assert.equal(read.DeliveredTimestamp, delivered.DeliveredTimestamp);
  assert.ok(Date.parse(read.ReadTimestamp) - Date.parse(read.DeliveredTimestamp) >= 60_000);
  await bot.receipt('read', Id);
  assert.deepEqual(await receiptsOf(bot, Id), [read]);
});

test('read without delivered sets both times', async () => {
  const { session, bot } = await conversation();
  const { Id } = await session.say('hello');
  await bot.receipt('read', Id);
  const [kept] = (await session.on('onReadReceipt')).MessageMetadata.Receipts;
  assert.equal(kept.DeliveredTimestamp, kept.ReadTimestamp);
});

test('the transcript shows receipts on the message', async () => {
  const { session, bot } = await conversation();
  const { Id } = await session.say('hello');
  await bot.receipt('read', Id);
  const { Transcript } = await session.transcript({ maxResults: 100 });
  const { MessageMetadata } = Transcript.find((item) => item.Id === Id);
  assert.equal(MessageMetadata.MessageId, Id);
  assert.deepEqual(Object.keys(MessageMetadata.Receipts[0]).sort(), ['DeliveredTimestamp', 'ReadTimestamp', 'RecipientParticipantId']);
});

test('a receipt without a messageId, or for an unknown message, is 400', async () => {
  const { parley } = scene;
  const started = await startChat(parley);
  const customer = await connectParticipant(parley, started.ParticipantId, started.ParticipantToken);
  const socket = await Socket.subscribed(customer.url);
  for (const content of [undefined, '', '{}', 'no JSON', '{"messageId":7}', JSON.stringify({ messageId: 'unknown' })]) {
    const error = await failure(customer.signal('message.delivered', content));
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], ['ValidationException', 400], String(content));
  }
  await socket.close();
});
