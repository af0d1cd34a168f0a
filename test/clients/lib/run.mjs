// Runs parts, whose files are its arguments, several at a time.
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { basename } from 'node:path';

// Those that take longest begin first, so that none of them is left over at the end.
const longest = ['wire-network', 'readme', 'streams-signin', 'streams', 'awscli', 'wire-socket', 'views', 'examples'];
const rank = (file) => (longest.indexOf(basename(file, '.mjs')) + 1) || longest.length + 1;

const files = process.argv.slice(2).sort((a, b) => rank(a) - rank(b));
// The time is for what hangs: a machine may be busy, and examples compile.
const parts = run({ files, concurrency: 3, timeout: 30 * 60_000 });
parts.on('test:fail', () => { process.exitCode = 1; });
parts.compose(new spec()).pipe(process.stdout);
