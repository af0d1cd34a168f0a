// A webhook: where a streaming endpoint of a chat leads to.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { Journal } from './journal.mjs';

export class Hook {
  /** What arrived, as {item, attributes, signed}: signed is whether the signature fits the secret. */
  heard = new Journal('notifications');
  #server;

  static async start(secret) {
    const hook = new Hook();
    hook.#server = createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      res.writeHead(200).end();
      const envelope = JSON.parse(body);
      const [, t, v1] = /^t=(\d+),v1=([0-9a-f]+)$/.exec(req.headers['x-parley-signature']) ?? [];
      const signed = v1 === createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
      hook.heard.add({ item: JSON.parse(envelope.Message), attributes: envelope.MessageAttributes, signed });
    });
    await new Promise((resolve) => hook.#server.listen(0, '127.0.0.1', resolve));
    hook.url = `http://127.0.0.1:${hook.#server.address().port}/hook`;
    return hook;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
