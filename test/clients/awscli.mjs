// A whole chat by the stock AWS CLI: nothing but `aws` and, for the bytes of
// attachments, `curl`.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addBot, connectParticipant, event } from './lib/chat.mjs';
import { brokenFlow, prompts } from './lib/flows.mjs';
import { Parley } from './lib/parley.mjs';

let parley;
let dir;
const commandDeadline = 60_000;

before(async () => {
  parley = await Parley.dev();
  dir = await mkdtemp(join(tmpdir(), 'parley-awscli-'));
});

after(async () => {
  await parley?.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
});

function run(command, args) {
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_DEFAULT_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_PAGER: '', AWS_ENDPOINT_URL: parley.address,
  };
  return new Promise((resolve) => {
    execFile(command, args, { env, timeout: commandDeadline }, (error, stdout, stderr) => resolve({ status: error ? error.code ?? 1 : 0, stdout, stderr }));
  });
}

/** Runs a command of the CLI that must succeed, and resolves with its output. The endpoint
 * is given twice because versions before 2.13 do not read AWS_ENDPOINT_URL. */
async function aws(service, operation, ...args) {
  const { status, stdout, stderr } = await run('aws', [service, operation, '--endpoint-url', parley.address, '--output', 'json', ...args]);
  assert.equal(status, 0, `aws ${service} ${operation}: ${stderr}`);
  return stdout.trim() ? JSON.parse(stdout) : {};
}

/** Runs a command that must be refused with an exception, and resolves with what the CLI says. */
async function refused(code, service, operation, ...args) {
  const { status, stderr } = await run('aws', [service, operation, '--endpoint-url', parley.address, '--output', 'json', ...args]);
  assert.notEqual(status, 0, `aws ${service} ${operation} should have been refused`);
  assert.match(stderr, new RegExp(`\\(${code}\\) when calling`));
  return stderr;
}

const connect = (operation, ...args) => aws('connect', operation, ...args);
const participant = (operation, ...args) => aws('connectparticipant', operation, ...args);

/** Whether the installed CLI is recent enough to know an operation. */
async function knows(service, operation) {
  const { stderr } = await run('aws', [service, operation, '--generate-cli-skeleton']);
  return !/invalid choice/i.test(stderr);
}

/** Adds the second participant: by the CLI, or by the JavaScript SDK for a CLI older than the operation. It is connected by the SDK in either
 * case: its token is good for 15 seconds, which the CLI can take to start where every core is busy. */
async function secondParticipant(contactId) {
  if (!(await knows('connect', 'create-participant'))) return (await addBot(parley, contactId)).token;
  const { ParticipantId, ParticipantCredentials } = await connect('create-participant', '--instance-id', parley.instance, '--contact-id', contactId,
    '--participant-details', 'ParticipantRole=CUSTOM_BOT,DisplayName=Robot');
  const robot = await connectParticipant(parley, ParticipantId, ParticipantCredentials.ParticipantToken, { Type: ['CONNECTION_CREDENTIALS'], ConnectParticipant: true });
  return robot.token;
}

test('awscli: a whole chat', async (t) => {
  let started;
  let token;
  let bot;
  let sent;

  await t.test('start-chat-contact and create-participant-connection --connect-participant', async () => {
    started = await connect('start-chat-contact', '--instance-id', parley.instance, '--contact-flow-id', parley.quietFlow,
      '--participant-details', 'DisplayName=Ana', '--attributes', 'topic=flowers');
    assert.ok(started.ContactId && started.ParticipantId && started.ParticipantToken);
    const connection = await participant('create-participant-connection', '--type', 'CONNECTION_CREDENTIALS', '--connect-participant',
      '--participant-token', started.ParticipantToken);
    token = connection.ConnectionCredentials.ConnectionToken;
    assert.ok(Date.parse(connection.ConnectionCredentials.Expiry) > Date.now());
  });

  await t.test('get-transcript has the prompts of the flow', async () => {
    const { Transcript, InitialContactId } = await participant('get-transcript', '--connection-token', token, '--sort-order', 'ASCENDING');
    assert.equal(InitialContactId, started.ContactId);
    assert.equal(Transcript[0].ContentType, event('participant.joined'));
    assert.deepEqual(Transcript.slice(1).map((item) => item.Content), prompts);
    assert.ok(Transcript.slice(1).every((item) => item.ParticipantRole === 'SYSTEM'));
  });

  await t.test('create-participant adds a second participant, send-message goes both ways', async () => {
    bot = await secondParticipant(started.ContactId);
    sent = await participant('send-message', '--connection-token', token, '--content-type', 'text/plain', '--content', 'Red roses, please 🌹');
    assert.match(sent.AbsoluteTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    await participant('send-message', '--connection-token', bot, '--content-type', 'text/plain', '--content', 'At once.');
    const { Transcript } = await participant('get-transcript', '--connection-token', bot, '--sort-order', 'ASCENDING');
    const [question, answer] = Transcript.slice(-2);
    assert.deepEqual([question.Id, question.Content, question.DisplayName, question.ParticipantRole], [sent.Id, 'Red roses, please 🌹', 'Ana', 'CUSTOMER']);
    assert.deepEqual([answer.Content, answer.DisplayName, answer.ParticipantRole], ['At once.', 'Robot', 'CUSTOM_BOT']);
  });

  await t.test('send-event: typing leaves no trace, a receipt stands on its message', async () => {
    const typing = await participant('send-event', '--connection-token', token, '--content-type', event('typing'));
    assert.ok(typing.Id && typing.AbsoluteTime);
    await participant('send-event', '--connection-token', bot, '--content-type', event('message.read'), '--content', JSON.stringify({ messageId: sent.Id }));
    const { Transcript } = await participant('get-transcript', '--connection-token', token, '--max-results', '100');
    assert.ok(!Transcript.some((item) => item.Id === typing.Id));
    const { Receipts: [receipt] } = Transcript.find((item) => item.Id === sent.Id).MessageMetadata;
    assert.ok(receipt.DeliveredTimestamp && receipt.ReadTimestamp && receipt.RecipientParticipantId);
  });

  await t.test('get-transcript pages with --next-token', async () => {
    const whole = await participant('get-transcript', '--connection-token', token, '--max-results', '100', '--no-paginate');
    const pages = [];
    let next = [];
    do {
      const page = await participant('get-transcript', '--connection-token', token, '--max-results', '4', '--no-paginate', ...next);
      assert.ok(page.Transcript.length <= 4);
      pages.push(...page.Transcript);
      next = page.NextToken ? ['--next-token', page.NextToken] : [];
    } while (next.length);
    assert.deepEqual(pages, whole.Transcript);
    assert.ok(pages.length > 4);
  });

  await t.test('an attachment goes up and comes down', async () => {
    const file = join(dir, 'order.csv');
    const copy = join(dir, 'copy.csv');
    await writeFile(file, 'flower,count\nrose,12\n');
    const { AttachmentId, UploadMetadata } = await participant('start-attachment-upload', '--connection-token', token, '--content-type', 'text/csv',
      '--attachment-name', 'order.csv', '--attachment-size-in-bytes', '21', '--client-token', 'upload-1');
    const headers = Object.entries(UploadMetadata.HeadersToInclude).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const put = await run('curl', ['-sS', '--fail-with-body', '-X', 'PUT', ...headers, '--data-binary', `@${file}`, UploadMetadata.Url]);
    assert.equal(put.status, 0, put.stdout + put.stderr);
    await participant('complete-attachment-upload', '--connection-token', token, '--attachment-ids', AttachmentId, '--client-token', 'complete-1');
    const { Transcript: [item] } = await participant('get-transcript', '--connection-token', token);
    assert.deepEqual(item.Attachments, [{ ContentType: 'text/csv', AttachmentId, AttachmentName: 'order.csv', Status: 'APPROVED' }]);
    const { Url } = await participant('get-attachment', '--connection-token', token, '--attachment-id', AttachmentId);
    const get = await run('curl', ['-sS', '--fail-with-body', '-o', copy, Url]);
    assert.equal(get.status, 0, get.stderr);
    assert.deepEqual(await readFile(copy), await readFile(file));
  });

  await t.test('describe-contact and get-contact-attributes tell of the running chat', async () => {
    const { Contact } = await connect('describe-contact', '--instance-id', parley.instance, '--contact-id', started.ContactId);
    assert.equal(Contact.Channel, 'CHAT');
    assert.equal(Contact.InitiationMethod, 'API');
    assert.equal(Contact.Arn, `${parley.instanceArn}/contact/${started.ContactId}`);
    assert.equal(Contact.DisconnectTimestamp, undefined);
    const { Attributes } = await connect('get-contact-attributes', '--instance-id', parley.instance, '--initial-contact-id', started.ContactId);
    assert.equal(Attributes.topic, 'flowers');
  });

  await t.test('disconnect-participant ends the chat', async () => {
    await participant('disconnect-participant', '--connection-token', token);
    await refused('AccessDeniedException', 'connectparticipant', 'send-message', '--connection-token', token, '--content-type', 'text/plain', '--content', 'too late');
    const { Contact } = await connect('describe-contact', '--instance-id', parley.instance, '--contact-id', started.ContactId);
    assert.ok(Contact.DisconnectTimestamp);
    await refused('ContactNotFoundException', 'connect', 'stop-contact', '--instance-id', parley.instance, '--contact-id', started.ContactId);
  });
});

test('awscli: stop-contact ends a chat to which nobody has connected yet', async () => {
  const { ContactId, ParticipantToken } = await connect('start-chat-contact', '--instance-id', parley.instance, '--contact-flow-id', parley.demoFlow,
    '--participant-details', 'DisplayName=Ana');
  await connect('stop-contact', '--instance-id', parley.instance, '--contact-id', ContactId);
  await refused('AccessDeniedException', 'connectparticipant', 'create-participant-connection', '--type', 'CONNECTION_CREDENTIALS', '--participant-token', ParticipantToken);
});

test('awscli: contact flows are created, described, refused and deleted', async () => {
  const content = join(dir, 'broken.json');
  await writeFile(content, brokenFlow);
  const said = await refused('InvalidContactFlowException', 'connect', 'create-contact-flow', '--instance-id', parley.instance, '--name', 'Broken',
    '--type', 'CONTACT_FLOW', '--content', `file://${content}`);
  assert.match(said, /nowhere|problems/i);

  const { ContactFlow } = await connect('describe-contact-flow', '--instance-id', parley.instance, '--contact-flow-id', parley.demoFlow);
  assert.equal(ContactFlow.Name, 'Parley demo');
  assert.equal(JSON.parse(ContactFlow.Content).Version, '2019-10-30');

  const good = join(dir, 'good.json');
  await writeFile(good, ContactFlow.Content);
  const made = await connect('create-contact-flow', '--instance-id', parley.instance, '--name', 'Copy', '--type', 'CONTACT_FLOW', '--content', `file://${good}`);
  assert.equal(made.ContactFlowArn, `${parley.instanceArn}/contact-flow/${made.ContactFlowId}`);
  await refused('DuplicateResourceException', 'connect', 'create-contact-flow', '--instance-id', parley.instance, '--name', 'Copy', '--type', 'CONTACT_FLOW',
    '--content', `file://${good}`);
  const listed = await connect('list-contact-flows', '--instance-id', parley.instance, '--page-size', '3');
  assert.ok(listed.ContactFlowSummaryList.some((flow) => flow.Id === made.ContactFlowId));
  await connect('delete-contact-flow', '--instance-id', parley.instance, '--contact-flow-id', made.ContactFlowId);
  await refused('ResourceNotFoundException', 'connect', 'describe-contact-flow', '--instance-id', parley.instance, '--contact-flow-id', made.ContactFlowId);
});

test('awscli: an instance is listed with what it came with', async () => {
  const { Instance } = await connect('describe-instance', '--instance-id', parley.instance);
  assert.equal(Instance.InstanceStatus, 'ACTIVE');
  const { QueueSummaryList } = await connect('list-queues', '--instance-id', parley.instance, '--queue-types', 'STANDARD');
  assert.deepEqual(QueueSummaryList.map((queue) => queue.Name), ['BasicQueue']);
  const { HoursOfOperationSummaryList } = await connect('list-hours-of-operations', '--instance-id', parley.instance);
  assert.deepEqual(HoursOfOperationSummaryList.map((hours) => hours.Name), ['Basic Hours']);
  const { RoutingProfileSummaryList } = await connect('list-routing-profiles', '--instance-id', parley.instance);
  assert.deepEqual(RoutingProfileSummaryList.map((profile) => profile.Name), ['Basic Routing Profile', 'Demo supervisor']);
});
