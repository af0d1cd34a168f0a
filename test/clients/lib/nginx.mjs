// nginx with a configuration of this repository.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './journal.mjs';

/** Puts values into a configuration; each must have its place there. */
export function filled(text, values) {
  for (const [from, to] of Object.entries(values)) {
    assert.ok(text.includes(from), `the configuration has lost its line ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** Runs nginx in a directory with what stands in its http block, and waits until answers() says that it answers; returns how to stop it. */
export async function startNginx(dir, http, answers) {
  const conf = join(dir, 'nginx.conf');
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${dir}/${what};`).join(' ');
  writeFileSync(conf, `daemon off; master_process off; pid ${dir}/nginx.pid; error_log stderr warn;
events {}
http { ${temp} access_log off;
${http}
}
`);
  const child = spawn('nginx', ['-p', dir, '-c', conf], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  let log = '';
  child.stderr.on('data', (text) => { log += text; });
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    process.off('exit', kill);
  };
  try {
    await until('nginx answers', async () => {
      if (child.exitCode !== null) throw new Error(`nginx ended:\n${log}`);
      return answers();
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop, log: () => log };
}
