// The page at /login: a window of its own, most often one that a page with a frame has opened.
import { takeUp } from './api.js';
import { askForPassword, offer } from './signin.js';

const $ = (id) => document.getElementById(id);

async function run() {
  if (!document.body.dataset.instance) return;
  const token = await takeUp({}).catch(() => undefined) ?? await askForPassword();
  $('done').hidden = false;
  if (!opener) {
    $('done').textContent = 'You are signed in.';
    $('open').hidden = false;
    return;
  }
  if (await offer(token)) close();
}

run();
