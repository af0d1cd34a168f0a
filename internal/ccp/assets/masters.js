// Which of the tabs of a browser is the master for a topic of Streams. They agree among themselves, over a BroadcastChannel: a frame on
// another site may have no locks and no storage where cookies of third parties are blocked, and no shared worker is needed.
import { uuid } from './error.js';

const patience = 1_000; // ms for another tab to say that it is the master: tabs in the background are slow

export class Masters {
  #channel = new BroadcastChannel('parley masters');
  #id = uuid();
  #held = new Set();
  #asking = new Map(); // by topic: the answer that is waited for

  constructor() {
    this.#channel.onmessage = ({ data }) => this.#receive(data);
  }

  #receive({ what, topic, from }) {
    switch (what) {
      case 'ask':
        // Of two who ask at the same time, the one with the lower id is the master. The other may have asked before this one could hear it.
        if (this.#held.has(topic) || (this.#asking.has(topic) && this.#id < from)) this.#say('mine', topic);
        else this.#asking.get(topic)?.settle(false);
        break;
      case 'take':
        this.#held.delete(topic);
        // falls through: who takes it, has it
      case 'mine':
        this.#asking.get(topic)?.settle(false);
        if (from < this.#id) this.#held.delete(topic); // it was too slow to say so before
        break;
      default: // of another version
    }
  }

  #say(what, topic) {
    this.#channel.postMessage({ what, topic, from: this.#id });
  }

  /**
   * Answers a master request.
   * @param {'checkMaster' | 'becomeMaster'} method
   * @param {string} topic
   * @param {string} masterId What this frame is called in the answer.
   */
  async ask(method, topic, masterId) {
    const take = method === 'becomeMaster';
    if (take) {
      this.#held.add(topic);
      this.#say('take', topic);
    }
    const isMaster = take || await this.#check(topic);
    return { masterId: isMaster ? masterId : null, isMaster, topic, ...(take && { takeOver: true }) };
  }

  #check(topic) {
    if (this.#held.has(topic)) return Promise.resolve(true);
    if (!this.#asking.has(topic)) {
      const asking = {};
      asking.answer = new Promise((resolve) => {
        asking.settle = resolve;
        setTimeout(resolve, patience, true);
      }).then((mine) => {
        this.#asking.delete(topic);
        if (mine) this.#held.add(topic);
        return mine;
      });
      this.#asking.set(topic, asking);
      this.#say('ask', topic);
    }
    return this.#asking.get(topic).answer;
  }

  /** Gives all back. */
  stop() {
    this.#held.clear();
    this.#channel.close();
  }
}
