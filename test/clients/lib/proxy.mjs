// A reverse proxy between a browser and a Parley: it writes down every request
// as the server gets it, and makes networks fail on demand.
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import { Journal } from './journal.mjs';

const closeOpcode = 0x88;

export class Proxy {
  #server;
  #target;
  #gate = null; // that handshakes wait at
  #relayed = new Set();
  #abandoned = new Set(); // the server's ends of connections without the client's

  /** Requests that were answered: {method, path, headers, body, at, status, answer, answerHeaders}. */
  requests = new Journal('requests');
  /** What became of sockets: {event: 'opened', path} and {event: 'closed', path, closeCode}, the code being the client's. */
  sockets = new Journal('sockets');
  /** Called with each request before it is forwarded. What it returns changes its fate: {status, headers, body}
   * answers in place of the server; with forward: true only after the server has done its work. */
  intercept = async () => undefined;

  static async start() {
    const proxy = new Proxy();
    proxy.#server = createServer((req, res) => proxy.#relay(req, res).catch(() => res.destroy()));
    proxy.#server.on('upgrade', (req, socket, head) => proxy.#upgrade(req, socket, head));
    await new Promise((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    proxy.address = `http://127.0.0.1:${proxy.#server.address().port}`;
    return proxy;
  }

  /** Names the server to relay to. */
  to(address) {
    this.#target = new URL(address);
  }

  /** The requests of an operation's path, with preflights left out. */
  calls(path) {
    return this.requests.all((r) => r.path.endsWith(path) && r.method !== 'OPTIONS');
  }

  async #relay(req, res) {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const entry = { method: req.method, path: req.url, headers: req.headers, body: body.toString(), at: Date.now() };
    const fate = await this.intercept(entry);
    if (fate && !fate.forward) {
      entry.status = fate.status;
      res.writeHead(fate.status, fate.headers).end(fate.body);
      this.requests.add(entry);
      return;
    }
    const answer = await this.#forward(req, body);
    entry.status = fate?.status ?? answer.status;
    entry.answer = answer.body.toString();
    entry.answerHeaders = answer.headers;
    if (fate) res.writeHead(fate.status, fate.headers).end(fate.body);
    else res.writeHead(answer.status, answer.headers).end(answer.body);
    this.requests.add(entry);
  }

  /** The server's path of a request: what stands before the API's own paths is the proxy's. */
  #path(url) {
    return url.startsWith('/base/') ? url.slice('/base'.length) : url;
  }

  #forward(req, body) {
    return new Promise((resolve, reject) => {
      const { hostname, port } = this.#target;
      const onward = request({ hostname, port, method: req.method, path: this.#path(req.url), headers: req.headers, agent: false }, async (res) => {
        const chunks = [];
        try {
          for await (const chunk of res) chunks.push(chunk);
          const { connection, 'transfer-encoding': _, ...headers } = res.headers;
          resolve({ status: res.statusCode, headers, body: Buffer.concat(chunks) });
        } catch (error) {
          reject(error);
        }
      });
      onward.on('error', reject);
      onward.end(body);
    });
  }

  async #upgrade(req, client, head) {
    const socket = { path: req.url, client };
    client.on('error', () => {});
    await this.#gate?.promise;
    const { hostname, port } = this.#target;
    const server = connect(Number(port), hostname, () => {
      const headers = req.rawHeaders.reduce((text, v, i) => text + v + (i % 2 ? '\r\n' : ': '), '');
      server.write(`GET ${this.#path(req.url)} HTTP/1.1\r\n${headers}\r\n`);
      server.write(head);
      client.pipe(server);
      server.pipe(client);
    });
    socket.server = server;
    server.on('error', () => client.destroy());
    client.on('data', (chunk) => {
      if (chunk[0] === closeOpcode) socket.closeCode = readCloseCode(chunk);
    });
    client.on('close', () => {
      if (!socket.abandoned) server.destroy();
      this.#relayed.delete(socket);
      this.sockets.add({ event: 'closed', path: socket.path, closeCode: socket.closeCode });
    });
    this.#relayed.add(socket);
    this.sockets.add({ event: 'opened', path: socket.path });
  }

  /** Forgets what was written down, and lets everything pass again. */
  clear() {
    this.requests.entries.length = 0;
    this.sockets.entries.length = 0;
    this.intercept = async () => undefined;
    this.#gate?.open();
  }

  /** Breaks all connections of sockets without a word, as a failing network does. */
  kill() {
    for (const { client } of this.#relayed) client.destroy();
  }

  /** Cuts the clients' ends of all sockets and leaves the server's open, as the network does that a phone
   * has left: what the server sends goes nowhere, and it hears of no end. */
  abandon() {
    for (const socket of this.#relayed) {
      socket.abandoned = true;
      socket.server.unpipe(socket.client);
      socket.client.unpipe(socket.server);
      socket.server.resume();
      this.#abandoned.add(socket.server);
      socket.server.once('close', () => this.#abandoned.delete(socket.server));
      socket.client.destroy();
    }
  }

  /** How many of the abandoned connections the server still holds. */
  get halfOpen() {
    return this.#abandoned.size;
  }

  /** Closes all sockets as a server does that sends a close frame with a code. */
  closeSockets(code) {
    for (const { client, server } of this.#relayed) {
      server.unpipe(client);
      client.write(Buffer.from([closeOpcode, 2, code >> 8, code & 0xff]));
      client.once('data', () => client.end()); // the client's own close frame
    }
  }

  /** Lets handshakes wait until the returned function is called. */
  holdSockets() {
    const gate = {};
    gate.promise = new Promise((resolve) => {
      gate.open = () => {
        this.#gate = null;
        resolve();
      };
    });
    this.#gate = gate;
    return gate.open;
  }

  async stop() {
    this.kill();
    this.#abandoned.forEach((server) => server.destroy());
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The code of a client's close frame, which is masked; 1005 when it has none. */
function readCloseCode(frame) {
  if ((frame[1] & 0x7f) < 2) return 1005;
  const mask = frame.subarray(2, 6);
  return ((frame[6] ^ mask[0]) << 8) | (frame[7] ^ mask[1]);
}
