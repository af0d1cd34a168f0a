// Messages and the transcript.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { addBot, connectParticipant, event, failure, startChat, startConnected } from './lib/chat.mjs';
import { Parley } from './lib/parley.mjs';
import { Socket } from './lib/socket.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
afterEach(() => scene.clear());
after(() => scene?.stop());

/** A customer connected by ChatJS in a new page. */
async function customer(options, input) {
  const page = await scene.page(options);
  const started = await startChat(scene.parley, input);
  const session = await page.session(started);
  await session.connect();
  return { page, started, session };
}

/** A customer without ChatJS whose socket is subscribed. */
async function listener(parley = scene.parley, input) {
  const started = await startChat(parley, input);
  const talker = await connectParticipant(parley, started.ParticipantId, started.ParticipantToken);
  const socket = await Socket.subscribed(talker.url);
  await socket.items.atLeast(3, () => true, 'items of the beginning');
  return { started, talker, socket };
}

const contentTypeOf = (name) => `application/vnd.amazonaws.connect.message.${name}`;

test('sendMessage returns strings, and the echo has the same Id', async () => {
  const { session } = await customer();
  const answer = await session.say('hello');
  assert.deepEqual([typeof answer.Id, typeof answer.AbsoluteTime], ['string', 'string']);
  const echo = await session.message('Id', answer.Id);
  assert.equal(echo.AbsoluteTime, answer.AbsoluteTime);
});

test('the echo names its author, both contacts, and the time in milliseconds', async () => {
  const { started, session } = await customer();
  const { Id } = await session.say('hello');
  const echo = await session.message('Id', Id);
  assert.deepEqual([echo.ParticipantId, echo.DisplayName, echo.ParticipantRole], [started.ParticipantId, 'Ana', 'CUSTOMER']);
  assert.deepEqual([echo.ContactId, echo.InitialContactId, echo.Type], [started.ContactId, started.ContactId, 'MESSAGE']);
  assert.match(echo.AbsoluteTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('the same ClientToken twice: one Id, one item, one frame', async () => {
  const { talker, socket } = await listener();
  const one = await talker.say('once', { ClientToken: 'token' });
  const two = await talker.say('once', { ClientToken: 'token' });
  assert.equal(two.Id, one.Id);
  await socket.item((item) => item.Id === one.Id, 'echo');
  await socket.ping();
  assert.equal(socket.items.all((item) => item.Content === 'once').length, 1);
  assert.equal((await talker.transcript()).Transcript.filter((item) => item.Content === 'once').length, 1);
  await socket.close();
});

test('text at its limits, emoji and right-to-left text', async () => {
  const { session } = await customer();
  const { talker, socket } = await listener();
  for (const text of ['👩‍👩‍👧‍👦 🇩🇪 é', 'שלום עולם', 'مرحبا', '<b>&amp;</b> \u2028 "quoted" \\', 'x'.repeat(16_384)]) {
    const { Id } = await session.say(text);
    assert.equal((await session.message('Id', Id)).Content, text);
    const sent = await talker.say(text);
    assert.equal((await socket.item((item) => item.Id === sent.Id, 'echo')).Content, text);
    assert.equal((await talker.transcript()).Transcript.at(-1).Content, text);
  }
  assert.equal((await failure(talker.say('x'.repeat(16_385)))).name, 'ValidationException');
  assert.equal((await failure(talker.say('ü'.repeat(8_193)))).name, 'ValidationException');
  assert.equal((await failure(talker.say(''))).name, 'ValidationException');
  await socket.close();
});

test('with --strict-text 1,024 characters are the limit', async () => {
  const strict = await Parley.dev('--strict-text');
  try {
    const { customer: talker } = await startConnected(strict);
    await talker.say('ü'.repeat(1024));
    const error = await failure(talker.say('x'.repeat(1025)));
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], ['ValidationException', 400]);
  } finally {
    await strict.stop();
  }
});

test('markdown requires SupportedMessagingContentTypes', async () => {
  const { session } = await customer();
  const refusal = await session.refused('sendMessage', { message: '*hi*', contentType: 'text/markdown' });
  assert.deepEqual([refusal.type, refusal.statusCode], ['ValidationException', 400]);
  const { session: rich } = await customer({}, { SupportedMessagingContentTypes: ['text/plain', 'text/markdown'] });
  const { Id } = await rich.say('*hi*', 'text/markdown');
  assert.equal((await rich.message('Id', Id)).ContentType, 'text/markdown');
});

test('the other side’s typing is received and not stored; the customer’s is sent once in ten seconds', async () => {
  const { page, started, session } = await customer({ clock: true });
  const bot = await addBot(scene.parley, started.ContactId);
  await bot.signal('typing');
  const typing = await session.on('onTyping');
  assert.deepEqual([typing.ParticipantId, typing.ParticipantRole, typing.DisplayName], [bot.id, 'CUSTOM_BOT', 'Robot']);
  for (let i = 0; i < 5; i++) {
    await session.do('sendEvent', { contentType: event('typing') });
    await page.pass(1_500);
  }
  assert.equal(scene.proxy.calls('/participant/event').length, 1);
  const { Transcript } = await session.transcript({ maxResults: 100 });
  assert.ok(Transcript.every((item) => item.ContentType !== event('typing')));
  assert.deepEqual(session.told('onTyping').length, 1, 'its own typing does not come back');
});

test('forty items come in pages of 15, the newest first, each page ascending', async () => {
  const { started, session } = await customer();
  const bot = await addBot(scene.parley, started.ContactId);
  for (let i = (await bot.transcript()).Transcript.length; i < 40; i++) await bot.say(`item ${i}`);
  const { Transcript: whole } = await bot.transcript();
  assert.equal(whole.length, 40);
  const first = await session.transcript();
  assert.deepEqual(first.Transcript.map((i) => i.Id), whole.slice(25).map((i) => i.Id));
  const second = await session.transcript({ nextToken: first.NextToken });
  assert.deepEqual(second.Transcript.map((i) => i.Id), whole.slice(10, 25).map((i) => i.Id));
  const third = await session.transcript({ nextToken: second.NextToken });
  assert.deepEqual(third.Transcript.map((i) => i.Id), whole.slice(0, 10).map((i) => i.Id));
  assert.ok(!third.NextToken);
});

test('an empty StartPosition counts as none; Id, AbsoluteTime and MostRecent work', async () => {
  const { started, session } = await customer();
  const bot = await addBot(scene.parley, started.ContactId);
  for (let i = 0; i < 10; i++) await bot.say(`item ${i}`);
  const { Transcript: whole } = await bot.transcript();
  const page = async (startPosition, scanDirection = 'FORWARD') =>
    (await session.transcript({ startPosition, scanDirection, maxResults: 100 })).Transcript.map((item) => item.Id);
  const ids = whole.map((item) => item.Id);
  assert.deepEqual(await page({}, 'BACKWARD'), ids);
  assert.deepEqual(await page({ id: ids[5] }), ids.slice(5));
  assert.deepEqual(await page({ id: ids[5] }, 'BACKWARD'), ids.slice(0, 6));
  assert.deepEqual(await page({ absoluteTime: whole[7].AbsoluteTime }), ids.slice(7));
  assert.deepEqual(await page({ mostRecent: 5 }), ids.slice(-5));
});

test('FORWARD without a start position is refused, as observed on the service', async () => {
  const { session } = await customer();
  const error = await session.refused('getTranscript', { scanDirection: 'FORWARD' });
  assert.deepEqual([error.type, error.statusCode], ['ValidationException', 400]);
});

test('SortOrder DESCENDING reverses the page', async () => {
  const { session } = await customer();
  const up = (await session.transcript({ sortOrder: 'ASCENDING' })).Transcript.map((item) => item.Id);
  const down = (await session.transcript({ sortOrder: 'DESCENDING' })).Transcript.map((item) => item.Id);
  assert.deepEqual(down, up.reverse());
});

test('the transcript stores who joined and left, but neither typing nor receipts', async () => {
  const { started, session } = await customer();
  const bot = await addBot(scene.parley, started.ContactId);
  const { Id } = await session.say('hello');
  await bot.signal('typing');
  await bot.receipt('read', Id);
  await bot.leave();
  await session.on('onMessage', (item) => item.ContentType === event('participant.left') && item.ParticipantId === bot.id);
  const { Transcript } = await session.transcript({ maxResults: 100 });
  assert.deepEqual(Transcript.map((item) => item.ContentType), [
    event('participant.joined'), 'text/plain', 'text/plain', event('participant.joined'), 'text/plain', event('participant.left'),
  ]);
  assert.ok(Transcript.every((item) => ['MESSAGE', 'EVENT'].includes(item.Type)));
});

test('the message of a click on “show more” is accepted', async () => {
  const interactive = { SupportedMessagingContentTypes: ['text/plain', contentTypeOf('interactive'), contentTypeOf('interactive.response')] };
  const { session } = await customer({}, interactive);
  const click = JSON.stringify({
    version: '1.0', action: 'SHOW_MORE',
    data: { actionName: 'SHOW_MORE', preIndex: 0, nextIndex: 6, listId: 'flowers', templateType: 'ListPicker', referenceId: 'r1' },
  });
  const { Id } = await session.say(click, contentTypeOf('interactive.response'));
  const echo = await session.message('Id', Id);
  assert.deepEqual([echo.ContentType, echo.Content], [contentTypeOf('interactive.response'), click]);
});

test('a carousel’s choice, JSON in plain text, is stored unchanged', async () => {
  const { session } = await customer();
  const choice = '{"templateIdentifier":"t1", "listTitle":"Flowers",\n "selectionText":"Rose"}';
  const { Id } = await session.say(choice);
  assert.equal((await session.message('Id', Id)).Content, choice);
  assert.equal((await session.transcript()).Transcript.at(-1).Content, choice);
});

test('DescribeView with an unknown token, percent-encoded, is 404 ResourceNotFoundException', async () => {
  const { session } = await customer();
  scene.proxy.clear();
  const error = await session.refused('describeView', { viewToken: 'QVFJ+b/c==' });
  assert.deepEqual([error.type, error.statusCode], ['ResourceNotFoundException', 404]);
  const [call] = scene.proxy.calls('QVFJ%2Bb%2Fc%3D%3D');
  assert.deepEqual([call.method, call.path], ['GET', '/participant/views/QVFJ%2Bb%2Fc%3D%3D']);
  assert.equal(JSON.parse(call.answer).ResourceId, 'QVFJ+b/c==');
});
