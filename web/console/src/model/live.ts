// All that an agent has before him, from the agent's stream: his status, his contacts, and the chats of these.
import { Desk } from '../../../../internal/ccp/assets/desk.js';
import { Masters } from '../../../../internal/ccp/assets/masters.js';
import { Ring } from '../../../../internal/ccp/assets/ring.js';
import { caller, type Caller } from '../../../api/call';
import { routes, type AgentConfiguration, type AgentContact, type AgentSnapshot, type Shapes } from '../../../api/agent_gen';
import { routes as connectRoutes, type Shapes as ConnectShapes } from '../../../api/connect_gen';
import type { Item } from '../../../api/participant_gen';
import { Chat } from './chat';
import { Paced } from './paced';

export type AgentCaller = Caller<Shapes>;
export type ConnectCaller = Caller<ConnectShapes>;

/** Why no more comes. */
export interface Over { why: 'signed-out' | 'denied' | 'too-many' | 'terminated'; message: string }

/** An item as the stream has it. */
interface ItemFrame { InitialContactId: string; Visibility?: 'AGENT'; Frame: { content: string } }

export class Live extends Paced {
  readonly call: AgentCaller;
  /** What of Amazon's API people may call. */
  readonly connect: ConnectCaller;
  /** Whether the stream is open. */
  connected = false;
  /** The stream has been open before. */
  began = false;
  over: Over | undefined;
  /** The chat in view: the first contact of its chain. */
  chosen: string | undefined;

  #desk: Desk;
  #root: URL;
  #chats = new Map<string, Chat>();
  #masters: Masters | undefined;
  #ring: Ring | undefined;
  #missed = false; // what comes now was said while the stream was away

  constructor(root: URL) {
    super();
    this.#root = root;
    this.call = caller<Shapes>(routes, { root });
    this.connect = caller<ConnectShapes>(connectRoutes, { root: new URL('agent/connect/', root) });
    const desk = new Desk({ stream: () => this.call('CreateStream', {}), agent: () => this.call('GetAgent', {}) });
    this.#desk = desk;
    desk.on('view', () => this.#look());
    desk.on('item', (frame: ItemFrame) => this.#hear(frame));
    desk.on('open', () => {
      this.#missed = this.began;
      this.connected = this.began = true;
      this.changed();
    });
    desk.on('gained', () => { this.#missed = false; });
    desk.on('lost', () => {
      this.connected = false;
      this.changed();
    });
    desk.on('over', (over: Over) => {
      this.over = over;
      this.changed();
    });
  }

  get snapshot(): AgentSnapshot | undefined { return this.#desk.snapshot as AgentSnapshot | undefined; }
  get configuration(): AgentConfiguration | undefined { return this.#desk.configuration as AgentConfiguration | undefined; }

  /** The server's time now, in ms. */
  now(): number { return Date.now() + this.#desk.skew; }

  /** Whether the agent's security profiles grant something. */
  may(permission: string): boolean { return this.configuration?.Permissions.includes(permission) ?? false; }

  /** The contact of the chat in view. */
  get contact(): AgentContact | undefined {
    return this.snapshot?.Contacts.find((c) => c.InitialContactId === this.chosen);
  }

  /** The chat of a contact in hand. */
  chat(contact: AgentContact): Chat {
    const id = contact.InitialContactId;
    let chat = this.#chats.get(id);
    if (!chat) {
      const current = () => this.snapshot?.Contacts.find((c) => c.InitialContactId === id);
      chat = new Chat(id, this.#root, {
        token: async () => (await this.call('CreateChatToken', { ContactId: current()?.ContactId ?? id })).ParticipantToken,
        own: () => current()?.ParticipantId,
        page: (NextToken) => this.call('GetContactTranscript', { ContactId: current()?.ContactId ?? id, ...(NextToken && { NextToken }) }),
      });
      chat.subscribe(() => this.changed());
      this.#chats.set(id, chat);
    }
    return chat;
  }

  /** Says something to the agents and supervisors of a chat alone. */
  async whisper(contact: AgentContact, Content: string): Promise<void> {
    await this.call('SendWhisper', { ContactId: contact.ContactId, ContentType: 'text/plain', Content });
  }

  /** Brings a chat into view, or none. */
  choose(id: string | undefined): void {
    if (this.chosen === id) return;
    this.#chats.get(this.chosen ?? '')?.view(false);
    this.chosen = id;
    this.#chats.get(id ?? '')?.view(true);
    this.changed();
  }

  #look(): void {
    const contacts = this.snapshot?.Contacts ?? [];
    for (const id of this.#chats.keys()) if (!contacts.some((c) => c.InitialContactId === id)) this.#chats.delete(id);
    for (const c of contacts) if (c.State === 'CONNECTED') this.chat(c);
    if (this.chosen && !contacts.some((c) => c.InitialContactId === this.chosen)) this.choose(undefined);
    this.changed();
  }

  #hear({ InitialContactId, Visibility, Frame }: ItemFrame): void {
    const contact = this.snapshot?.Contacts.find((c) => c.InitialContactId === InitialContactId);
    if (!contact) return;
    this.chat(contact).receive(JSON.parse(Frame.content) as Item, this.#missed, Visibility === 'AGENT');
  }

  start(): void {
    addEventListener('online', this.#awake);
    addEventListener('offline', this.#asleep);
    document.addEventListener('visibilitychange', this.#awake);
    this.#masters = new Masters();
    this.#ring = new Ring(this.#desk, this.#masters);
    this.#desk.start();
  }

  stop(): void {
    removeEventListener('online', this.#awake);
    removeEventListener('offline', this.#asleep);
    document.removeEventListener('visibilitychange', this.#awake);
    this.#ring?.stop();
    this.#masters?.stop();
    this.#desk.stop();
  }

  readonly #asleep = (): void => this.#desk.lose();
  readonly #awake = (): void => {
    this.#desk.hurry();
    this.#chats.get(this.chosen ?? '')?.view(true);
  };

  /** Signs out: the stream closes with the session. */
  async signOut(end: () => Promise<void>): Promise<void> {
    this.#desk.hush();
    try {
      await end();
      this.#desk.over('terminated', '');
    } catch (error) {
      this.#desk.hurry();
      throw error;
    }
  }
}
