// A server as operators run it: with keys that are checked, and a directory
// that outlives the process.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Sha256 } from '@aws-crypto/sha256-js';
import { ConnectClient, CreateContactFlowCommand, CreateInstanceCommand, DescribeInstanceCommand } from '@aws-sdk/client-connect';
import { SignatureV4 } from '@smithy/signature-v4';
import { connectParticipant, event, failure, startChat } from './lib/chat.mjs';
import { quietFlow } from './lib/flows.mjs';
import { Parley, region } from './lib/parley.mjs';
import { Socket } from './lib/socket.mjs';

let dir;
let parley;
let keys;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-production-'));
  parley = await Parley.start('--data', join(dir, 'data'));
  const text = await readFile(join(dir, 'data', 'first-key.env'), 'utf8');
  const value = (name) => new RegExp(`${name}=(\\S+)`).exec(text)[1];
  keys = { accessKeyId: value('AWS_ACCESS_KEY_ID'), secretAccessKey: value('AWS_SECRET_ACCESS_KEY') };
  parley.clients(keys);
  const { Id } = await parley.connect.send(new CreateInstanceCommand({
    IdentityManagementType: 'CONNECT_MANAGED', InstanceAlias: 'florist', InboundCallsEnabled: false, OutboundCallsEnabled: false,
  }));
  parley.instance = Id;
  const flow = await parley.connect.send(new CreateContactFlowCommand({ InstanceId: Id, Name: 'Quiet', Type: 'CONTACT_FLOW', Content: quietFlow }));
  parley.quietFlow = flow.ContactFlowId;
});

after(async () => {
  await parley?.stop();
  if (dir) await rm(dir, { recursive: true, force: true });
});

const describe = () => new DescribeInstanceCommand({ InstanceId: parley.instance });

/** A client whose requests are signed in some wrong way. */
const client = (config) => new ConnectClient({ endpoint: parley.address, region, credentials: keys, ...config });

test('production: signatures by the first key are accepted', async () => {
  const { Instance } = await parley.connect.send(describe());
  assert.equal(Instance.InstanceAlias, 'florist');
});

test('production: wrong signatures are refused with the exceptions that SDKs know', async () => {
  const cases = [
    ['InvalidSignatureException', { credentials: { ...keys, secretAccessKey: 'wrong' } }],
    ['UnrecognizedClientException', { credentials: { ...keys, accessKeyId: 'AKIAUNKNOWN' } }],
    ['InvalidSignatureException', { region: 'eu-west-1' }],
    ['InvalidSignatureException', { systemClockOffset: -10 * 60_000, maxAttempts: 1 }],
  ];
  for (const [name, config] of cases) {
    const error = await failure(client(config).send(describe()));
    assert.deepEqual([error.name, error.$metadata.httpStatusCode], [name, 403]);
  }
  const unsigned = await fetch(`${parley.address}/instance/${parley.instance}`);
  assert.equal(unsigned.status, 403);
  assert.match(unsigned.headers.get('x-amzn-errortype'), /^MissingAuthenticationTokenException/);
});

test('production: an SDK on a machine whose clock is wrong corrects its clock', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() - 10 * 60_000 });
  const { Instance, $metadata } = await client({}).send(describe());
  assert.equal(Instance.Id, parley.instance);
  assert.equal($metadata.attempts, 2);
});

test('production: presigned URLs are served until they expire', async () => {
  const { hostname, port } = new URL(parley.address);
  const signer = new SignatureV4({ service: 'connect', region, credentials: keys, sha256: Sha256 });
  const presign = async (signingDate) => {
    const request = {
      method: 'GET', protocol: 'http:', hostname, port: Number(port), path: `/instance/${parley.instance}`, query: {}, headers: { host: `${hostname}:${port}` },
    };
    const { path, query } = await signer.presign(request, { expiresIn: 60, signingDate });
    return `${parley.address}${path}?${new URLSearchParams(query)}`;
  };
  const good = await fetch(await presign(new Date()));
  assert.equal(good.status, 200);
  assert.equal((await good.json()).Instance.Id, parley.instance);
  const stale = await fetch(await presign(new Date(Date.now() - 2 * 60_000)));
  assert.equal(stale.status, 403);
});

test('production: there is no developer API', async () => {
  for (const path of ['/dev/clock', '/dev/faults']) {
    assert.ok((await fetch(parley.address + path)).status >= 400, path);
  }
});

test('production: after a restart chats and tokens still work', async () => {
  const started = await startChat(parley);
  const customer = await connectParticipant(parley, started.ParticipantId, started.ParticipantToken);
  const socket = await Socket.subscribed(customer.url);
  const { Id } = await customer.say('before the restart');
  const { Transcript: before } = await customer.transcript();
  await parley.restart(keys);
  await socket.closed;
  const { Transcript: kept } = await customer.transcript();
  assert.deepEqual(kept, before);
  assert.ok(kept.some((item) => item.Id === Id));
  const again = await connectParticipant(parley, started.ParticipantId, started.ParticipantToken);
  const back = await Socket.subscribed(again.url);
  const after = await customer.say('after the restart');
  await back.item((item) => item.Id === after.Id, 'echo');
  await customer.leave();
  await back.item((item) => item.ContentType === event('chat.ended'), 'chat.ended');
  await back.close();
});
