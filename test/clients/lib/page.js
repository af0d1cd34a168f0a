// Runs in the browser: keeps ChatJS sessions by name, reports what their
// handlers are told and calls their methods for the test.
'use strict';

const handlers = [
  'onMessage', 'onTyping', 'onReadReceipt', 'onDeliveredReceipt', 'onConnectionEstablished', 'onConnectionLost', 'onConnectionBroken',
  'onEnded', 'onParticipantIdle', 'onParticipantReturned', 'onAutoDisconnection', 'onDeepHeartbeatSuccess', 'onDeepHeartbeatFailure',
  'onChatRehydrated',
];

const sessions = new Map();
let told = 0; // reports may overtake each other on their way out of the page

/** What can be sent out of the page. */
const plain = (value) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

const encode = async (blob) => btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));

/** Timers that wait for the test, by their handles. */
const held = new Map();
let holds = 0;

window.chat = {
  /** Keeps timers of a delay from firing until the test says that their time has come. */
  holdTimers(delay) {
    const { setTimeout, clearTimeout } = window;
    window.setTimeout = (callback, ms, ...args) => {
      if (ms !== delay) return setTimeout(callback, ms, ...args);
      const handle = `held ${++holds}`;
      held.set(handle, () => callback(...args));
      return handle;
    };
    window.clearTimeout = (handle) => held.delete(handle) || clearTimeout(handle);
  },

  /** Fires the timers that are held, and says how many there were. */
  fireTimers() {
    const due = [...held.values()];
    held.clear();
    due.forEach((fire) => fire());
    return due.length;
  },

  /** How many times handlers have been told something. */
  told: () => told,

  create(name, details, options) {
    const session = connect.ChatSession.create({ chatDetails: details, type: 'CUSTOMER', options, disableCSM: true });
    for (const handler of handlers) {
      session[handler]((event) => window.report(name, ++told, handler, plain(event?.data)));
    }
    sessions.set(name, session);
  },

  /** Calls a method and gives back {value} or {error}. */
  async call(name, method, args) {
    try {
      const value = await sessions.get(name)[method](args);
      return { value: value instanceof Blob ? { type: value.type, base64: await encode(value) } : plain(value) };
    } catch (error) {
      return { error: plain(error) };
    }
  },

  attach(name, file) {
    const bytes = Uint8Array.from(atob(file.base64), (c) => c.charCodeAt(0));
    return this.call(name, 'sendAttachment', { attachment: new File([bytes], file.name, { type: file.type }) });
  },

  configure(config) {
    connect.ChatSession.setGlobalConfig(config);
  },
};
