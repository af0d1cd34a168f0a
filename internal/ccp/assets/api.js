// The agent's API over HTTP, and the session of this document.
import { ApiError, uuid } from './error.js';

/** Where the server is: the pages are at its root, or a directory below. */
export const root = new URL(document.body.dataset.root, document.baseURI);

/**
 * Sends JSON and reads JSON. What does not get there is tried a second time: operations of the agent's API may be repeated.
 * @param {string} method
 * @param {string} path Below the root.
 * @param {{token?: string, body?: object}} [request]
 */
export async function call(method, path, { token, body } = {}) {
  const request = () => fetch(new URL(path, root), {
    method,
    headers: { ...(body && { 'Content-Type': 'application/json' }), ...(token && { 'X-Amz-Bearer': token }) },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  let answer;
  try {
    answer = await request().catch(request);
  } catch {
    throw new ApiError('SendDataFailedException', 'The server does not answer. Try again when it does.');
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const type = answer.headers.get('X-Amzn-Errortype') || said.__type || 'InternalServiceException';
  throw new ApiError(type, said.message || said.Message || `The server answers ${answer.status}.`, answer.status);
}

/** The API of one agent who is signed in. */
export class Api {
  #token;

  /** @param {string} token The SessionToken. */
  constructor(token) {
    this.#token = token;
  }

  /** @param {string} method @param {string} path Below /agent. @param {object} [body] */
  #call(method, path, body) {
    return call(method, `agent${path}`, { token: this.#token, body });
  }

  agent() { return this.#call('GET', ''); }
  stream() { return this.#call('POST', '/stream', {}); }
  status(AgentStatusId) { return this.#call('PUT', '/status', { AgentStatusId }); }
  broadcast(Content) { return this.#call('POST', '/broadcast', { Content }); }
  attributes(contact, Attributes) { return this.#call('PUT', `/contacts/${encodeURIComponent(contact)}/attributes`, { Attributes }); }

  /** @param {string} contact @param {'accept' | 'reject' | 'leave' | 'end' | 'clear' | 'chat-token'} what */
  contact(contact, what) { return this.#call('POST', `/contacts/${encodeURIComponent(contact)}/${what}`, {}); }

  transfer(contact, QuickConnectId) { return this.#call('POST', `/contacts/${encodeURIComponent(contact)}/transfer`, { QuickConnectId, ClientToken: uuid() }); }
  invite(contact, QuickConnectId) { return this.#call('POST', `/contacts/${encodeURIComponent(contact)}/participants`, { QuickConnectId }); }
  remove(contact, who) { return this.#call('POST', `/contacts/${encodeURIComponent(contact)}/participants/${encodeURIComponent(who)}/remove`, {}); }
  monitor(contact, TargetMonitorMode) { return this.#call('PUT', `/contacts/${encodeURIComponent(contact)}/monitor`, { TargetMonitorMode }); }

  quickResponses(query) { return this.#call('POST', '/quick-responses/search', query); }

  /** Where contacts of these queues can go: a page. */
  quickConnects(queues, nextToken, maxResults) {
    const query = new URLSearchParams([...queues.map((arn) => ['queueId', arn]), ['maxResults', maxResults], ...(nextToken ? [['nextToken', nextToken]] : [])]);
    return this.#call('GET', `/quick-connects?${query}`);
  }

  /** A connection of the agent's to a chat that he has accepted: {ConnectionToken, Expiry}. */
  async connection(participantToken) {
    const out = await call('POST', 'participant/connection', { token: participantToken, body: { Type: ['CONNECTION_CREDENTIALS'] } });
    return out.ConnectionCredentials;
  }

  /** Ends the session. */
  signOut() { return this.#call('POST', '/sign-out', {}); }
}

/**
 * Gives this document its session: by a code, by a token of SignIn, or by the cookie.
 * @param {{Origin?: string, Code?: string, SessionToken?: string}} by
 * @returns {Promise<string>} The SessionToken.
 */
export async function takeUp(by) {
  const { SessionToken } = await call('POST', 'ccp-v2/session', { body: { Instance: document.body.dataset.instance, ...by } });
  return SessionToken;
}

/** A code with which a frame takes up the session of a token, once. */
export async function codeFor(SessionToken) {
  const { Code } = await call('POST', 'ccp-v2/code', { body: { Instance: document.body.dataset.instance, SessionToken } });
  return Code;
}
