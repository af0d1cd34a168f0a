// The message channel of the @amazon-connect packages, which Streams brings along: requests and subscriptions from the page
// around this frame, over a MessagePort that the frame gives it.
import { ApiError, uuid } from './error.js';
import { queries } from './sdk-queries.js';

const most = 1_000; // topics that a page may subscribe to

export class Channel {
  #desk;
  #origin;
  #answers;
  #port;
  #topics = new Map();
  #was; // the view before
  #counter = 0;
  #network = { status: 'connecting', timestamp: Date.now() };

  /** @param {{desk: import('./desk.js').Desk, commands: Record<string, Function>, origin: string}} with_ */
  constructor({ desk, commands, origin }) {
    this.#desk = desk;
    this.#origin = origin;
    this.#answers = queries(desk, commands, () => this.#network);
  }

  /** Offers the channel as soon as there is something to tell. */
  start() {
    this.#desk.on('view', () => {
      if (!this.#port) this.#open();
      this.#compare();
    });
    this.#desk.on('open', () => this.#connection('connected'));
    this.#desk.on('lost', () => this.#connection('connecting'));
  }

  stop() {
    this.#port?.close();
  }

  #open() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => this.#receive(data);
    parent.postMessage({ type: 'cross-domain-adapter-init' }, this.#origin, [port2]);
  }

  #receive(message) {
    switch (message?.type) {
      case 'cross-domain-site-ready':
        return this.#send({ type: 'acknowledge', connectionId: uuid(), status: { initialized: true, startTime: new Date() }, healthCheckInterval: 0 });
      case 'request': return this.#answer(message);
      case 'subscribe': {
        if (this.#topics.size < most) this.#topics.set(JSON.stringify(message.topic), message.topic);
        return undefined;
      }
      case 'unsubscribe': return this.#topics.delete(JSON.stringify(message.topic));
      case 'healthCheck': return this.#send({ type: 'healthCheckResponse', time: Date.now(), counter: ++this.#counter });
      default: return undefined; // logs and metrics
    }
  }

  #send(message) {
    this.#port.postMessage(message);
  }

  async #answer({ namespace, command, requestId, data }) {
    const respond = (rest) => this.#send({ type: 'response', namespace, requestId, ...rest });
    try {
      const answer = this.#answers(namespace, command);
      if (!answer) throw new ApiError('noHandler', `Parley does not know the command ${command} of ${namespace}.`);
      respond({ isError: false, data: (await answer(data ?? {})) ?? {} });
    } catch (error) {
      respond({ isError: true, errorKey: error.type ?? 'internal', reason: error.message, details: { command, requestData: data } });
    }
  }

  /** Tells those who have subscribed to a key: to all of it, or to this parameter. */
  #publish(key, data, parameter) {
    for (const topic of this.#topics.values()) {
      if (topic.key === key && (topic.parameter === undefined || topic.parameter === parameter)) this.#send({ type: 'publish', topic, data });
    }
  }

  #connection(status) {
    this.#network = { status, timestamp: Date.now() };
    if (this.#port) this.#publish('agent/networkConnectionStatusChanged', this.#network);
  }

  /** Publishes what has changed since the view before. */
  #compare() {
    const now = this.#answers.view();
    const was = this.#was ?? now;
    this.#was = now;
    this.#compareAgent(was, now);
    for (const [id, contact] of now.contacts) this.#compareContact(was.contacts.get(id), contact);
    for (const [id, { event, participants }] of was.contacts) {
      if (now.contacts.has(id)) continue;
      for (const { participant } of participants.values()) this.#publish('contact/participantDisconnected', { participant }, id);
      for (const key of ['contact/cleared', 'contact/destroy']) this.#publish(key, event, id);
    }
  }

  #compareAgent(was, now) {
    if (was.state.agentStateARN !== now.state.agentStateARN) {
      this.#publish('agent/stateChange', { state: now.state.name, previous: { state: was.state.name } });
      this.#publish('agent/availabilityStateChanged', { state: now.state, previous: { state: was.state } });
    }
    if (was.nextState?.agentStateARN !== now.nextState?.agentStateARN) {
      this.#publish('agent/nextAvailabilityStateChanged', { nextState: now.nextState, ...(was.nextState && { previous: { nextState: was.nextState } }) });
    }
    if (JSON.stringify(was.profile) !== JSON.stringify(now.profile)) {
      this.#publish('agent/routingProfileChanged', { routingProfile: now.profile, previous: { routingProfile: was.profile } });
    }
    if (String(was.channels) !== String(now.channels)) {
      this.#publish('agent/enabledChannelListChanged', { enabledChannels: now.channels, previous: { enabledChannels: was.channels } });
    }
  }

  #compareContact(was, { event, state, participants }) {
    const id = event.contactId;
    const key = { connecting: 'contact/connecting', connected: 'contact/connected', ended: 'contact/acw', missed: 'contact/missed', rejected: 'contact/missed', error: 'contact/error' }[state];
    if (was?.state !== state && key) this.#publish(key, event, id);
    const before = was?.participants ?? new Map();
    for (const [participantId, p] of participants) {
      const old = before.get(participantId);
      if (!old) this.#publish('contact/participantAdded', { participant: p.participant }, id);
      if (old && old.state.value !== p.state.value) {
        this.#publish('contact/participantStateChanged', { participantId, contactId: id, state: p.state }, participantId);
        if (p.state.value === 'disconnected') this.#publish('contact/participantDisconnected', { participant: p.participant }, id);
      }
    }
    for (const [participantId, { participant }] of before) {
      if (!participants.has(participantId)) this.#publish('contact/participantDisconnected', { participant }, id);
    }
  }
}
