// What the server tells an agent: his stream, kept open, and what is known from it.
import { ApiError } from './error.js';

const heartbeat = 15_000;
const patience = { least: 500, most: 10_000 }; // between two tries to connect
const catchUp = 1_000; // for what was missed to arrive after a loss

/**
 * One agent's view. It emits
 *  - view: a snapshot, when the desk's members have been brought up to it
 *  - item: a frame of a chat as the stream has it: {InitialContactId, Sequence, Frame}
 *  - broadcast: what another client of the agent says
 *  - open, lost, gained: the state of the stream
 *  - over: no more comes; with {why: 'signed-out' | 'denied' | 'too-many', message}
 * Everything is told in the order of the stream, one thing after another.
 */
export class Desk {
  /** The newest snapshot, and how the agent is set up. */
  snapshot;
  configuration;
  /** Participant tokens of the agent, by his participant ids. */
  tokens = new Map();
  /** The difference between the server's clock and this one, in ms. */
  skew = 0;

  #api;
  #handlers = new Map();
  #seen = new Map(); // of the chats: the number of the last item
  #socket;
  #beat; // a timer
  #tries = 0;
  #running = false;
  #connected = false;
  #before = false; // it has been connected before
  #regained; // a timer, while what was missed comes
  #queue = Promise.resolve();
  #waiting = new Set(); // for contacts to be connected
  #retry;
  #version = 0;

  /** @param {{agent(): Promise<any>, stream(): Promise<{Url: string}>, contact?(id: string, what: 'chat-token'): Promise<any>}} api The agent's API: as in api.js, or whatever does the same; without contact, tokens are left to whoever needs them. */
  constructor(api) {
    this.#api = api;
  }

  /** @param {string} event @param {(data?: any) => void} handler */
  on(event, handler) {
    if (!this.#handlers.has(event)) this.#handlers.set(event, new Set());
    this.#handlers.get(event).add(handler);
  }

  #emit(event, data) {
    for (const handler of this.#handlers.get(event) ?? []) handler(data);
  }

  /** Whether the stream is open. */
  get connected() { return this.#connected; }

  start() {
    this.#running = true;
    this.#dial();
  }

  /** Ends it: nothing more is told. */
  stop() {
    this.#running = false;
    clearTimeout(this.#retry);
    clearTimeout(this.#regained);
    clearInterval(this.#beat);
    this.#socket?.close?.();
    this.#handlers.clear();
    for (const waiter of this.#waiting) waiter.reject(new ApiError('UnauthorizedException', 'The agent is signed out.', 401));
    this.#waiting.clear();
  }

  /** Closes the stream without a word, until hurry or over. */
  hush() {
    const socket = this.#socket;
    this.#socket = undefined; // what it says from here on is not listened to
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    socket?.close?.();
  }

  /** Tries to connect now, if it is time to wait. */
  hurry() {
    if (!this.#running || this.#socket) return;
    clearTimeout(this.#retry);
    this.#dial();
  }

  /** Does something before anything else is told. */
  first(what) {
    const done = this.#queue.then(what);
    this.#queue = done.catch(() => {});
    return done;
  }

  contact(id) {
    return this.snapshot?.Contacts.find((c) => c.ContactId === id) ?? this.snapshot?.Contacts.find((c) => c.InitialContactId === id);
  }

  /**
   * Resolves with a contact when the agent has accepted it, also when it has ended for him since; rejects when that is not going to happen.
   * @param {string} id
   */
  whenAccepted(id) {
    return new Promise((resolve, reject) => {
      const waiter = { id, resolve, reject };
      if (!this.#settle(waiter)) this.#waiting.add(waiter);
    });
  }

  #settle({ id, resolve, reject }) {
    const contact = this.contact(id);
    if (contact?.State === 'CONNECTING') return false;
    if (contact?.State === 'CONNECTED' || contact?.State === 'ENDED') resolve(contact);
    else reject(new ApiError('InvalidStateException', `Contact ${id} is not connected.`, 409));
    return true;
  }

  async #dial() {
    const dialing = {};
    this.#socket = dialing; // nobody else dials meanwhile
    const outdated = () => !this.#running || this.#socket !== dialing;
    try {
      const { Url } = await this.#api.stream();
      if (!outdated()) this.#listen(new WebSocket(Url));
    } catch (error) {
      if (outdated()) return;
      this.#socket = undefined;
      if (!this.#isOver(error)) this.#again();
    }
  }

  /** Ends the desk when an error says that the session is over. */
  #isOver(error) {
    const why = { 401: 'signed-out', 403: 'denied' }[error.status];
    if (why) this.over(why, error.message);
    return Boolean(why);
  }

  /** @param {string} why @param {string} message */
  over(why, message) {
    if (!this.#running) return;
    this.#emit('over', { why, message });
    this.stop();
  }

  #again() {
    const wait = Math.min(patience.most, patience.least * 2 ** this.#tries++);
    this.#retry = setTimeout(() => this.#dial(), wait * (0.5 + Math.random() / 2));
  }

  #listen(socket) {
    this.#socket = socket;
    let alive = true;
    socket.onopen = () => {
      const Seen = [...this.#seen].map(([InitialContactId, Sequence]) => ({ InitialContactId, Sequence })).slice(-100);
      socket.send(JSON.stringify({ Type: 'START', Seen, Version: this.#version || undefined }));
      this.#beat = setInterval(() => {
        if (!alive) return this.#drop(0);
        alive = false;
        socket.send('{"Type":"HEARTBEAT"}');
      }, heartbeat);
    };
    socket.onmessage = ({ data }) => {
      alive = true;
      const frame = JSON.parse(data);
      if (frame.Type !== 'HEARTBEAT') this.first(() => this.#take(frame, socket)).catch(() => { if (socket === this.#socket) this.#drop(0); });
    };
    socket.onclose = ({ code }) => this.first(() => { if (socket === this.#socket) this.#drop(code); });
  }

  /** Takes the network for lost, as the browser says, until it is there again. */
  lose() {
    if (this.#socket instanceof WebSocket) this.#drop(0);
  }

  /** Gives the stream up, which has closed with a code or is not to be waited for, and tries again unless all is over. */
  #drop(code) {
    const socket = this.#socket;
    this.#socket = undefined;
    clearInterval(this.#beat);
    clearTimeout(this.#regained);
    this.#regained = undefined;
    socket.close();
    if (!this.#running) return;
    if (code === 4401) return this.over('signed-out', 'You have been signed out.');
    if (code === 4429) return this.over('too-many', 'You have this page open too many times. Close some, and reload this one.');
    if (this.#connected) {
      this.#connected = false;
      this.#emit('lost');
    }
    this.#again();
  }

  async #take(frame, socket) {
    if (!this.#running || socket !== this.#socket) return; // of a stream that another has taken the place of
    if (frame.Type === 'SNAPSHOT') await this.#show(frame.Snapshot);
    else if (frame.Type === 'BROADCAST') this.#emit('broadcast', frame.Content);
    else if (frame.Type === 'ITEM') {
      if (frame.Sequence > 0) this.#seen.set(frame.InitialContactId, frame.Sequence);
      this.#emit('item', frame);
      this.#caughtUp();
    }
  }

  async #show(snapshot) {
    const received = Date.now();
    if (snapshot.ConfigurationTag !== this.snapshot?.ConfigurationTag || !this.configuration) {
      this.configuration = (await this.#guard(() => this.#api.agent())).Configuration;
    }
    const held = snapshot.Contacts.filter((c) => ['CONNECTING', 'CONNECTED'].includes(c.State));
    const readable = snapshot.Contacts.filter((c) => c.State === 'ENDED' || held.includes(c)); // in after-contact work the agent may still read
    const without = this.#api.contact ? readable.filter((c) => !this.tokens.has(c.ParticipantId)) : [];
    await Promise.all(without.map(async (c) => {
      const token = await this.#guard(() => this.#api.contact(c.ContactId, 'chat-token')).catch((error) => {
        if (error.status === 404 || error.status === 409) return {}; // it is over by now, as the next snapshot will say
        throw error;
      });
      if (token.ParticipantToken) this.tokens.set(c.ParticipantId, token.ParticipantToken);
    }));
    if (!this.#running || snapshot.Version < this.#version) return;
    this.#version = snapshot.Version;
    for (const id of this.tokens.keys()) if (!readable.some((c) => c.ParticipantId === id)) this.tokens.delete(id);
    for (const id of this.#seen.keys()) if (!held.some((c) => c.InitialContactId === id)) this.#seen.delete(id);
    for (const c of held) if (c.State === 'CONNECTED' && !this.#seen.has(c.InitialContactId) && !this.#connected) this.#seen.set(c.InitialContactId, c.LastSequence);
    this.snapshot = snapshot;
    this.skew = Date.parse(snapshot.Time) - received;
    if (!this.#connected) {
      this.#connected = true;
      this.#tries = 0;
      this.#emit('open');
      if (this.#before) this.#regained = setTimeout(() => this.#caughtUp(true), catchUp);
      this.#before = true;
    }
    this.#emit('view');
    for (const waiter of this.#waiting) if (this.#settle(waiter)) this.#waiting.delete(waiter);
    this.#caughtUp();
  }

  /** After a loss: says that all is well again when everything that was missed has been told, or it is late. */
  #caughtUp(late = false) {
    if (this.#regained === undefined) return;
    const behind = this.snapshot.Contacts.some((c) => c.State === 'CONNECTED' && (this.#seen.get(c.InitialContactId) ?? 0) < c.LastSequence);
    if (behind && !late) return;
    clearTimeout(this.#regained);
    this.#regained = undefined;
    this.#emit('gained');
  }

  async #guard(request) {
    try {
      return await request();
    } catch (error) {
      this.#isOver(error);
      throw error;
    }
  }
}
