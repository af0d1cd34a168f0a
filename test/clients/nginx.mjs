// Parley behind nginx, outside development mode: whole chats through deploy/nginx.conf as it
// stands there, and signed calls through a proxy_pass alone, which rewrites the Host.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ConnectClient, CreateContactFlowCommand, CreateInstanceCommand, ListInstancesCommand } from '@aws-sdk/client-connect';
import { CompleteAttachmentUploadCommand, ConnectParticipantClient, StartAttachmentUploadCommand } from '@aws-sdk/client-connectparticipant';
import { connectParticipant, failure, startChat } from './lib/chat.mjs';
import { quietFlow } from './lib/flows.mjs';
import { until } from './lib/journal.mjs';
import { filled, startNginx } from './lib/nginx.mjs';
import { freePort, Parley, region } from './lib/parley.mjs';
import { Socket } from './lib/socket.mjs';

const clientAddress = '127.0.0.2'; // another than the proxy's
let dir;
let tls; // certificate and key of chat.example.com, and what trusts it

before(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-nginx-'));
  const cert = join(dir, 'cert.pem');
  const key = join(dir, 'key.pem');
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1',
    '-subj', '/CN=chat.example.com', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  tls = { cert, key, ca: readFileSync(cert) };
});

after(() => rmSync(dir, { recursive: true, force: true }));

/** Runs nginx with what stands in its http block, until the test ends. */
async function nginx(t, http, port) {
  const own = mkdtempSync(join(dir, 'nginx-'));
  const running = await startNginx(own, http, async () => (await call(`https://localhost:${port}/healthz`).catch(() => null))?.status === 200);
  t.after(() => running.stop());
}

/** A request by a client that trusts the certificate and has an address of its own. */
function call(url, { method = 'GET', body, headers = {} } = {}) {
  return new Promise((resolve, reject) => {
    const r = request(url, { method, headers, ca: tls.ca, localAddress: clientAddress }, async (answer) => {
      let text = '';
      for await (const chunk of answer) text += chunk;
      resolve({ status: answer.statusCode, text });
    });
    r.on('error', reject);
    r.end(body);
  });
}

/** Starts Parley with the flags, and has its SDK clients call it at an address with the first key. */
async function production(t, name, address, ...flags) {
  const data = join(dir, name);
  const parley = await Parley.start('--data', data, ...flags);
  t.after(() => parley.stop());
  const text = readFileSync(join(data, 'first-key.env'), 'utf8');
  const value = (variable) => new RegExp(`${variable}=(\\S+)`).exec(text)[1];
  const config = {
    endpoint: address, region, maxAttempts: 1,
    credentials: { accessKeyId: value('AWS_ACCESS_KEY_ID'), secretAccessKey: value('AWS_SECRET_ACCESS_KEY') },
    requestHandler: { httpsAgent: new Agent({ ca: tls.ca, localAddress: clientAddress, keepAlive: true }) },
  };
  parley.connect = new ConnectClient(config);
  parley.participant = new ConnectParticipantClient(config);
  t.after(() => { parley.connect.destroy(); parley.participant.destroy(); });
  return parley;
}

test('nginx: a whole chat through deploy/nginx.conf', async (t) => {
  const port = await freePort();
  const address = `https://localhost:${port}`;
  const parley = await production(t, 'example', address, '--trusted-proxy', '127.0.0.1');
  await nginx(t, filled(readFileSync(new URL('../../deploy/nginx.conf', import.meta.url), 'utf8'), {
    'server 127.0.0.1:8790;': `server ${new URL(parley.address).host};`,
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    'server_name chat.example.com;': 'server_name localhost;',
    '/etc/ssl/certs/chat.example.com.pem': tls.cert,
    '/etc/ssl/private/chat.example.com.key': tls.key,
    '/var/log/nginx/parley.log': join(dir, 'access.log'),
  }), port);

  const { Id } = await parley.connect.send(new CreateInstanceCommand({
    IdentityManagementType: 'CONNECT_MANAGED', InstanceAlias: 'florist', InboundCallsEnabled: false, OutboundCallsEnabled: false,
  }));
  parley.instance = Id;
  parley.quietFlow = (await parley.connect.send(new CreateContactFlowCommand({ InstanceId: Id, Name: 'Quiet', Type: 'CONTACT_FLOW', Content: quietFlow }))).ContactFlowId;

  const started = await startChat(parley);
  const customer = await connectParticipant(parley, started.ParticipantId, started.ParticipantToken);
  assert.ok(customer.url.startsWith(`wss://localhost:${port}/ws?`), customer.url);
  const socket = await Socket.open(customer.url, { ca: tls.ca });
  await socket.subscribe();
  const said = await customer.say('through the proxy');
  await socket.item((item) => item.Id === said.Id, 'echo');

  const bytes = Buffer.alloc(3 << 20, 'a,b\n'); // more than nginx takes unless told
  const upload = await parley.participant.send(new StartAttachmentUploadCommand({
    ConnectionToken: customer.token, ContentType: 'text/csv', AttachmentName: 'order.csv', AttachmentSizeInBytes: bytes.length, ClientToken: 'upload-1',
  }));
  assert.ok(upload.UploadMetadata.Url.startsWith(`${address}/files/`), upload.UploadMetadata.Url);
  const put = await call(upload.UploadMetadata.Url, { method: 'PUT', body: bytes, headers: { ...upload.UploadMetadata.HeadersToInclude, 'content-length': bytes.length } });
  assert.equal(put.status, 200, put.text);
  await parley.participant.send(new CompleteAttachmentUploadCommand({ ConnectionToken: customer.token, AttachmentIds: [upload.AttachmentId], ClientToken: 'upload-2' }));
  await socket.item((item) => item.Attachments?.[0].AttachmentName === 'order.csv', 'attachment');
  await socket.close();

  await call(`${address}/participant/connection`, { method: 'POST', body: '{}', headers: { 'x-amz-bearer': 'nonsense', 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.2' } });
  await until('the log names the client, not the proxy and not what the client claims', () => /code=AccessDeniedException.*client=127\.0\.0\.2/.test(parley.log));
  assert.equal((await call(`${address}/metrics`)).status, 403);
  const logged = readFileSync(join(dir, 'access.log'), 'utf8');
  assert.match(logged, /PUT \/contact\/chat /);
  assert.doesNotMatch(logged, /token=|\/files\//);
});

test('nginx: signed calls through a proxy_pass alone, which sends the name of its upstream as Host', async (t) => {
  const port = await freePort();
  const address = `https://localhost:${port}`;
  const parley = await production(t, 'defaults', address, '--public-url', address);
  await nginx(t, `server {
    listen 127.0.0.1:${port} ssl; ssl_certificate ${tls.cert}; ssl_certificate_key ${tls.key};
    location / { proxy_pass ${parley.address}; }
  }`, port);
  const { InstanceSummaryList } = await parley.connect.send(new ListInstancesCommand({}));
  assert.deepEqual(InstanceSummaryList, []);

  const elsewhere = new ConnectClient({
    endpoint: `https://127.0.0.1:${port}`, region, maxAttempts: 1, credentials: parley.connect.config.credentials,
    requestHandler: { httpsAgent: new Agent({ ca: tls.ca, checkServerIdentity: () => undefined }) },
  });
  t.after(() => elsewhere.destroy());
  assert.equal((await failure(elsewhere.send(new ListInstancesCommand({})))).name, 'InvalidSignatureException');
});
