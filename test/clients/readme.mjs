// Runs the commands of README.md exactly as they are written there: each
// "$" line of its console blocks, in one shell, and holds what they print
// against the lines below them, where "…" stands for anything. Of
// docs/running.md it runs the script that sets up production. Where the port
// that they name is in use, another takes its place.
//
// With PARLEY_RELEASE=DIR, the directory of an unpacked archive, it reads the README in
// there, and does what that tells those who have downloaded it: they have no source, and
// no need to build.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from './lib/journal.mjs';
import { freePort } from './lib/parley.mjs';

const release = process.env.PARLEY_RELEASE;
const root = release ?? join(dirname(fileURLToPath(import.meta.url)), '../..');

// released is what a command of the README is for those who have the program: it says so of the first, and of
// bin/parley and what make run builds.
function released(command) {
  if (!release) return command;
  return command.replace(/^make build$/, 'true').replace(/(^|\| )bin\/(dev\/)?parley\b/g, '$1./parley');
}

const documented = 8790;
const port = await freePort(documented).catch(() => freePort());
const elsewhere = (text) => text.replaceAll(`:${documented}`, `:${port}`);

function commands(markdown) {
  const found = [];
  for (const [, block] of elsewhere(markdown).matchAll(/```console\n([^]*?)```/g)) {
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) found.push({ run: line.slice(2), prints: [] });
      else found.at(-1).prints.push(line);
    }
  }
  return found;
}

// pattern makes of expected lines what matches them.
function pattern(lines) {
  const escape = (s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${lines.map((l) => l.split('…').map(escape).join('[^]*')).join('\\n')}$`);
}

// A reader's shell knows nothing of the make that runs the tests: below it,
// make would announce the directories it enters.
const env = { ...process.env };
for (const name of ['MAKEFLAGS', 'MAKELEVEL', 'MFLAGS']) delete env[name];
if (port !== documented) env.PARLEY_LISTEN = `127.0.0.1:${port}`;

// Shell is a bash that runs one command after the other.
class Shell {
  #bash = spawn('bash', [], { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  #out = '';
  #err = '';
  #turns = 0;
  #wake = () => {};

  constructor() {
    this.#bash.stdout.on('data', (d) => { this.#out += d; this.#wake(); });
    this.#bash.stderr.on('data', (d) => { this.#err += d; });
  }

  async run(command) {
    const mark = `-- done ${++this.#turns} `;
    this.#out = this.#err = '';
    this.#bash.stdin.write(`${command}\necho "${mark}$?"\n`);
    while (!this.#out.includes(mark)) await new Promise((r) => { this.#wake = r; });
    const [printed, status] = this.#out.split(mark);
    return { status: Number.parseInt(status, 10), printed: printed.trimEnd(), complained: this.#err };
  }

  close() { this.#bash.stdin.end(); }
}

// serve starts a command that does not end, and waits for its first line.
async function serve(command, expected) {
  const server = spawn('bash', ['-c', `exec ${command}`], { cwd: root, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    out += chunk;
    if (pattern(expected).test(out.trimEnd())) break;
  }
  assert.match(out.trimEnd(), pattern(expected), `${command} printed something else`);
  server.stdout.resume();
  return stopper(server);
}

// stopper makes what ends a command with all it has started, make, go and the server it runs, and resolves once that is gone.
function stopper(command) {
  const stop = () => process.kill(-command.pid, 'SIGTERM');
  process.once('SIGTERM', () => { stop(); process.exit(1); }); // the runner's patience is over
  return async () => {
    stop();
    await until('the server is gone', () => fetch(`http://127.0.0.1:${port}/readyz`).then(() => false, () => true));
  };
}

test('the commands of README.md do what it says', async (t) => {
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const [first, ...rest] = commands(text);
  assert.equal(first.run, 'make run');
  if (release) [, first.run] = text.match(/```sh\n(\.\/parley [^\n]*)\n```/);
  assert.ok(rest.length >= 8, 'README.md has lost its commands');
  const stop = await serve(first.run, first.prints);
  t.after(stop);
  const shell = new Shell();
  t.after(() => shell.close());
  for (const { run, prints } of rest) {
    const { status, printed, complained } = await shell.run(released(run));
    assert.equal(status, 0, `${run} ended with ${status}: ${complained}${printed}`);
    assert.match(printed, pattern(prints), `${run} printed something else:\n${printed}`);
  }
});

test('docs/running.md leads from an empty directory to a chat', async (t) => {
  const guide = elsewhere(readFileSync(join(root, 'docs/running.md'), 'utf8'));
  const block = (kind, holds) => [...guide.matchAll(new RegExp('```' + kind + '\\n([^]*?)```', 'g'))].map((m) => m[1]).find((text) => text.includes(holds));
  const dir = mkdtempSync(join(tmpdir(), 'running-'));
  mkdirSync(join(dir, 'bin'));
  symlinkSync(process.env.PARLEY_BIN, join(dir, 'bin/parley'));
  writeFileSync(join(dir, 'hello.json'), block('json', 'hello'));
  // The agent is at work while the customer of the last line chats: each waits for what the other says.
  const heard = (says, file) => `until grep -qs '${says}' ${file}; do sleep 0.1; done`;
  const people = block('sh', 'create-user')
    .replace(/^(parley agent [^#]*?) *#.*$/m, (_, agent) => `printf '/accept\\nJo is here\\n/wait\\n' | ${agent} > agent.log &`)
    .replace(/^parley chat.*$/m, (chat) => `{ ${heard('Jo is here', 'chat.log')}; echo for Jo; ${heard('for Jo', 'agent.log')}; } | ${chat} | tee chat.log`);
  const shell = spawn('bash', ['-euc', `${block('sh', '--data')}\n${people}`], {
    cwd: dir, env: { ...env, PATH: `${dir}/bin:${env.PATH}` }, detached: true, stdio: ['pipe', 'pipe', 'pipe'],
  });
  const stop = stopper(shell);
  t.after(async () => {
    await stop();
    rmSync(dir, { recursive: true });
  });
  let printed = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (d) => { printed += d; });
  shell.stdin.end('thank you\n/end\n');
  const status = await new Promise((resolve) => { shell.on('exit', resolve); });
  assert.equal(status, 0, printed);
  assert.match(printed, /Hello from our own chat centre\.[^]*thank you[^]*Jo: Jo is here[^]*for Jo/);
});
