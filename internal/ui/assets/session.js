// A customer's chat over the wire protocol: the same calls and frames as ChatJS,
// without dependencies. It reconnects by itself and then reads what it missed,
// so its listener gets every item once and in order.

async function call(path, token, body) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(token && { 'X-Amz-Bearer': token }) },
    body: JSON.stringify(body),
  });
  return read(answer);
}

const get = async (path, token) => read(await fetch(path, { headers: { 'X-Amz-Bearer': token } }));

async function read(answer) {
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  const type = answer.headers.get('x-amzn-errortype') || `HTTP ${answer.status}`;
  const said = body.message || body.Message || '';
  const why = (answer.headers.get('x-parley-debug-reason') || '').replace(`${type}: `, '');
  const reason = why.includes(said) ? why : `${said} (${why})`; // the reason often begins with the message
  throw Object.assign(new Error(`${type}: ${why ? reason : said}`), { status: answer.status });
}

export async function startChat(input) {
  return read(await fetch('/contact/chat', {
    method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(input),
  }));
}

/** The flows of an instance that a chat can begin with, by name. */
export async function listFlows(instance) {
  const flows = [];
  let next;
  do {
    const query = new URLSearchParams({ contactFlowTypes: 'CONTACT_FLOW', maxResults: 1000, ...(next && { nextToken: next }) });
    const page = await read(await fetch(`/contact-flows-summary/${instance}?${query}`));
    flows.push(...page.ContactFlowSummaryList);
    next = page.NextToken;
  } while (next);
  return flows.sort((a, b) => a.Name.localeCompare(b.Name));
}

export class Session {
  #start; #on; #socket; #token; #beat; #seen = new Set(); #over = false; #tries = 0;

  // on: { item(item), typing(item), state(text) }: the states are open, lost, ended, and
  // unknown, when the server knows nothing of the chat any more
  constructor(start, on) { this.#start = start; this.#on = on; }

  get participant() { return this.#start.ParticipantId; }

  async connect() {
    let details;
    try {
      details = await call('/participant/connection', this.#start.ParticipantToken, { Type: ['WEBSOCKET', 'CONNECTION_CREDENTIALS'] });
    } catch (e) {
      if (e.status === 403) return this.#finish(/has (ended|left)/.test(e.message) ? 'ended' : 'unknown'); // in development mode a refusal says why
      if (this.#tries++ === 0) throw e;
      return this.#again();
    }
    this.#token = details.ConnectionCredentials.ConnectionToken;
    const socket = this.#socket = new WebSocket(details.Websocket.Url);
    socket.onopen = () => {
      socket.send('{"topic":"aws/subscribe","content":{"topics":["aws/chat"]}}');
      clearInterval(this.#beat);
      this.#beat = setInterval(() => socket.send('{"topic":"aws/heartbeat"}'), 10000);
    };
    socket.onmessage = (m) => this.#frame(JSON.parse(m.data));
    socket.onclose = () => { if (socket === this.#socket && !this.#over) this.#again(); };
  }

  #again() {
    clearInterval(this.#beat);
    this.#on.state('lost');
    setTimeout(() => this.connect(), Math.random() * Math.min(15000, 500 * 2 ** this.#tries++));
  }

  async #frame(frame) {
    if (frame.topic === 'aws/subscribe') {
      this.#tries = 0;
      this.#on.state('open');
      await this.#catchUp();
    } else if (frame.topic === 'aws/chat') {
      this.#take(JSON.parse(frame.content));
    }
  }

  async #catchUp() {
    const items = [];
    let next;
    do {
      const page = await call('/participant/transcript', this.#token, { MaxResults: 100, ScanDirection: 'BACKWARD', SortOrder: 'DESCENDING', NextToken: next });
      items.push(...page.Transcript);
      next = page.NextToken;
    } while (next && !items.some((i) => this.#seen.has(i.Id)));
    items.reverse().forEach((i) => this.#take(i));
  }

  #take(item) {
    if (item.ContentType?.endsWith('.typing')) return this.#on.typing(item);
    if (item.Type === 'MESSAGEMETADATA' || this.#seen.has(item.Id)) return;
    this.#seen.add(item.Id);
    this.#on.item(item);
    if (item.ContentType?.endsWith('.chat.ended')) this.#finish();
  }

  #finish(state = 'ended') {
    this.#over = true;
    clearInterval(this.#beat);
    this.#socket?.close(1000);
    this.#on.state(state);
  }

  send(text, type = 'text/plain') { return call('/participant/message', this.#token, { ContentType: type, Content: text, ClientToken: crypto.randomUUID() }); }
  async view(token) { return (await get(`/participant/views/${encodeURIComponent(token)}`, this.#token)).View; }
  typing() { return call('/participant/event', this.#token, { ContentType: 'application/vnd.amazonaws.connect.event.typing' }); }
  end() { return call('/participant/disconnect', this.#token, {}); }

  async upload(file) {
    const begun = await call('/participant/start-attachment-upload', this.#token, {
      AttachmentName: file.name, AttachmentSizeInBytes: file.size, ContentType: file.type || 'application/octet-stream', ClientToken: crypto.randomUUID(),
    });
    const headers = new Headers(begun.UploadMetadata.HeadersToInclude);
    headers.delete('Content-Length');
    const put = await fetch(begun.UploadMetadata.Url, { method: 'PUT', headers, body: file });
    if (!put.ok) throw new Error(`the upload was refused: ${put.status}`);
    await call('/participant/complete-attachment-upload', this.#token, { AttachmentIds: [begun.AttachmentId], ClientToken: crypto.randomUUID() });
  }

  async download(id) { return (await call('/participant/attachment', this.#token, { AttachmentId: id })).Url; }
}
