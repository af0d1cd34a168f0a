// What is the same for whoever calls the server: the console's pages have it from here too.

/** An error with the name and the sentence that the server gave it, or that of a request that did not get there. */
export class ApiError extends Error {
  /**
   * @param {string} type The name of the exception, such as InvalidStateException.
   * @param {string} message What to do, in a sentence.
   * @param {number} [status] Of the HTTP answer; none when there was no answer.
   * @param {Record<string, unknown>} [details] What else the exception says, such as the Permission that is missing.
   */
  constructor(type, message, status, details = {}) {
    super(message);
    this.type = type;
    this.status = status;
    this.details = details;
  }
}

/** A random id; browsers make them by themselves only where a connection is encrypted. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
