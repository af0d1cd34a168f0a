// The conduit of amazon-connect-streams: messages {event, data} between this frame and the page around it.
import { ApiError, uuid } from './error.js';
import { unknown } from './commands.js';
import { updateOf } from './shape.js';

/** What Streams sends of its own doings, several for each thing it does: dropped before anything is looked at. */
const chatty = new Set([
  'log', 'server_bound_internal_log', 'send_logs', 'client_side_logs', 'api_metric', 'client_metric', 'click_stream_data', 'softphone_stats', 'softphone_report', 'iframe_style',
]);

const echoWait = 1_000; // ms for a page to say that it has accepted a contact
const holdUp = 2_000; // ms for the server to answer, before what else happens is told all the same

const after = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** The frame's end of a conduit, for one agent who is signed in. */
export class Conduit {
  #desk;
  #api;
  #commands;
  #masters;
  #origin;
  #id = uuid();
  #heard = new Map(); // by contacts that have been accepted: who waits for the page to say so
  #stopped = false;

  /**
   * @param {{desk: import('./desk.js').Desk, api: import('./api.js').Api, commands: Record<string, Function>,
   *   masters: import('./masters.js').Masters, origin: string, configure: (settings: any) => void, terminate: () => Promise<void>}} with_
   */
  constructor({ desk, api, commands, masters, origin, configure, terminate }) {
    Object.assign(this, { configure, terminate });
    this.#desk = desk;
    this.#api = api;
    this.#commands = commands;
    this.#masters = masters;
    this.#origin = origin;
  }

  start() {
    const desk = this.#desk;
    desk.on('view', () => this.#update());
    desk.on('item', ({ Frame }) => this.send('webSocket::all_message', Frame));
    desk.on('open', () => this.send('webSocket::connection_open', {}));
    desk.on('lost', () => {
      this.send('webSocket::connection_lost', {});
      this.send('agent::websocket_connection_lost');
    });
    desk.on('gained', () => {
      this.send('webSocket::connection_gain', {});
      this.send('agent::websocket_connection_gained');
    });
    desk.on('broadcast', (content) => {
      const { from, event, data } = said(content);
      if (event && from !== this.#id) this.send(event, data);
    });
    addEventListener('message', this.#receive);
    this.send('acknowledge', { id: this.#id });
  }

  /** Ends it; with an event as the last thing that the page hears. */
  stop(event, data) {
    if (event) this.send(event, data);
    this.#stopped = true;
    removeEventListener('message', this.#receive);
  }

  /** @param {string} event @param {any} [data] */
  send(event, data) {
    if (!this.#stopped) parent.postMessage(data === undefined ? { event } : { event, data }, this.#origin);
  }

  #update() {
    if (this.#desk.snapshot) this.send('agent::update', updateOf(this.#desk));
  }

  #receive = ({ source, origin, data: message }) => {
    if (source !== parent || origin !== this.#origin || typeof message?.event !== 'string' || chatty.has(message.event)) return;
    const { event, data } = message;
    switch (event) {
      case 'synchronize': return this.send('acknowledge');
      case 'api_request': return this.#answer(data);
      case 'master_request': return this.#master(data);
      case 'broadcast': return this.#broadcast(data);
      case 'webSocket::subscribe': return this.send('webSocket::subscription_update', { topics: data });
      case 'configure': return this.configure(data ?? {});
      case 'reload_agent_configuration': return this.#update();
      case 'tab_id': return this.send('update_connected_ccps', { length: 1, tabId: data?.tabId, streamsTabsAcrossBrowser: data?.streamsTabsAcrossBrowser });
      case 'media_device_request': return this.send('media_device_response', []);
      case 'terminate': return this.terminate();
      default: return undefined; // of other channels and regions, or for nobody
    }
  };

  async #answer({ requestId, method, params }) {
    const respond = (data, err) => this.send('api_response', { event: 'api_response', requestId, data, err });
    const run = async () => {
      try {
        respond(await (Object.hasOwn(this.#commands, method) ? this.#commands[method] : () => unknown(method))(params ?? {}), null);
        return true;
      } catch (error) {
        respond(null, JSON.stringify(failure(error)));
        return false;
      }
    };
    const done = run();
    // The page tells all others that it has accepted as soon as it knows: the contact is not connected before that.
    if (method === 'acceptContact') this.#desk.first(() => Promise.race([done.then((ok) => ok && this.#echo(params?.contactId)), after(holdUp)]));
    return done;
  }

  /** Resolves when the page broadcasts that it has accepted a contact, or does not for a while. */
  #echo(contactId) {
    const heard = new Promise((resolve) => { this.#heard.set(contactId, resolve); });
    return Promise.race([heard, after(echoWait)]).then(() => this.#heard.delete(contactId));
  }

  async #master({ requestId, method, params }) {
    const data = await this.#masters.ask(method, params?.topic, this.#id);
    this.send('master_response', { event: 'master_response', requestId, err: null, data });
  }

  /** Says something to all pages of this agent: here at once, elsewhere through the server. */
  #broadcast({ event, data }) {
    if (chatty.has(event)) return;
    this.send(event, data);
    if (event.startsWith('contact::accepted')) for (const [id, resolve] of this.#heard) if (event.includes(id)) resolve();
    const content = JSON.stringify({ from: this.#id, event, data });
    if (content.length <= 4096) this.#api.broadcast(content).catch(() => {}); // it is lost for other tabs, as when they are not there
  }
}

/** What a page of this kind has broadcast; nothing of what another client of the agent says, which may be any text. */
function said(content) {
  try {
    return JSON.parse(content) ?? {};
  } catch {
    return {};
  }
}

/** An error as Streams hands it on: text of JSON. */
function failure(error) {
  if (!(error instanceof ApiError)) return { type: 'InternalServiceException', message: String(error), statusCode: 500 };
  return { type: error.type, message: error.message, statusCode: error.status };
}
