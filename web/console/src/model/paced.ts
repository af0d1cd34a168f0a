// Tells React that something has changed, at most ten times a second however often it does.

/** What is shown, and changes more often than anybody can see. */
export class Paced {
  #listeners = new Set<() => void>();
  #version = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #told = 0;

  /** For useSyncExternalStore. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** For useSyncExternalStore: another one when something has changed and was told. */
  readonly version = (): number => this.#version;

  /** Has the change be told: at once after a time of quiet, otherwise when a tenth of a second is over. */
  protected changed(): void {
    if (this.#timer !== undefined) return;
    const wait = Math.max(0, this.#told + 100 - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#told = performance.now();
      this.#version++;
      for (const listener of this.#listeners) listener();
    }, wait);
  }
}
