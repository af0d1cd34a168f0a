// One chat as an agent has it: what was said, what is being said, and who is writing.
import { caller, uuid, type Caller } from '../../../api/call';
import type { GetContactTranscriptResponse } from '../../../api/agent_gen';
import { routes, type Item, type Shapes } from '../../../api/participant_gen';
import { Paced } from './paced';

/** Something of the transcript that is shown. */
export interface Line {
  /** Never another one while the line is there. */
  readonly key: string;
  /** ms since 1970, by the server's clock. */
  at: number;
  item: Item;
  /** Of what this page sends. */
  pending?: 'sending' | 'failed';
  /** Why it was not sent. */
  failure?: string;
  /** 0 to 100, of a file that is on its way. */
  progress?: number;
  /** A supervisor's or an agent's word to the agents. */
  whisper?: boolean;
  again?: () => void;
}

/** The agent's part in a chat. */
export interface Part {
  /** Asks for the participant token. */
  token(): Promise<string>;
  /** Returns the agent's participant id. */
  own(): string | undefined;
  /** Reads a page of what was said in the current contact, newest first. */
  page(NextToken?: string): Promise<GetContactTranscriptResponse>;
}

const pageSize = 50;
/** How many pages are looked through for whispers. */
const whisperPages = 5;
/** How long somebody is shown as typing after a sign of it, and how often this page gives one, in ms. */
const typingLasts = 12_000;
const typingEvery = 8_000;
/** Lines that a chat keeps in the page; older ones are read again when they are asked for. */
const kept = 2_000;

const typingType = 'application/vnd.amazonaws.connect.event.typing';
const readType = 'application/vnd.amazonaws.connect.event.message.read';
const deliveredType = 'application/vnd.amazonaws.connect.event.message.delivered';

/** What a line is said by. */
const said = (item: Item) => item.Type === 'MESSAGE' || item.Type === 'ATTACHMENT';

export class Chat extends Paced {
  /** Oldest first; what is being sent is behind all else. */
  lines: Line[] = [];
  /** Whether there are lines before the first one that were not read yet. */
  older: 'unknown' | 'reading' | 'more' | 'none' = 'unknown';
  /** Messages that came while the chat was not in view. */
  unread = 0;
  /** What is in the message field. */
  draft = '';
  /** Since when the customer waits for an answer, in ms; undefined when it is not the agent's turn. */
  waitsSince: number | undefined;

  readonly id: string;
  #root: URL;
  #by: Part;
  #connection: { as: string | undefined; call: Promise<Caller<Shapes>> } | undefined;
  #known = new Map<string, Line>();
  #receipts = new Map<string, 'delivered' | 'read'>();
  #typing = new Map<string, { name: string; until: number }>();
  #before: string | undefined;
  #inView = false;
  #typed = 0;
  #readUpTo: string | undefined;

  /** @param id The first contact of its chain. */
  constructor(id: string, root: URL, by: Part) {
    super();
    this.id = id;
    this.#root = root;
    this.#by = by;
  }

  /** Whether a line is the agent's own. */
  mine(item: Item): boolean {
    return item.ParticipantId !== undefined && item.ParticipantId === this.#by.own();
  }

  /** What has become of a message of the agent's. */
  receipt(id: string | undefined): 'delivered' | 'read' | undefined {
    return id === undefined ? undefined : this.#receipts.get(id);
  }

  /** Who is writing now. */
  typing(now = Date.now()): string[] {
    return [...this.#typing.values()].filter((t) => t.until > now).map((t) => t.name);
  }

  /** The participant API, by a connection that is made once for each part that the agent has in the chat: it may come back to him. */
  #participant(): Promise<Caller<Shapes>> {
    const as = this.#by.own();
    const had = this.#connection;
    if (had && had.as === as) return had.call;
    const connection = { as, call: this.#connect() };
    this.#connection = connection;
    connection.call.catch(() => { if (this.#connection === connection) this.#connection = undefined; });
    return connection.call;
  }

  async #connect(): Promise<Caller<Shapes>> {
    const begin = caller<Shapes>(routes, { root: this.#root, bearer: await this.#by.token() });
    const { ConnectionCredentials } = await begin('CreateParticipantConnection', { Type: ['CONNECTION_CREDENTIALS'] });
    return caller<Shapes>(routes, { root: this.#root, bearer: ConnectionCredentials!.ConnectionToken! });
  }

  /** Takes a frame of the stream. */
  receive(item: Item, missed: boolean, forAgents: boolean): void {
    const type = item.ContentType ?? '';
    if ((item.Type as string) === 'MESSAGEMETADATA') { // on the wire, and not in the model
      this.#receive(item);
      this.changed();
      return;
    }
    if (type === typingType) {
      if (!this.mine(item)) this.#typing.set(item.ParticipantId ?? '', { name: item.DisplayName ?? '', until: Date.now() + typingLasts });
      setTimeout(() => this.changed(), typingLasts + 100);
      this.changed();
      return;
    }
    if (item.ParticipantId) this.#typing.delete(item.ParticipantId);
    const fresh = this.#take(item, forAgents && byPeople(item));
    if (fresh && said(item) && !this.mine(item) && item.ParticipantRole !== 'SYSTEM') {
      if (!this.#inView || document.hidden) this.unread++;
      if (!missed) void this.#receiptOf(item, this.#inView && !document.hidden ? readType : deliveredType);
    }
    this.#wait();
    this.#trim();
    this.changed();
  }

  #receive(item: Item): void {
    const about = item.MessageMetadata?.MessageId;
    if (!about) return;
    for (const receipt of item.MessageMetadata?.Receipts ?? []) {
      if (receipt.ReadTimestamp) this.#receipts.set(about, 'read');
      else if (receipt.DeliveredTimestamp && !this.#receipts.has(about)) this.#receipts.set(about, 'delivered');
    }
  }

  /** Puts an item where its time says, unless it is there. */
  #take(item: Item, whisper = false): boolean {
    const id = item.Id;
    if (!id || this.#known.has(id)) return false;
    if (item.MessageMetadata) this.#receive({ ...item, MessageMetadata: { ...item.MessageMetadata, MessageId: id } });
    const line: Line = { key: id, at: Date.parse(item.AbsoluteTime ?? '') || Date.now(), item, whisper };
    this.#known.set(id, line);
    let at = this.lines.length;
    for (let before = this.lines[at - 1]; before && (before.pending || before.at > line.at); before = this.lines[at - 1]) at--;
    this.lines = this.lines.toSpliced(at, 0, line);
    return true;
  }

  /** Since when the customer waits: since the first message after the agent's last. */
  #wait(): void {
    this.waitsSince = undefined;
    for (let i = this.lines.length - 1; i >= 0; i--) {
      const { item, at } = this.lines[i]!;
      if (!said(item)) continue;
      if (item.ParticipantRole === 'CUSTOMER') this.waitsSince = at;
      else if (item.ParticipantRole === 'AGENT' || item.ParticipantRole === 'SUPERVISOR') return;
    }
  }

  /** Lets go of the oldest lines of a very long chat while its end is in view. */
  #trim(): void {
    if (this.lines.length <= kept + pageSize) return;
    for (const line of this.lines.slice(0, -kept)) if (line.item.Id) this.#known.delete(line.item.Id);
    this.lines = this.lines.slice(-kept);
    this.older = 'more'; // what was let go is read again from the newest page on
    this.#before = undefined;
  }

  /** Reads what was said before the first line. */
  async readOlder(): Promise<void> {
    if (this.older === 'reading' || this.older === 'none') return;
    this.older = 'reading';
    this.changed();
    try {
      const call = await this.#participant();
      for (let fresh = 0; fresh === 0;) {
        const page = await call('GetTranscript', { SortOrder: 'DESCENDING', ScanDirection: 'BACKWARD', MaxResults: pageSize, ...(this.#before && { NextToken: this.#before }) });
        const whispers = await this.#whispersOf(page.Transcript ?? []);
        for (const item of page.Transcript ?? []) if (this.#take(item, whispers.has(item.Id ?? ''))) fresh++;
        this.#before = page.NextToken;
        if (!this.#before) break;
      }
      this.older = this.#before ? 'more' : 'none';
      this.#wait();
    } catch (error) {
      this.older = 'more';
      throw error;
    } finally {
      this.changed();
    }
  }

  /** Which of some items are whispers. Participants are not told; where several people of the centre speak, the agent's API is asked. */
  async #whispersOf(items: Item[]): Promise<Set<string>> {
    const whispers = new Set<string>();
    const speakers = new Set(items.filter(byPeople).map((item) => item.ParticipantId));
    if (speakers.size < 2 && !items.some((item) => item.ParticipantRole === 'SUPERVISOR')) return whispers;
    const oldest = items.reduce((least, item) => (item.AbsoluteTime && item.AbsoluteTime < least ? item.AbsoluteTime : least), '~');
    for (let NextToken: string | undefined, pages = 0; pages < whisperPages; pages++) {
      const page = await this.#by.page(NextToken);
      for (const item of page.Transcript) if (item.Visibility === 'AGENT') whispers.add(item.Id);
      NextToken = page.NextToken;
      if (!NextToken || (page.Transcript.at(-1)?.AbsoluteTime ?? '') < oldest) break;
    }
    return whispers;
  }

  /** Says whether the agent looks at the chat now. */
  view(inView: boolean): void {
    this.#inView = inView;
    if (!inView || document.hidden) return;
    this.unread = 0;
    const last = this.lines.findLast((l) => !l.pending && said(l.item) && l.item.ParticipantRole === 'CUSTOMER');
    if (last?.item.Id && last.item.Id !== this.#readUpTo) void this.#receiptOf(last.item, readType);
    this.changed();
  }

  /** Tells the customer that a message has come, or was read. A receipt that does not get there is not missed. */
  async #receiptOf(item: Item, ContentType: string): Promise<void> {
    if (item.ParticipantRole !== 'CUSTOMER' || !item.Id) return;
    if (ContentType === readType) this.#readUpTo = item.Id;
    try {
      const call = await this.#participant();
      await call('SendEvent', { ContentType, Content: JSON.stringify({ messageId: item.Id }) });
    } catch {
      // the next one says as much
    }
  }

  /** Gives a sign that the agent is writing, now and then. */
  async type(): Promise<void> {
    if (Date.now() - this.#typed < typingEvery) return;
    this.#typed = Date.now();
    try {
      const call = await this.#participant();
      await call('SendEvent', { ContentType: typingType });
    } catch {
      // the next one says as much
    }
  }

  /** A line of the agent's own that is on its way. */
  #pend(item: Partial<Item>): Line {
    const line: Line = { key: uuid(), at: Date.now(), pending: 'sending', item: { Type: 'MESSAGE', ParticipantRole: 'AGENT', ...item, ...(this.#by.own() && { ParticipantId: this.#by.own()! }) } };
    this.lines = [...this.lines, line];
    this.changed();
    return line;
  }

  #settle(line: Line, item: Partial<Item>): void {
    this.drop(line);
    this.#take({ ...line.item, ...item });
    this.#wait();
    this.changed();
  }

  #fail(line: Line, failure: string, again: () => void): void {
    Object.assign(line, { pending: 'failed', failure, again });
    this.lines = [...this.lines];
    this.changed();
  }

  /** Takes away a line that was not sent. */
  drop(line: Line): void {
    this.lines = this.lines.filter((l) => l !== line);
    this.changed();
  }

  /** Sends a message. It is in the transcript at once, and says if it could not be sent. */
  async send(Content: string, ContentType: 'text/plain' | 'text/markdown' = 'text/plain'): Promise<void> {
    this.#typed = 0;
    const ClientToken = uuid();
    const line = this.#pend({ Content, ContentType });
    const attempt = async (): Promise<void> => {
      line.pending = 'sending';
      this.changed();
      try {
        const call = await this.#participant();
        const { Id, AbsoluteTime } = await call('SendMessage', { Content, ContentType, ClientToken });
        this.#settle(line, { ...(Id && { Id }), ...(AbsoluteTime && { AbsoluteTime }) });
      } catch (error) {
        this.#fail(line, error instanceof Error ? error.message : String(error), () => void attempt());
      }
    };
    await attempt();
  }

  /** Sends a file; the line says how far it is. */
  async attach(file: File): Promise<void> {
    const type = file.type || 'application/octet-stream';
    const line = this.#pend({ Type: 'ATTACHMENT', Attachments: [{ AttachmentName: file.name, ContentType: type }] });
    line.progress = 0;
    const attempt = async (): Promise<void> => {
      line.pending = 'sending';
      this.changed();
      try {
        const call = await this.#participant();
        const { AttachmentId, UploadMetadata } = await call('StartAttachmentUpload', { AttachmentName: file.name, AttachmentSizeInBytes: file.size, ContentType: type });
        await upload(UploadMetadata!.Url!, UploadMetadata!.HeadersToInclude ?? {}, file, (percent) => {
          line.progress = percent;
          this.changed();
        });
        await call('CompleteAttachmentUpload', { AttachmentIds: [AttachmentId!] });
        this.drop(line); // the item of it comes by the stream
      } catch (error) {
        this.#fail(line, error instanceof Error ? error.message : String(error), () => void attempt());
      }
    };
    await attempt();
  }

  /** Where the browser gets an attachment, for a short time. */
  async attachment(AttachmentId: string): Promise<string> {
    const call = await this.#participant();
    const { Url } = await call('GetAttachment', { AttachmentId });
    return Url!;
  }
}

/** Whether somebody of the centre has said it, and it was not kept back. */
const byPeople = (item: Item): boolean => item.Type === 'MESSAGE' && (item.ParticipantRole === 'AGENT' || item.ParticipantRole === 'SUPERVISOR') && !item.MessageMetadata?.MessageProcessingStatus;

/** Puts a file where the server said; fetch does not tell how far it is. */
function upload(url: string, headers: Record<string, string>, file: File, progress: (percent: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    for (const [name, value] of Object.entries(headers)) if (!/^(host|content-length)$/i.test(name)) request.setRequestHeader(name, value);
    request.upload.onprogress = (e) => progress(e.lengthComputable ? Math.floor((100 * e.loaded) / e.total) : 0);
    request.onload = () => (request.status < 300 ? resolve() : reject(new Error(`the upload was refused with ${request.status}`)));
    request.onerror = () => reject(new Error('the upload was interrupted'));
    request.send(file);
  });
}
