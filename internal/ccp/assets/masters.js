// Which of the tabs of a browser is the master for a topic of Streams: it has the topic's Web Lock. A browser without locks for frames, or
// with one tab, has masters only.

export class Masters {
  #held = new Map(); // by topic: release
  #stopped = false;

  /** Answers a master request. */
  async ask(method, topic, masterId) {
    const take = method === 'becomeMaster';
    const isMaster = await this.#acquire(String(topic), take);
    return { masterId: isMaster ? masterId : null, isMaster, topic, ...(take && { takeOver: isMaster }) };
  }

  #acquire(topic, steal) {
    if (this.#stopped) return Promise.resolve(false);
    if (this.#held.has(topic)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const hold = (lock) => {
        if (!lock) return resolve(false);
        return new Promise((release) => {
          this.#held.set(topic, release);
          resolve(true);
        });
      };
      const gone = () => {
        this.#held.delete(topic); // another tab has taken it
        resolve(false);
      };
      try {
        navigator.locks.request(`parley ${topic}`, steal ? { steal } : { ifAvailable: true }, hold).then(gone, ({ name }) => {
          if (name === 'SecurityError') resolve(true); // nor for this frame
          gone();
        });
      } catch {
        resolve(true); // no locks here
      }
    });
  }

  /** Gives all back. */
  stop() {
    this.#stopped = true;
    for (const release of this.#held.values()) release();
    this.#held.clear();
  }
}
