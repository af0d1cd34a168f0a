// A participant's WebSocket without ChatJS, for looking at single frames.
import WebSocket from 'ws';
import { Journal } from './journal.mjs';

export const subscribeFrame = '{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}';

export class Socket {
  #socket;

  /** Opens a socket, with further options of ws; rejects when the handshake is refused. */
  static open(url, options) {
    const socket = new Socket();
    socket.frames = new Journal('frames');
    socket.items = new Journal('items');
    socket.closed = new Promise((resolve) => { socket.ended = resolve; });
    return new Promise((resolve, reject) => {
      const ws = new WebSocket(url, options);
      socket.#socket = ws;
      ws.on('open', () => resolve(socket));
      ws.on('error', reject);
      ws.on('close', (code) => socket.ended(code));
      ws.on('message', (data) => {
        const frame = JSON.parse(data.toString());
        socket.frames.add(frame);
        if (frame.topic === 'aws/chat') socket.items.add(JSON.parse(frame.content));
      });
    });
  }

  /** Opens a socket and subscribes it to the chat. */
  static async subscribed(url) {
    const socket = await Socket.open(url);
    await socket.subscribe();
    return socket;
  }

  get open() {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(frame) {
    this.#socket.send(frame);
  }

  /** Subscribes and resolves with the reply. */
  subscribe(frame = subscribeFrame) {
    this.send(frame);
    return this.frames.first((f) => f.topic === 'aws/subscribe', 'reply to subscribe');
  }

  /** Sends a ping and resolves when it is answered: what was sent before has arrived. */
  async ping() {
    const before = this.frames.all((f) => f.topic === 'aws/ping').length;
    this.send('{"topic":"aws/ping"}');
    return (await this.frames.atLeast(before + 1, (f) => f.topic === 'aws/ping', 'reply to ping')).at(-1);
  }

  item(fits, what) {
    return this.items.first(fits, what);
  }

  close() {
    this.#socket.close();
    return this.closed;
  }
}
