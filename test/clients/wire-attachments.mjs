// Files, as ChatJS sends and receives them.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { GetAttachmentCommand, StartAttachmentUploadCommand } from '@aws-sdk/client-connectparticipant';
import { addBot, connectParticipant, failure, startChat, startConnected } from './lib/chat.mjs';
import { Socket } from './lib/socket.mjs';
import { stage } from './lib/stage.mjs';

let scene;
before(async () => { scene = await stage(); });
afterEach(() => scene.clear());
after(() => scene?.stop());

const csv = { name: 'order.csv', type: 'text/csv', base64: Buffer.from('flower,count\nrose,12\n').toString('base64') };

/** A customer connected by ChatJS in a new page. */
async function customer() {
  const page = await scene.page();
  const started = await startChat(scene.parley);
  const session = await page.session(started);
  await session.connect();
  return { page, started, session };
}

const upload = (token, input) => new StartAttachmentUploadCommand({
  ConnectionToken: token, ContentType: 'text/csv', AttachmentName: 'order.csv', AttachmentSizeInBytes: 21, ...input,
});

test('a file is uploaded in three steps, the PUT with HeadersToInclude, and everybody receives it', async () => {
  const { started, session } = await customer();
  const twin = await connectParticipant(scene.parley, started.ParticipantId, started.ParticipantToken);
  const socket = await Socket.subscribed(twin.url);
  const { error } = await session.attach(csv);
  assert.equal(error, undefined);

  const [begun] = scene.proxy.calls('/participant/start-attachment-upload');
  const { AttachmentId, UploadMetadata } = JSON.parse(begun.answer);
  assert.match(UploadMetadata.UrlExpiry, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const [put] = scene.proxy.requests.all((r) => r.method === 'PUT');
  assert.equal(put.status, 200);
  for (const [name, value] of Object.entries(UploadMetadata.HeadersToInclude)) assert.equal(put.headers[name.toLowerCase()], value, name);
  const [complete] = scene.proxy.calls('/participant/complete-attachment-upload');
  assert.deepEqual([complete.status, complete.answer], [200, '{}']);

  const item = await session.message('Type', 'ATTACHMENT');
  assert.deepEqual(item.Attachments, [{ AttachmentId, AttachmentName: 'order.csv', ContentType: 'text/csv', Status: 'APPROVED' }]);
  assert.deepEqual([item.ParticipantId, item.ParticipantRole, item.DisplayName, item.ContactId], [started.ParticipantId, 'CUSTOMER', 'Ana', started.ContactId]);
  assert.equal(item.Content, undefined);
  await socket.item((i) => i.Id === item.Id, 'attachment on another socket');
  const bot = await addBot(scene.parley, started.ContactId);
  assert.ok((await bot.transcript()).Transcript.some((i) => i.Id === item.Id));
  await socket.close();
});

test('after a PUT that fails, completing the upload is 400 and adds no item', async () => {
  const { session } = await customer();
  scene.proxy.intercept = async ({ method }) => method === 'PUT' && {
    status: 403, headers: { 'access-control-allow-origin': '*', 'content-type': 'application/xml' }, body: '<Error><Code>SignatureDoesNotMatch</Code></Error>',
  };
  const { error } = await session.attach(csv);
  assert.equal(error.type, 'ValidationException');
  const [complete] = scene.proxy.calls('/participant/complete-attachment-upload');
  assert.equal(complete.status, 400);
  const { Transcript } = await session.transcript({ maxResults: 100 });
  assert.ok(Transcript.every((item) => item.Type !== 'ATTACHMENT'));
});

test('a file that is too large or of an unsupported type is 400 at the start; the 36th file is 402', async () => {
  const { session } = await customer();
  const disallowed = await session.attach({ ...csv, name: 'run.exe', type: 'application/x-msdownload' });
  assert.deepEqual([disallowed.error.type, disallowed.error.statusCode], ['ValidationException', 400]);
  const { parley } = scene;
  const { customer: talker } = await startConnected(parley);
  const large = await failure(parley.participant.send(upload(talker.token, { AttachmentSizeInBytes: 21 * 1024 * 1024 })));
  assert.deepEqual([large.name, large.$metadata.httpStatusCode], ['ValidationException', 400]);
  for (let i = 0; i < 35; i++) await parley.participant.send(upload(talker.token));
  const many = await failure(parley.participant.send(upload(talker.token)));
  assert.deepEqual([many.name, many.$metadata.httpStatusCode], ['ServiceQuotaExceededException', 402]);
});

test('a file is downloaded across origins unchanged; its URL expires after UrlExpiryInSeconds', async () => {
  const { page, started, session } = await customer();
  const file = { name: 'bytes.png', type: 'image/png', base64: Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) % 251)).toString('base64') };
  await session.attach(file);
  const item = await session.message('Type', 'ATTACHMENT');
  const [{ AttachmentId }] = item.Attachments;
  const { base64 } = await session.do('downloadAttachment', { attachmentId: AttachmentId });
  assert.equal(base64, file.base64);

  const talker = await connectParticipant(scene.parley, started.ParticipantId, started.ParticipantToken, { Type: ['CONNECTION_CREDENTIALS'] });
  const { Url, UrlExpiry } = await scene.parley.participant.send(new GetAttachmentCommand({ ConnectionToken: talker.token, AttachmentId, UrlExpiryInSeconds: 5 }));
  assert.ok(Date.parse(UrlExpiry));
  const status = () => page.tab.evaluate((url) => fetch(url).then((answer) => answer.status), Url);
  assert.equal(await status(), 200);
  await scene.parley.advance('6s');
  assert.equal(await status(), 403);
});

test('AttachmentSizeInBytes is a JSON number', async () => {
  const { session } = await customer();
  await session.attach(csv);
  const item = await session.message('Type', 'ATTACHMENT');
  await session.do('getAttachmentURL', { attachmentId: item.Attachments[0].AttachmentId });
  const [call] = scene.proxy.calls('/participant/attachment');
  assert.equal(JSON.parse(call.answer).AttachmentSizeInBytes, 21);
});
