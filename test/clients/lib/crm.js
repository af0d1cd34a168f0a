// Runs in the browser, on a page that embeds the agent's page with amazon-connect-streams: reports to the test what
// Streams tells it, and does what the test says.
'use strict';

const contactEvents = ['onRefresh', 'onIncoming', 'onConnecting', 'onAccepted', 'onConnected', 'onMissed', 'onACW', 'onEnded', 'onError', 'onDestroy'];
const agentEvents = ['onStateChange', 'onRoutable', 'onNotRoutable', 'onOffline', 'onError', 'onEnqueuedNextState', 'onClearedNextState', 'onAfterCallWork', 'onWebSocketConnectionLost', 'onWebSocketConnectionGained'];
const sessionEvents = ['onMessage', 'onTyping', 'onReadReceipt', 'onDeliveredReceipt', 'onConnectionEstablished', 'onConnectionLost', 'onConnectionBroken', 'onEnded'];

let n = 0;
const plain = (value) => (value === undefined ? null : JSON.parse(JSON.stringify(value)));
const tell = (who, event, data) => window.report({ n: ++n, at: Date.now(), who, event, data: plain(data) });

const contacts = new Map();
const sessions = new Map();

/** Resolves or rejects as a method of Streams says by its callbacks. */
const called = (call) => new Promise((resolve, reject) => call({
  success: (data) => resolve(plain(data)),
  failure: (error) => reject(new Error(typeof error === 'string' ? error : JSON.stringify(error))),
}));

const outcome = async (promise) => {
  try {
    return { value: plain(await promise) };
  } catch (error) {
    try {
      return { error: JSON.parse(error.message) };
    } catch {
      return { error: plain({ message: error.message, ...error }) };
    }
  }
};

window.crm = {
  told: () => n,

  /** Begins: options are those of initCCP. */
  begin(options, { media = true } = {}) {
    connect.getLog().setEchoLevel(connect.LogLevel.ERROR); // a browser that is watched keeps what is written to the console
    connect.core.initCCP(document.getElementById('ccp'), options);
    connect.ChatSession.setGlobalConfig({ endpoint: new URL(options.ccpUrl).origin, loggerConfig: { level: 4 } });
    const bus = connect.core.getEventBus();
    for (const event of ['ack_timeout', 'auth_fail', 'terminated', 'access_denied', 'iframe_retries_exhausted']) {
      bus.subscribe(connect.EventType[event.toUpperCase()], () => tell('streams', event));
    }
    connect.agent((agent) => {
      window.agent = agent;
      tell('agent', 'agent', agent.getName());
      for (const event of agentEvents) {
        if (typeof agent[event] === 'function') agent[event]((data) => tell('agent', event, data && { newState: data.newState, oldState: data.oldState }));
      }
    });
    connect.contact((contact) => {
      const id = contact.getContactId();
      contacts.set(id, contact);
      tell(id, 'contact', contact.getState().type);
      for (const event of contactEvents) contact[event](() => tell(id, event));
      contact.onACW(() => contact.getAgentConnection()); // desks look at it, and Streams lets go of the chat session then
      contact.onDestroy(() => contacts.delete(id));
      if (media) {
        contact.onConnected(async () => {
          try {
            const session = await contact.getAgentConnection().getMediaController();
            sessions.set(id, session);
            for (const event of sessionEvents) session[event]((data) => tell(id, `session ${event}`, data?.data));
            tell(id, 'media');
          } catch (error) {
            tell(id, 'no media', String(error));
          }
        });
        contact.onDestroy(() => sessions.delete(id));
      }
    });
  },

  /** Calls a method of the agent, {value} or {error}. */
  agent: (method, ...args) => outcome(called((callbacks) => agent[method](...args, callbacks))),

  setState(name, options) {
    const state = agent.getAgentStates().find((s) => s.name === name);
    return outcome(called((callbacks) => agent.setState(state, callbacks, options)));
  },

  contact: (id, method, ...args) => outcome(called((callbacks) => contacts.get(id)[method](...args, callbacks))),

  /** The agent leaves a contact, as desks have him do. */
  leave: (id) => outcome(called((callbacks) => contacts.get(id).getAgentConnection().destroy(callbacks))),

  session: (id, method, args) => outcome(Promise.resolve().then(() => sessions.get(id)[method](args))),

  /** Calls any method of the client. */
  call: (method, params) => outcome(called((callbacks) => connect.core.getClient().call(method, params, callbacks))),

  /** Empties the logs that Streams keeps of itself: for an hour at most, or for ever (those for Amazon's servers, and each text that it has ever
   * formatted). */
  forgetLogs() {
    const log = connect.getLog();
    for (const list of [log._logs, log._rolledLogs, log._serverBoundInternalLogs]) list.length = 0;
    for (const text of Object.keys(connect.sprintf.cache)) delete connect.sprintf.cache[text];
  },

  /** What Streams knows. */
  look: (path) => plain(new Function('return ' + path)()),
};
