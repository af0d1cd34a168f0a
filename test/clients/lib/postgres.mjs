// A PostgreSQL server on loopback, in a directory of its own.
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './journal.mjs';

/** The directory of the newest version's programs: Debian has none of them on the PATH. */
function programs() {
  const all = '/usr/lib/postgresql';
  const [newest] = readdirSync(all).map(Number).filter(Boolean).sort((a, b) => b - a);
  return join(all, String(newest), 'bin');
}

/** Root may not run it: who does. */
function owner() {
  if (process.getuid() !== 0) return {};
  const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Starts a server with further arguments, a user with a password, and a database of the user's; returns how to stop it. */
export async function startPostgres({ port, user, password, database, args }) {
  const as = owner();
  const dir = mkdtempSync(join(tmpdir(), 'parley-postgres-'));
  const secret = join(dir, 'password');
  writeFileSync(secret, password);
  if (as.uid) [dir, secret].forEach((path) => chownSync(path, as.uid, as.gid));
  const bin = programs();
  const data = join(dir, 'data');
  execFileSync(join(bin, 'initdb'), ['-D', data, '-U', user, '-A', 'scram-sha-256', '--pwfile', secret, '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'], ...as });
  const child = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), '-k', dir, '-h', '127.0.0.1', '-c', 'fsync=off', ...args], { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'], ...as });
  const kill = () => child.kill('SIGQUIT'); // its own processes end with it, as they do not by SIGKILL
  process.on('exit', kill);
  let log = '';
  child.stderr.on('data', (text) => { log += text; });
  const ended = new Promise((resolve) => { child.once('exit', resolve); });
  const psql = (sql) => execFileSync(join(bin, 'psql'), ['-h', '127.0.0.1', '-p', String(port), '-U', user, '-c', sql, 'postgres'], { env: { PGPASSWORD: password }, stdio: 'pipe' });
  await until('PostgreSQL answers', () => {
    if (child.exitCode !== null) throw new Error(`postgres ended:\n${log}`);
    try {
      return psql(`CREATE DATABASE ${database}`);
    } catch {
      return undefined;
    }
  });
  return {
    async stop() {
      kill();
      await ended;
      process.off('exit', kill);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
