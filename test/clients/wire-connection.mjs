// How a customer's ChatJS connects.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { DescribeContactCommand } from '@aws-sdk/client-connect';
import { connectParticipant, event, failure, startChat } from './lib/chat.mjs';
import { until } from './lib/journal.mjs';
import { Socket, subscribeFrame } from './lib/socket.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
afterEach(() => scene.clear());
after(() => scene?.stop());

const connection = '/participant/connection';
const bothTypes = { Type: ['WEBSOCKET', 'CONNECTION_CREDENTIALS'] };

/** The header names that a browser asks permission for before ChatJS's requests. */
const chatjsHeaders = ['authorization', 'content-type', 'x-amz-bearer', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-user-agent'];

/** Starts a chat and makes a session for it in a new page. */
async function customer(options) {
  const page = await scene.page(options);
  const started = await startChat(scene.parley);
  scene.proxy.requests.entries.length = 0;
  return { page, started, session: await page.session(started) };
}

test('connect makes one CreateParticipantConnection with the participant token and both types', async () => {
  const { page, started, session } = await customer();
  const result = await session.connect();
  assert.equal(result.connectSuccess, true);
  const calls = scene.proxy.calls(connection);
  assert.equal(calls.length, 1);
  assert.equal(calls[0].headers['x-amz-bearer'], started.ParticipantToken);
  assert.deepEqual(JSON.parse(calls[0].body), bothTypes);
  const answer = JSON.parse(calls[0].answer);
  assert.ok(answer.Websocket.ConnectionExpiry && answer.ConnectionCredentials.ConnectionToken.length <= 1000);
});

test('one WebSocket is opened; its first frames are subscribe, ping and heartbeat', async () => {
  const { page, session } = await customer();
  await session.connect();
  const sent = await page.frames.atLeast(3, (f) => f.sent, 'frames sent');
  assert.deepEqual(sent.slice(0, 3).map((f) => f.text), [subscribeFrame, '{"topic":"aws/ping"}', '{"topic":"aws/heartbeat"}']);
  assert.equal(page.sockets.entries.length, 1);
});

test('onConnectionEstablished fires once before and once after the socket is open', async () => {
  const { page, session } = await customer();
  const release = scene.proxy.holdSockets();
  await session.do('connect');
  await session.on('onConnectionEstablished');
  assert.equal(session.told('onConnectionEstablished').length, 1);
  release();
  await session.events.atLeast(2, (e) => e.handler === 'onConnectionEstablished', 'second onConnectionEstablished');
  await session.message('ContentType', event('participant.joined'));
  assert.equal(session.told('onConnectionEstablished').length, 2);
});

test('GetTranscript works while the socket is not open yet', async () => {
  const { page, session } = await customer();
  const release = scene.proxy.holdSockets();
  await session.do('connect');
  await session.on('onConnectionEstablished');
  const { Transcript, InitialContactId } = await session.transcript({ maxResults: 15 });
  assert.ok(Array.isArray(Transcript) && InitialContactId);
  assert.deepEqual(page.frames.all((f) => !f.sent), []);
  release();
  await session.message('ContentType', event('participant.joined'));
});

test('the preflight allows what ChatJS sends, and the real request passes', async () => {
  const { page, session } = await customer();
  await session.connect();
  const [preflight] = scene.proxy.requests.all((r) => r.method === 'OPTIONS' && r.path === connection);
  const asked = preflight.headers['access-control-request-headers'].split(',').map((name) => name.trim());
  assert.deepEqual(asked.sort(), chatjsHeaders);
  assert.ok(preflight.status >= 200 && preflight.status < 300);
  const allowed = preflight.answerHeaders['access-control-allow-headers'].split(',').map((name) => name.trim());
  for (const name of chatjsHeaders) assert.ok(allowed.includes(name), name);
  assert.ok(Number(preflight.answerHeaders['access-control-max-age']) >= 600);
  const [real] = scene.proxy.calls(connection);
  assert.equal(real.status, 200);
  assert.ok(['*', scene.browser.origin].includes(real.answerHeaders['access-control-allow-origin']));
  const exposed = real.answerHeaders['access-control-expose-headers'];
  for (const name of ['x-amzn-errortype', 'x-amzn-requestid', 'retry-after', 'x-amz-retry-after']) assert.ok(exposed.includes(name), name);
});

test('a meaningless Authorization header is ignored', async () => {
  const { parley } = scene;
  const { ParticipantToken } = await startChat(parley);
  for (const authorization of ['nonsense', 'AWS4-HMAC-SHA256 Credential=/20260101/us-west-2/execute-api/aws4_request, SignedHeaders=host, Signature=0']) {
    const answer = await parley.raw(connection, ParticipantToken, bothTypes, { authorization });
    assert.equal(answer.status, 200);
  }
});

test('the path of an endpoint is kept in all calls', async () => {
  const page = await scene.page();
  await page.configure({ endpoint: `${scene.proxy.address}/base/` });
  const started = await startChat(scene.parley);
  scene.proxy.requests.entries.length = 0;
  const session = await page.session(started);
  await session.connect();
  await session.say('hello');
  await session.transcript();
  const paths = scene.proxy.requests.all((r) => r.method === 'POST').map((r) => r.path);
  assert.deepEqual([...new Set(paths)].sort(), ['/base/participant/connection', '/base/participant/message', '/base/participant/transcript']);
});

test('an unknown participant token is 403 AccessDeniedException, and connect rejects with it', async () => {
  const { page, started } = await customer();
  const session = await page.session({ ...started, ParticipantToken: 'unknown' });
  const error = await session.refused('connect');
  assert.equal(error._debug._debug.statusCode, 403);
  assert.equal(error._debug._debug.type, 'AccessDeniedException');
  const [call] = scene.proxy.calls(connection);
  assert.equal(call.status, 403);
  assert.match(call.answerHeaders['x-amzn-errortype'], /^AccessDeniedException/);
});

test('a call without a bearer is 403 and JSON', async () => {
  for (const path of [connection, '/participant/message', '/participant/transcript']) {
    const answer = await scene.parley.raw(path, undefined, { ...bothTypes, ContentType: 'text/plain', Content: 'x' });
    assert.equal(answer.status, 403, path);
    assert.equal(answer.headers.get('x-amzn-errortype'), 'AccessDeniedException');
    assert.equal((await answer.json()).Message, 'Access denied');
  }
});

test('expiries are dates for which ChatJS does not renew anything for ten minutes', async () => {
  const { page, session } = await customer({ clock: true });
  await session.connect();
  const answer = JSON.parse(scene.proxy.calls(connection)[0].answer);
  for (const expiry of [answer.Websocket.ConnectionExpiry, answer.ConnectionCredentials.Expiry]) {
    const ahead = Date.parse(expiry) - Date.now();
    assert.ok(ahead > 60_000 && ahead < 24 * 86_400_000, expiry);
  }
  await page.idle(60);
  assert.ok(scene.proxy.calls(connection).length <= 2);
});

test('two connections of one participant are independent', async () => {
  const { parley } = scene;
  const { ParticipantId, ParticipantToken } = await startChat(parley);
  const one = await connectParticipant(parley, ParticipantId, ParticipantToken);
  const two = await connectParticipant(parley, ParticipantId, ParticipantToken);
  assert.notEqual(one.url, two.url);
  assert.notEqual(one.token, two.token);
  const sockets = [await Socket.subscribed(one.url), await Socket.subscribed(two.url)];
  for (const [participant, text] of [[one, 'by the first token'], [two, 'by the second token']]) {
    const { Id } = await participant.say(text);
    for (const socket of sockets) await socket.item((item) => item.Id === Id, text);
  }
  assert.ok(sockets[0].open);
  await Promise.all(sockets.map((socket) => socket.close()));
});

test('a WebSocket URL works for 90 seconds, and twice', async () => {
  const { parley } = scene;
  const { ParticipantId, ParticipantToken } = await startChat(parley);
  const { url } = await connectParticipant(parley, ParticipantId, ParticipantToken);
  await parley.advance('90s');
  const sockets = [await Socket.subscribed(url), await Socket.subscribed(url)];
  await parley.advance('30s');
  await failure(Socket.open(url).then(async (socket) => { await socket.ping(); }));
  await Promise.all(sockets.map((socket) => socket.close()));
});

test('a reloaded page connects with the stored token and has the whole transcript', async () => {
  const { page, started, session } = await customer();
  await session.connect();
  const { Id } = await session.say('before the reload');
  await page.close();
  const reloaded = await scene.page();
  const again = await reloaded.session(started);
  await again.connect();
  const { Transcript } = await again.transcript({ maxResults: 100 });
  assert.equal(Transcript[0].ContentType, event('participant.joined'));
  assert.ok(Transcript.some((item) => item.Id === Id));
  assert.equal(Transcript.filter((item) => item.ContentType === event('participant.joined')).length, 1, 'joined once');
});

test('ConnectParticipant without Type is 200, and starts the flow', async () => {
  const { parley } = scene;
  const { ParticipantId, ParticipantToken } = await startChat(parley);
  const answer = await parley.raw(connection, ParticipantToken, { ConnectParticipant: true });
  assert.equal(answer.status, 200);
  assert.equal(typeof await answer.json(), 'object');
  const reader = await connectParticipant(parley, ParticipantId, ParticipantToken, { Type: ['CONNECTION_CREDENTIALS'] });
  assert.equal((await reader.transcript()).Transcript.length, 3);
});

test('if nobody connects within five minutes the contact ends, and connecting is refused', async () => {
  const { parley } = scene;
  const started = await startChat(parley);
  await parley.advance('5m1s');
  const Contact = await until('the contact ends', async () => {
    const { Contact: c } = await parley.connect.send(new DescribeContactCommand({ InstanceId: parley.instance, ContactId: started.ContactId }));
    return c.DisconnectTimestamp && c;
  });
  assert.equal(Contact.DisconnectReason, 'CUSTOMER_CONNECTION_NOT_ESTABLISHED');
  const page = await scene.page();
  const session = await page.session(started);
  const error = await session.refused('connect');
  assert.equal(error._debug._debug.statusCode, 403);
});
