// Runs in the browser: keeps ChatJS sessions by name, reports what their
// handlers are told and calls their methods for the test.
'use strict';

const handlers = [
  'onMessage', 'onTyping', 'onReadReceipt', 'onDeliveredReceipt', 'onConnectionEstablished', 'onConnectionLost', 'onConnectionBroken',
  'onEnded', 'onParticipantIdle', 'onParticipantReturned', 'onAutoDisconnection', 'onDeepHeartbeatSuccess', 'onDeepHeartbeatFailure',
  'onChatRehydrated',
];

const sessions = new Map();

/** What can be sent out of the page. */
const plain = (value) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

const encode = async (blob) => btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));

window.chat = {
  create(name, details, options) {
    const session = connect.ChatSession.create({ chatDetails: details, type: 'CUSTOMER', options, disableCSM: true });
    for (const handler of handlers) {
      session[handler]((event) => window.report(name, handler, plain(event?.data)));
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
