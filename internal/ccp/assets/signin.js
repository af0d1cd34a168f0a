// Signing in with a user name and a password, and handing the session to the frames that wait for it.
import { call, codeFor, takeUp } from './api.js';
import { sentence } from './panel.js';

const $ = (id) => document.getElementById(id);

const handOver = 90_000; // ms in which frames are offered a session that has begun here
const every = 400;

/**
 * Shows the form, and resolves with the session token of whoever signs in.
 * @returns {Promise<string>}
 */
export function askForPassword() {
  $('form').hidden = false;
  $('user').focus();
  return new Promise((resolve) => {
    $('form').onsubmit = async (event) => {
      event.preventDefault();
      $('wrong').hidden = true;
      $('submit').disabled = true;
      try {
        const { SessionToken } = await call('POST', 'agent/sign-in', {
          body: { InstanceId: document.body.dataset.instance, UserName: $('user').value, Password: $('password').value },
        });
        const token = await takeUp({ SessionToken });
        $('password').value = '';
        $('form').hidden = true;
        resolve(token);
      } catch (error) {
        $('wrong').textContent = sentence(error.message);
        $('wrong').hidden = false;
        $('password').select();
      } finally {
        $('submit').disabled = false;
      }
    };
  });
}

/** The window that opened this one, with its frames: those of this origin among them may take up a session. */
function frames() {
  try {
    return opener ? [opener, ...Array.from({ length: Math.min(opener.length, 50) }, (_, i) => opener[i])] : [];
  } catch {
    return []; // it has gone
  }
}

/**
 * Offers the session to the frames of the opener. Only those of this origin hear of it, by the target of the message; one
 * that needs it asks for a code.
 * @param {string} token
 * @returns {Promise<boolean>} Whether one has taken it.
 */
export function offer(token) {
  return new Promise((resolve) => {
    const ends = Date.now() + handOver;
    const answer = async ({ source, origin, data }) => {
      if (origin !== location.origin || !data) return;
      if (data.parley === 'code wanted') source.postMessage({ parley: 'code', code: await codeFor(token) }, location.origin);
      if (data.parley === 'signed in') finish(true);
    };
    const knock = () => {
      if (Date.now() > ends || !opener || opener.closed) return finish(false);
      for (const frame of frames()) frame.postMessage({ parley: 'session here' }, location.origin);
    };
    const timer = setInterval(knock, every);
    const finish = (taken) => {
      clearInterval(timer);
      removeEventListener('message', answer);
      resolve(taken);
    };
    addEventListener('message', answer);
    knock();
  });
}

/**
 * Waits for a window of this origin that has a session, and takes it up.
 * @param {string} Origin Of the page around this frame.
 * @param {AbortSignal} signal Ends the wait.
 * @returns {Promise<string>} The session token.
 */
export function receive(Origin, signal) {
  return new Promise((resolve) => {
    let asked = 0;
    addEventListener('message', async ({ source, origin, data }) => {
      if (origin !== location.origin || !data) return;
      if (data.parley === 'session here' && Date.now() - asked > 5_000) {
        asked = Date.now();
        source.postMessage({ parley: 'code wanted' }, location.origin);
      }
      if (data.parley === 'code') {
        try {
          const token = await takeUp({ Origin, Code: data.code });
          source.postMessage({ parley: 'signed in' }, location.origin);
          resolve(token);
        } catch {
          asked = 0; // the window offers it again
        }
      }
    }, { signal });
  });
}
