// Waiting for things to happen, always for a bounded time.

/** How long anything may take unless a call says otherwise: only what never comes takes so long, so a machine may be busy. */
export const patience = 120_000;

/** A list of what has happened, which tests read and wait on. */
export class Journal {
  #name;
  #order;
  #waiters = new Set();

  /** Entries stand in the order in which they are added; with order, a function as sort takes it, in that one. */
  constructor(name, order) {
    this.#name = name;
    this.#order = order;
    this.entries = [];
  }

  add(entry) {
    this.entries.push(entry);
    if (this.#order) this.entries.sort(this.#order);
    for (const look of [...this.#waiters]) look();
  }

  /** Entries that fit, so far. */
  all(fits = () => true) {
    return this.entries.filter(fits);
  }

  /** Resolves with the first entry that fits, whether it is there already or comes. */
  async first(fits, what, ms = patience) {
    return (await this.atLeast(1, fits, what, ms))[0];
  }

  /** Resolves with the entries that fit once there are n of them. */
  atLeast(n, fits, what, ms = patience) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.all(fits);
        if (found.length < n) return;
        clearTimeout(timer);
        this.#waiters.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(look);
        const last = this.entries.slice(-8).map((e) => JSON.stringify(e)?.slice(0, 300)).join('\n  ');
        reject(new Error(`${this.#name}: no ${what} within ${ms} ms (${this.all(fits).length} of ${n}); the last of ${this.entries.length}:\n  ${last}`));
      }, ms);
      this.#waiters.add(look);
      look();
    });
  }
}

/** Asks again and again until check gives something true. For states that nobody announces. */
export async function until(what, check, ms = patience) {
  const deadline = Date.now() + ms;
  for (;;) {
    const got = await check();
    if (got) return got;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
