// Ends of chats, idle participants and errors.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { UpdateParticipantRoleConfigCommand } from '@aws-sdk/client-connect';
import { GetAttachmentCommand } from '@aws-sdk/client-connectparticipant';
import { addBot, connectParticipant, event, failure, startChat } from './lib/chat.mjs';
import { Socket } from './lib/socket.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
afterEach(() => scene.clear());
after(() => scene?.stop());

/** A customer connected by ChatJS, and a bot. */
async function conversation() {
  const page = await scene.page();
  const started = await startChat(scene.parley);
  const session = await page.session(started);
  await session.connect();
  const bot = await addBot(scene.parley, started.ContactId);
  return { page, started, session, bot };
}

const text = (message) => ({ message, contentType: 'text/plain' });

test('the customer ends the chat: left, chat.ended, a clean close, and no reconnect', async () => {
  const { page, started, session } = await conversation();
  scene.proxy.clear();
  await session.do('disconnectParticipant');
  await session.on('onEnded');
  const told = session.told('onMessage');
  const left = told.findIndex((item) => item.ContentType === event('participant.left') && item.ParticipantRole === 'CUSTOMER');
  const ended = told.findIndex((item) => item.ContentType === event('chat.ended'));
  assert.ok(left >= 0 && ended > left);
  assert.equal(told[left].ParticipantId, started.ParticipantId);
  const socket = await scene.proxy.sockets.first((s) => s.event === 'closed', 'end of the socket');
  assert.equal(socket.closeCode, 1000);
  await page.settled();
  assert.equal(scene.proxy.calls('/participant/connection').length, 0);
  assert.deepEqual(session.told('onConnectionBroken'), []);
});

test('chat.ended has no participant', async () => {
  const { session, bot } = await conversation();
  await session.do('disconnectParticipant');
  const ended = await session.message('ContentType', event('chat.ended'));
  for (const member of ['ParticipantId', 'DisplayName', 'ParticipantRole']) assert.equal(ended[member], undefined, member);
  assert.ok(ended.Id && ended.AbsoluteTime && ended.ContactId && ended.InitialContactId);
  assert.equal((await failure(bot.say('too late'))).name, 'AccessDeniedException');
});

test('every call after the end is 403 AccessDeniedException', async () => {
  const { started, session, bot } = await conversation();
  const customer = await connectParticipant(scene.parley, started.ParticipantId, started.ParticipantToken, { Type: ['CONNECTION_CREDENTIALS'] });
  const { Id } = await bot.say('hello');
  await session.do('disconnectParticipant');
  const calls = {
    SendMessage: () => customer.say('hello?'),
    SendEvent: () => customer.signal('typing'),
    'a late receipt': () => customer.receipt('read', Id),
    GetTranscript: () => customer.transcript(),
    DisconnectParticipant: () => customer.leave(),
    GetAttachment: () => scene.parley.participant.send(new GetAttachmentCommand({ ConnectionToken: customer.token, AttachmentId: 'x' })),
    CreateParticipantConnection: () => connectParticipant(scene.parley, started.ParticipantId, started.ParticipantToken),
  };
  for (const [name, call] of Object.entries(calls)) {
    const error = await failure(call());
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], ['AccessDeniedException', 403], name);
  }
});

test('an idle customer is notified and returns with a message; the other side is disconnected when the time is up', async () => {
  const { parley } = scene;
  const page = await scene.page();
  const started = await startChat(parley);
  const session = await page.session(started);
  await session.connect();
  // The timers count from the moment at which the other side joins.
  await parley.connect.send(new UpdateParticipantRoleConfigCommand({
    InstanceId: parley.instance, ContactId: started.ContactId,
    ChannelConfiguration: { Chat: { ParticipantTimerConfigList: [
      { ParticipantRole: 'CUSTOMER', TimerType: 'IDLE', TimerValue: { ParticipantTimerDurationInMinutes: 2 } },
      { ParticipantRole: 'CUSTOMER', TimerType: 'DISCONNECT_NONCUSTOMER', TimerValue: { ParticipantTimerDurationInMinutes: 3 } },
    ] } },
  }));
  const bot = await addBot(parley, started.ContactId);
  await parley.advance('2m1s');
  const idle = await session.on('onParticipantIdle');
  assert.deepEqual([idle.ParticipantId, idle.ParticipantRole, idle.ContentType], [started.ParticipantId, 'CUSTOMER', event('participant.idle')]);
  await session.say('still here');
  const returned = await session.on('onParticipantReturned');
  assert.equal(returned.ParticipantId, started.ParticipantId);
  await parley.advance('2m1s');
  await session.events.atLeast(2, (e) => e.handler === 'onParticipantIdle', 'onParticipantIdle again');
  await parley.advance('3m1s');
  await session.on('onAutoDisconnection');
  await session.on('onMessage', (item) => item.ContentType === event('participant.left') && item.ParticipantId === bot.id);
  const order = session.events.all((e) => e.handler === 'onAutoDisconnection' || e.data?.ContentType === event('participant.left')).map((e) => e.handler);
  assert.deepEqual(order, ['onAutoDisconnection', 'onMessage']);
});

/** What the model says each exception's status is. */
const exceptions = {
  AccessDeniedException: 403, ValidationException: 400, ThrottlingException: 429, ConflictException: 409,
  ServiceQuotaExceededException: 402, ResourceNotFoundException: 404, InternalServerException: 500,
};

test('each exception of the model can be read across origins under its name', async () => {
  const { session } = await conversation();
  for (const [Code, Status] of Object.entries(exceptions)) {
    scene.proxy.clear();
    await scene.parley.faults({ Operation: 'SendMessage', Status, Code });
    const error = await session.refused('sendMessage', text('hello'));
    assert.deepEqual([error.type, error.statusCode], [Code, Status]);
    const call = scene.proxy.calls('/participant/message').at(-1);
    assert.equal(call.status, Status);
    assert.equal(call.answerHeaders['x-amzn-errortype'], Code);
    assert.equal(call.answerHeaders['content-type'], 'application/json');
    assert.ok(call.answerHeaders['x-amzn-requestid']);
    const body = JSON.parse(call.answer);
    assert.equal(body.__type, Code);
    assert.ok(body.Message && body.Message === body.message);
  }
});

test('a 429 is retried three times and then reported', async () => {
  const { session } = await conversation();
  await scene.parley.faults({ Operation: 'SendMessage', Status: 429 });
  const error = await session.refused('sendMessage', text('hello'));
  assert.deepEqual([error.type, error.statusCode], ['ThrottlingException', 429]);
  const bodies = scene.proxy.calls('/participant/message').map((call) => call.body);
  assert.equal(bodies.length, 3);
  assert.equal(new Set(bodies).size, 1, 'one ClientToken');
});

test('a request whose answer is lost in a 500 is retried, and the message is stored once', async () => {
  const { started, session, bot } = await conversation();
  const twin = await connectParticipant(scene.parley, started.ParticipantId, started.ParticipantToken);
  const socket = await Socket.subscribed(twin.url);
  for (const forward of [false, true]) { // the server fails before its work, and after it
    scene.proxy.clear();
    scene.proxy.intercept = async ({ method, path }) => {
      if (method !== 'POST' || path !== '/participant/message') return undefined;
      scene.proxy.intercept = async () => undefined;
      return {
        forward, status: 500, body: '{"message":"out of order"}',
        headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*', 'x-amzn-errortype': 'InternalServerException' },
      };
    };
    const { Id } = await session.say(`once ${forward}`);
    assert.deepEqual(scene.proxy.calls('/participant/message').map((call) => call.status), [500, 200]);
    const { Transcript } = await bot.transcript();
    assert.deepEqual(Transcript.filter((item) => item.Content === `once ${forward}`).map((item) => item.Id), [Id]);
    await socket.item((item) => item.Id === Id, 'echo');
    await socket.ping();
    assert.equal(socket.items.all((item) => item.Content === `once ${forward}`).length, 1);
  }
  await socket.close();
});
