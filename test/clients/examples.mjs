// The programs and the page below examples/, run as they say.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stage } from './lib/stage.mjs';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));

let scene;
before(async () => { scene = await stage(); });
after(() => scene?.stop());

/** What a program of a chat with the demo flow prints. */
const printed = /^SYSTEM_MESSAGE: Hello Ana, welcome to Parley! [^]*\nAna: Hello\n[^]*Got it! /;

/** Runs go in a folder of examples/. The compiler takes less time where more garbage may lie. */
async function go(folder, args, env) {
  const { stdout } = await promisify(execFile)('go', args, { cwd: examples + folder, env: { ...process.env, CGO_ENABLED: '0', GOGC: '400', ...env } });
  return stdout;
}

test('customer: the Go client', async () => {
  assert.match(await go('.', ['run', './customer', '--endpoint', scene.parley.address]), printed);
});

test('awssdk: the AWS SDK for Go', async () => {
  assert.match(await go('awssdk', ['run', '-gcflags=github.com/aws/aws-sdk-go-v2/service/...=-l -dwarf=false', '.'], { // the largest package there is, in half of the time
    AWS_ENDPOINT_URL: scene.parley.address, AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'any', AWS_SECRET_ACCESS_KEY: 'any',
  }), printed);
});

test('page: ChatJS on a page of a site', async () => {
  const { browser, parley, proxy } = scene;
  const { files } = browser.site;
  files['/amazon-connect-chat.js'] = files['/chatjs.js'];
  const at = `/example?endpoint=${encodeURIComponent(proxy.address)}`;
  files[at] = ['text/html', readFileSync(`${examples}page/index.html`, 'utf8')];
  const tab = await browser.tab({ viewport: { width: 390, height: 844 } });
  const errors = [];
  tab.on('pageerror', (error) => errors.push(String(error)));
  const said = () => tab.locator('#said li').allTextContents();
  const says = (text) => tab.locator('#said li', { hasText: text }).first().waitFor();
  await tab.goto(browser.origin + at);
  await says('welcome to Parley');
  await tab.fill('#text:enabled', 'Hello');
  await tab.keyboard.press('Enter');
  await says('Got it!');
  assert.equal((await said()).filter((line) => line === 'Ana: Hello').length, 1);

  await parley.faults({ Operation: 'SendMessage', Status: 400, Count: 1 });
  await tab.fill('#text', 'again');
  await tab.keyboard.press('Enter');
  await says('not sent');
  assert.equal(await tab.inputValue('#text'), 'again');

  proxy.kill(); // what is said meanwhile is read from the transcript, once
  await tab.keyboard.press('Enter');
  await says('Ana: again');
  assert.equal((await said()).filter((line) => line === 'Ana: again').length, 1);
  assert.deepEqual(errors, []);
  await tab.close();
});
