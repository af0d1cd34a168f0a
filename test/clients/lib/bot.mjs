// A bot for contact flows behind HTTP, which answers as Lex V2 does.
import { createServer } from 'node:http';
import { Journal } from './journal.mjs';

export class Bot {
  /** What customers said. */
  heard = new Journal('utterances');
  #server;

  /** Answers what is said with the messages that says(text) gives, in the shape of RecognizeText; with none, the talk is over. */
  static async start(says) {
    const bot = new Bot();
    bot.#server = createServer(async (req, res) => {
      let body = '';
      for await (const chunk of req) body += chunk;
      const { text } = JSON.parse(body);
      bot.heard.add(text);
      const messages = says(text);
      res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({
        messages,
        sessionState: { dialogAction: { type: messages ? 'ElicitIntent' : 'Close' }, intent: { name: 'Order', state: messages ? 'InProgress' : 'Fulfilled' } },
      }));
    });
    await new Promise((resolve) => bot.#server.listen(0, '127.0.0.1', resolve));
    bot.url = `http://127.0.0.1:${bot.#server.address().port}/`;
    return bot;
  }

  async stop() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
