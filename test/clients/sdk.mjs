// A whole chat by the stock AWS SDK for JavaScript, with the socket seen frame
// by frame, and what SDKs do around it: typed errors, retries, paginators.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import * as connect from '@aws-sdk/client-connect';
import * as chat from '@aws-sdk/client-connectparticipant';
import { Participant, addBot, connectParticipant, event, failure, startChat, startConnected } from './lib/chat.mjs';
import { brokenFlow, prompts, quietFlow } from './lib/flows.mjs';
import { Hook } from './lib/hook.mjs';
import { until } from './lib/journal.mjs';
import { Parley, credentials, region } from './lib/parley.mjs';
import { Socket } from './lib/socket.mjs';

let parley;
before(async () => { parley = await Parley.dev(); });
after(() => parley?.stop());

const send = (command) => parley.connect.send(command);

/** Starts a chat and opens the customer's socket, as ChatJS does. */
async function open(input) {
  const started = await startChat(parley, input);
  const customer = await connectParticipant(parley, started.ParticipantId, started.ParticipantToken);
  const socket = await Socket.subscribed(customer.url);
  return { started, customer, socket };
}

test('sdk: a whole chat', async (t) => {
  let { started, customer, socket } = {};
  let bot;
  let sent;
  const about = () => ({ InstanceId: parley.instance, ContactId: started.ContactId });

  await t.test('the flow begins when the socket subscribes', async () => {
    started = await startChat(parley);
    customer = await connectParticipant(parley, started.ParticipantId, started.ParticipantToken);
    assert.match(customer.url, /^ws:\/\/127\.0\.0\.1:\d+\//);
    socket = await Socket.open(customer.url);
    await socket.ping();
    assert.deepEqual((await customer.transcript()).Transcript, []);
    const reply = await socket.subscribe();
    assert.deepEqual(reply, { topic: 'aws/subscribe', content: { status: 'success', topics: ['aws/chat'] } });
    const items = await socket.items.atLeast(3, () => true, 'items of the beginning');
    assert.deepEqual([items[0].ContentType, items[0].ParticipantRole, items[0].ParticipantId], [event('participant.joined'), 'CUSTOMER', started.ParticipantId]);
    assert.deepEqual(items.slice(1).map((item) => item.Content), prompts);
  });

  await t.test('pings and heartbeats are answered', async () => {
    assert.deepEqual(await socket.ping(), { topic: 'aws/ping', statusCode: 200, statusContent: 'OK' });
    socket.send('{"topic":"aws/heartbeat"}');
    await socket.frames.first((f) => f.topic === 'aws/heartbeat', 'heartbeat');
  });

  await t.test('messages go both ways, and come back to their sender under the same Id', async () => {
    bot = await addBot(parley, started.ContactId);
    sent = await customer.say('Red roses, please 🌹');
    const echo = await socket.item((item) => item.Id === sent.Id, 'echo');
    assert.deepEqual(echo, {
      AbsoluteTime: sent.AbsoluteTime, Content: 'Red roses, please 🌹', ContentType: 'text/plain', Id: sent.Id, Type: 'MESSAGE',
      ParticipantId: started.ParticipantId, DisplayName: 'Ana', ParticipantRole: 'CUSTOMER', InitialContactId: started.ContactId, ContactId: started.ContactId,
    });
    const answer = await bot.say('At once.');
    const heard = await socket.item((item) => item.Id === answer.Id, 'answer');
    assert.deepEqual([heard.Content, heard.DisplayName, heard.ParticipantRole], ['At once.', 'Robot', 'CUSTOM_BOT']);
    const frame = socket.frames.all((f) => f.topic === 'aws/chat').at(-1);
    assert.equal(typeof frame.content, 'string');
    assert.equal(frame.contentType, 'application/json');
  });

  await t.test('typing is heard and not kept', async () => {
    await bot.signal('typing');
    const typing = await socket.item((item) => item.ContentType === event('typing'), 'typing');
    assert.deepEqual([typing.ParticipantId, typing.Type], [bot.id, 'EVENT']);
    assert.ok((await customer.transcript()).Transcript.every((item) => item.ContentType !== event('typing')));
  });

  await t.test('receipts reach the author as metadata frames', async () => {
    await bot.receipt('delivered', sent.Id);
    const delivered = await socket.item((item) => item.Type === 'MESSAGEMETADATA', 'delivered receipt');
    assert.equal(delivered.ContentType, event('message.metadata'));
    assert.equal(delivered.MessageMetadata.MessageId, sent.Id);
    assert.deepEqual(Object.keys(delivered.MessageMetadata.Receipts[0]).sort(), ['DeliveredTimestamp', 'RecipientParticipantId']);
    await bot.receipt('read', sent.Id);
    const read = await socket.item((item) => item.MessageMetadata?.Receipts[0].ReadTimestamp, 'read receipt');
    const [receipt] = read.MessageMetadata.Receipts;
    assert.equal(receipt.RecipientParticipantId, bot.id);
    assert.equal(receipt.DeliveredTimestamp, delivered.MessageMetadata.Receipts[0].DeliveredTimestamp);
    const { Transcript } = await customer.transcript();
    assert.deepEqual(Transcript.find((item) => item.Id === sent.Id).MessageMetadata.Receipts, [receipt]);
  });

  await t.test('an attachment goes up and comes down', async () => {
    const bytes = Buffer.from('flower,count\nrose,12\n');
    const begin = { ConnectionToken: customer.token, ContentType: 'text/csv', AttachmentName: 'order.csv', AttachmentSizeInBytes: bytes.length };
    const upload = await parley.participant.send(new chat.StartAttachmentUploadCommand(begin));
    const put = (headers) => fetch(upload.UploadMetadata.Url, { method: 'PUT', body: bytes, headers });
    assert.equal((await put({})).status, 403, 'a PUT without the headers');
    assert.equal((await put(upload.UploadMetadata.HeadersToInclude)).status, 200);
    const complete = new chat.CompleteAttachmentUploadCommand({ ConnectionToken: customer.token, AttachmentIds: [upload.AttachmentId] });
    await parley.participant.send(complete);
    const item = await socket.item((i) => i.Type === 'ATTACHMENT', 'attachment');
    assert.deepEqual(item.Attachments, [{ AttachmentId: upload.AttachmentId, AttachmentName: 'order.csv', ContentType: 'text/csv', Status: 'APPROVED' }]);
    const got = await parley.participant.send(new chat.GetAttachmentCommand({ ConnectionToken: customer.token, AttachmentId: upload.AttachmentId }));
    assert.equal(got.AttachmentSizeInBytes, bytes.length);
    assert.deepEqual(Buffer.from(await (await fetch(got.Url)).arrayBuffer()), bytes);
    const again = new chat.CompleteAttachmentUploadCommand({ ConnectionToken: customer.token, AttachmentIds: [upload.AttachmentId], ClientToken: 'another' });
    assert.ok(await failure(parley.participant.send(again)) instanceof chat.ConflictException);
  });

  await t.test('paginateGetTranscript walks through all of it', async () => {
    const { Transcript: whole } = await customer.transcript();
    const walked = [];
    const paginator = chat.paginateGetTranscript({ client: parley.participant, pageSize: 3 }, { ConnectionToken: customer.token, SortOrder: 'DESCENDING' });
    for await (const page of paginator) walked.push(...page.Transcript);
    assert.deepEqual(walked.reverse(), whole);
    assert.ok(whole.length >= 7);
  });

  await t.test('the contact is described, changed and tagged', async () => {
    const { Contact } = await send(new connect.DescribeContactCommand(about()));
    assert.equal(Contact.Channel, 'CHAT');
    assert.ok(Contact.InitiationTimestamp instanceof Date && Contact.ConnectedToSystemTimestamp instanceof Date);
    await send(new connect.UpdateContactAttributesCommand({ InstanceId: parley.instance, InitialContactId: started.ContactId, Attributes: { mood: 'good' } }));
    const { Attributes } = await send(new connect.GetContactAttributesCommand({ InstanceId: parley.instance, InitialContactId: started.ContactId }));
    assert.equal(Attributes.topic, 'flowers');
    assert.equal(Attributes.mood, 'good');
    await send(new connect.TagContactCommand({ ...about(), Tags: { team: 'garden' } }));
    const { Contact: tagged } = await send(new connect.DescribeContactCommand(about()));
    assert.equal(tagged.Tags.team, 'garden');
  });

  await t.test('the end: left, then chat.ended without a participant', async () => {
    await customer.leave();
    const ended = await socket.item((item) => item.ContentType === event('chat.ended'), 'chat.ended');
    assert.deepEqual([ended.ParticipantId, ended.DisplayName, ended.ParticipantRole], [undefined, undefined, undefined]);
    const [left] = socket.items.all((item) => item.ContentType === event('participant.left') && item.ParticipantRole === 'CUSTOMER');
    assert.ok(socket.items.entries.indexOf(left) < socket.items.entries.indexOf(ended));
    assert.ok(await failure(customer.say('too late')) instanceof chat.AccessDeniedException);
    const { Contact } = await send(new connect.DescribeContactCommand(about()));
    assert.equal(Contact.DisconnectReason, 'CUSTOMER_DISCONNECT');
    await socket.close();
  });
});

test('sdk: StartChatContact replays a ClientToken, SendMessage too', async () => {
  const ClientToken = randomUUID();
  const first = await startChat(parley, { ClientToken });
  const again = await startChat(parley, { ClientToken });
  assert.equal(again.ContactId, first.ContactId);
  assert.equal(again.ParticipantId, first.ParticipantId);
  const customer = await connectParticipant(parley, again.ParticipantId, again.ParticipantToken, { Type: ['CONNECTION_CREDENTIALS'], ConnectParticipant: true });
  const one = await customer.say('once', { ClientToken: 'm1' });
  const two = await customer.say('once', { ClientToken: 'm1' });
  assert.deepEqual([two.Id, two.AbsoluteTime], [one.Id, one.AbsoluteTime]);
  assert.equal((await customer.transcript()).Transcript.filter((item) => item.Content === 'once').length, 1);
});

test('sdk: connect refuses with typed exceptions', async (t) => {
  const { ContactId } = await startChat(parley);
  await send(new connect.StopContactCommand({ InstanceId: parley.instance, ContactId }));
  const nowhere = randomUUID();
  const flow = (more) => new connect.CreateContactFlowCommand({ InstanceId: parley.instance, Name: 'Quiet', Type: 'CONTACT_FLOW', Content: quietFlow, ...more });
  const cases = [
    ['an unknown instance', () => startChat(parley, { InstanceId: nowhere }), connect.ResourceNotFoundException, 404],
    ['an unknown flow', () => startChat(parley, { ContactFlowId: nowhere }), connect.ResourceNotFoundException, 404],
    ['PersistentChat with RelatedContactId', () => startChat(parley, {
      PersistentChat: { RehydrationType: 'FROM_SEGMENT', SourceContactId: ContactId }, RelatedContactId: ContactId,
    }), connect.InvalidRequestException, 400],
    ['an attribute with a space in its name', () => startChat(parley, { Attributes: { 'a b': 'c' } }), [connect.InvalidRequestException, connect.InvalidParameterException], 400],
    ['a duration of 59 minutes', () => startChat(parley, { ChatDurationInMinutes: 59 }), [connect.InvalidRequestException, connect.InvalidParameterException], 400],
    ['stopping an ended contact', () => send(new connect.StopContactCommand({ InstanceId: parley.instance, ContactId })), connect.ContactNotFoundException, 410],
    ['a name that is taken', () => send(flow({})), connect.DuplicateResourceException, 409],
    ['a broken flow', () => send(flow({ Name: 'Broken', Content: brokenFlow })), connect.InvalidContactFlowException, 400],
    ['an agent by CreateParticipant', () => send(new connect.CreateParticipantCommand({
      InstanceId: parley.instance, ContactId, ParticipantDetails: { ParticipantRole: 'AGENT' },
    })), connect.InvalidRequestException, 400],
  ];
  for (const [what, call, types, status] of cases) {
    await t.test(what, async () => {
      const error = await failure(call());
      assert.ok([types].flat().some((type) => error instanceof type), `${error.name}: ${error.message}`);
      assert.equal(error.$metadata.httpStatusCode, status);
      assert.ok(error.message || error.Message || error.problems, 'the message');
      assert.match(error.$metadata.requestId, /^[0-9a-f-]{36}$/);
      if (error instanceof connect.InvalidContactFlowException) assert.ok(error.problems[0].message);
    });
  }
});

test('sdk: the participant service refuses with typed exceptions', async (t) => {
  const { started, customer } = await startConnected(parley);
  const raw = (Command, input) => parley.participant.send(new Command({ ConnectionToken: customer.token, ...input }));
  const cases = [
    ['a forged token', () => new Participant(parley, 'x', 'x', { ConnectionCredentials: { ConnectionToken: 'forged' } }).say('hello'), chat.AccessDeniedException, 403],
    ['the wrong kind of token', () => new Participant(parley, 'x', 'x', { ConnectionCredentials: { ConnectionToken: started.ParticipantToken } }).say('hello'), chat.AccessDeniedException, 403],
    ['an empty message', () => customer.say(''), chat.ValidationException, 400],
    ['16,385 bytes', () => customer.say('x'.repeat(16_385)), chat.ValidationException, 400],
    ['markdown that nobody asked for', () => customer.say('*hi*', { ContentType: 'text/markdown' }), chat.ValidationException, 400],
    ['an event of the service’s own', () => customer.signal('chat.ended'), chat.ValidationException, 400],
    ['a receipt for nothing', () => customer.signal('message.read', '{}'), chat.ValidationException, 400],
    ['FORWARD without a StartPosition', () => customer.transcript({ ScanDirection: 'FORWARD' }), chat.ValidationException, 400],
    ['an unknown view', () => raw(chat.DescribeViewCommand, { ViewToken: 'a+b/c=' }), chat.ResourceNotFoundException, 404],
    ['an attachment of 21 MB', () => raw(chat.StartAttachmentUploadCommand, {
      ContentType: 'text/csv', AttachmentName: 'big.csv', AttachmentSizeInBytes: 21 * 1024 * 1024, ClientToken: 'big',
    }), chat.ValidationException, 400],
    ['WebRTC', () => parley.participant.send(new chat.CreateParticipantConnectionCommand({
      ParticipantToken: started.ParticipantToken, Type: ['WEBRTC_CONNECTION'],
    })), chat.ValidationException, 400],
  ];
  for (const [what, call, type, status] of cases) {
    await t.test(what, async () => {
      const error = await failure(call());
      assert.ok(error instanceof type, `${error.name}: ${error.message}`);
      assert.equal(error.$metadata.httpStatusCode, status);
      assert.ok(error.message || error.Message, 'the message');
    });
  }
});

test('sdk: a 429 is retried and succeeds; three in a row are reported', async () => {
  await parley.faults({ Operation: 'StartChatContact', Status: 429, Code: 'TooManyRequestsException', Count: 1 });
  const started = await startChat(parley);
  assert.ok(started.ContactId);
  assert.equal(started.$metadata.attempts, 2);
  await parley.faults({ Operation: 'StartChatContact', Status: 429, Code: 'TooManyRequestsException', Count: 3 });
  const error = await failure(startChat(parley));
  assert.equal(error.name, 'TooManyRequestsException');
  assert.equal(error.$metadata.attempts, 3);
  await parley.faults();
});

test('sdk: paginators walk through lists', async () => {
  const config = { client: parley.connect, pageSize: 2 };
  const names = new Set();
  let pages = 0;
  for await (const page of connect.paginateListContactFlows(config, { InstanceId: parley.instance })) {
    assert.ok(page.ContactFlowSummaryList.length <= 2);
    for (const flow of page.ContactFlowSummaryList) {
      assert.ok(!names.has(flow.Name), `${flow.Name} twice`);
      names.add(flow.Name);
    }
    pages++;
  }
  assert.ok(names.has('Parley demo') && names.has('Default customer queue') && names.has('Quiet'));
  assert.ok(pages > 3);
  const found = [];
  for await (const page of connect.paginateSearchContactFlows(config, {
    InstanceId: parley.instance, SearchCriteria: { StringCondition: { FieldName: 'name', Value: 'Default', ComparisonType: 'STARTS_WITH' } },
  })) found.push(...page.ContactFlows.map((flow) => flow.Name));
  assert.ok(found.length >= 5 && found.every((name) => name.startsWith('Default')));
});

test('sdk: a new instance comes with everything and can be deleted', async () => {
  const made = await send(new connect.CreateInstanceCommand({
    IdentityManagementType: 'CONNECT_MANAGED', InstanceAlias: 'florist', InboundCallsEnabled: false, OutboundCallsEnabled: false,
  }));
  const InstanceId = made.Id;
  const { Instance } = await send(new connect.DescribeInstanceCommand({ InstanceId }));
  assert.deepEqual([Instance.InstanceStatus, Instance.InstanceAlias, Instance.Arn], ['ACTIVE', 'florist', made.Arn]);
  const flow = await send(new connect.CreateContactFlowCommand({ InstanceId, Name: 'Main', Type: 'CONTACT_FLOW', Content: quietFlow, Tags: { team: 'garden' } }));
  const { tags } = await send(new connect.ListTagsForResourceCommand({ resourceArn: flow.ContactFlowArn }));
  assert.deepEqual(tags, { team: 'garden' });
  const { SecurityProfileSummaryList } = await send(new connect.ListSecurityProfilesCommand({ InstanceId }));
  assert.deepEqual(SecurityProfileSummaryList.map((profile) => profile.Name).sort(), ['Admin', 'Agent', 'CallCenterManager', 'QualityAnalyst']);
  await send(new connect.DeleteInstanceCommand({ InstanceId }));
  assert.ok(await failure(send(new connect.DescribeInstanceCommand({ InstanceId }))) instanceof connect.ResourceNotFoundException);
});

test('sdk: a custom bot receives the chat through StartContactStreaming', async () => {
  const secret = 'a secret of the tests';
  const hook = await Hook.start(secret);
  const streaming = await Parley.dev('--stream', `arn:aws:sns:*=${hook.url}`, '--stream-secret', secret);
  try {
    const started = await startChat(streaming);
    await streaming.connect.send(new connect.StartContactStreamingCommand({
      InstanceId: streaming.instance, ContactId: started.ContactId, ClientToken: randomUUID(),
      ChatStreamingConfiguration: { StreamingEndpointArn: 'arn:aws:sns:us-east-1:123456789012:chat' },
    }));
    const customer = await connectParticipant(streaming, started.ParticipantId, started.ParticipantToken, {
      Type: ['CONNECTION_CREDENTIALS'], ConnectParticipant: true,
    });
    const bot = await addBot(streaming, started.ContactId);
    const { Id } = await customer.say('Are you there?');
    const { item, attributes, signed } = await hook.heard.first((n) => n.item.Id === Id, 'notification');
    assert.deepEqual([item.Content, item.ParticipantRole, item.ContactId], ['Are you there?', 'CUSTOMER', started.ContactId]);
    assert.deepEqual(Object.keys(attributes).sort(),
      ['AccountId', 'ContactId', 'ContentType', 'InitialContactId', 'InstanceId', 'MessageVisibility', 'ParticipantRole', 'Type']);
    assert.ok(signed, 'the signature');
    await bot.say('I am.');
    await hook.heard.first((n) => n.item.Content === 'I am.', 'notification of the answer');
    const { Transcript } = await customer.transcript();
    const kept = hook.heard.entries.map((n) => n.item.Id).filter((id) => Transcript.some((i) => i.Id === id));
    assert.deepEqual(kept, Transcript.map((i) => i.Id), 'every item once and in order');
  } finally {
    await streaming.stop();
    await hook.stop();
  }
});

test('sdk: over the quota of active chats StartChatContact is refused, and the end of one makes room', async () => {
  const small = await Parley.dev('--max-active-chats', '2');
  try {
    const started = await startChat(small);
    await startChat(small);
    small.clients(credentials);
    const impatient = new connect.ConnectClient({ endpoint: small.address, region, credentials, maxAttempts: 1 });
    const third = await failure(startChat({ ...small, connect: impatient, instance: small.instance, quietFlow: small.quietFlow }));
    assert.ok(third instanceof connect.LimitExceededException, third.name);
    assert.equal(third.$metadata.httpStatusCode, 429);
    await small.connect.send(new connect.StopContactCommand({ InstanceId: small.instance, ContactId: started.ContactId }));
    assert.ok((await startChat(small)).ContactId);
  } finally {
    await small.stop();
  }
});

test('sdk: five sockets receive everything once, a sixth is refused', async () => {
  const { started, customer, socket } = await open();
  const sockets = [socket];
  for (let i = 1; i < 5; i++) sockets.push(await Socket.subscribed(customer.url));
  await failure(Socket.subscribed(customer.url).then((sixth) => Promise.race([sixth.closed.then(() => { throw new Error('closed'); }), sixth.ping()])));
  const { Id } = await customer.say('to all');
  for (const s of sockets) {
    await s.item((item) => item.Id === Id, 'echo');
    await s.ping();
    assert.equal(s.items.all((item) => item.Id === Id).length, 1);
  }
  await send(new connect.StopContactCommand({ InstanceId: parley.instance, ContactId: started.ContactId }));
  for (const s of sockets) await s.item((item) => item.ContentType === event('chat.ended'), 'chat.ended');
  await Promise.all(sockets.map((s) => s.close()));
  await until('the contact is closed', async () => {
    const { Contact } = await send(new connect.DescribeContactCommand({ InstanceId: parley.instance, ContactId: started.ContactId }));
    return Contact.DisconnectReason === 'API';
  });
});

test('sdk: there is one custom bot, and it connects within 15 seconds or never', async () => {
  const { started } = await startConnected(parley);
  const create = () => send(new connect.CreateParticipantCommand({
    InstanceId: parley.instance, ContactId: started.ContactId, ParticipantDetails: { ParticipantRole: 'CUSTOM_BOT', DisplayName: 'Late' },
  }));
  const { ParticipantCredentials } = await create();
  assert.equal((await failure(create())).$metadata.httpStatusCode, 402);
  const credentialsOf = (input) => parley.participant.send(new chat.CreateParticipantConnectionCommand({
    ParticipantToken: ParticipantCredentials.ParticipantToken, ...input,
  }));
  const withSocket = await failure(credentialsOf({ Type: ['WEBSOCKET', 'CONNECTION_CREDENTIALS'], ConnectParticipant: true }));
  assert.ok(withSocket instanceof chat.ValidationException, withSocket.name);
  await parley.advance('16s');
  await until('there is room for another bot', () => create().catch(() => false));
  const late = await failure(credentialsOf({ Type: ['CONNECTION_CREDENTIALS'], ConnectParticipant: true }));
  assert.ok(late instanceof chat.AccessDeniedException, late.name);
});
