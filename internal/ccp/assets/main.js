// The agent's page: finds out who is around it and who is signed in, and has the parts work for him.
import { Api, takeUp } from './api.js';
import { commandsOf } from './commands.js';
import { Conduit } from './conduit.js';
import { Desk } from './desk.js';
import { Masters } from './masters.js';
import { Panel, problem } from './panel.js';
import { Ring } from './ring.js';
import { Channel } from './sdk.js';
import { askForPassword, offer, receive } from './signin.js';

const $ = (id) => document.getElementById(id);
const framed = parent !== window;

/** The origin of the page around this one; "" when there is none, or the browser does not tell. */
function around() {
  if (!framed) return '';
  if (location.ancestorOrigins?.length) return location.ancestorOrigins[0];
  try {
    return new URL(document.referrer).origin;
  } catch {
    return '';
  }
}

const Origin = around();

/** Waits until somebody is signed in, and returns the session token. */
async function session() {
  try {
    return await takeUp({ Origin });
  } catch (error) {
    if (error.status === 403) throw error; // this page may not be here, or this user not work
    if (error.status !== 401) problem(error.message);
  }
  $('signed-out').hidden = false;
  if (!framed) {
    const token = await askForPassword();
    $('signed-out').hidden = true;
    return token;
  }
  $('sign-in').hidden = false;
  const login = new URL('login', new URL(document.body.dataset.root, document.baseURI));
  login.searchParams.set('instance', document.body.dataset.instance);
  $('sign-in').onclick = () => open(login, 'parley-login', 'popup,width=433,height=578');
  const wait = new AbortController();
  try {
    return await receive(Origin, wait.signal);
  } finally {
    wait.abort();
    problem();
    $('signed-out').hidden = true;
  }
}

/** Has everything work for the agent of a session; resolves when it is over, with why. */
function work(token) {
  const api = new Api(token);
  const desk = new Desk(api);
  const commands = commandsOf(desk, api);
  const masters = new Masters();
  const ring = new Ring(desk, masters);
  return new Promise((resolve) => {
    const signOut = async () => {
      desk.hush(); // the stream closes with the session
      try {
        await api.signOut();
        desk.over('terminated', '');
      } catch (error) {
        problem(error.message);
        desk.hurry();
      }
    };
    const panel = new Panel(desk, commands, signOut);
    const conduit = framed ? new Conduit({ desk, api, commands, masters, origin: Origin, configure: (s) => ring.configure(s), terminate: signOut }) : undefined;
    const channel = framed ? new Channel({ desk, commands, origin: Origin }) : undefined;
    const awake = () => desk.hurry();
    const asleep = () => desk.lose();
    addEventListener('online', awake);
    addEventListener('offline', asleep);
    document.addEventListener('visibilitychange', awake);
    desk.on('over', (why) => {
      removeEventListener('online', awake);
      removeEventListener('offline', asleep);
      document.removeEventListener('visibilitychange', awake);
      for (const part of [ring, masters, panel, channel]) part?.stop();
      conduit?.stop(...{ terminated: ['terminated'], 'signed-out': ['auth_fail', { authorize: true }], denied: ['access_denied'] }[why.why] ?? []);
      resolve(why);
    });
    conduit?.start();
    channel?.start();
    desk.start();
  });
}

async function run() {
  if (!document.body.dataset.instance) return; // the page says what is wrong
  if (framed && !Origin) return problem('The page around this one does not let its address be known (Referrer-Policy), so it cannot be told whether it may embed this one.');
  for (;;) {
    let token;
    try {
      token = await session();
    } catch (error) {
      if (framed && error.status === 403) parent.postMessage({ event: 'access_denied' }, Origin);
      return problem(error.message);
    }
    if (!framed && opener) offer(token); // it is a window that Streams has opened: the frame is to have the session
    const { why, message } = await work(token);
    problem(message);
    if (why === 'denied' || why === 'too-many') return undefined;
  }
}

run();
