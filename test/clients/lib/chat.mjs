// Chats and participants through the stock JavaScript SDK.
import { CreateParticipantCommand, StartChatContactCommand } from '@aws-sdk/client-connect';
import {
  CreateParticipantConnectionCommand, DisconnectParticipantCommand, GetTranscriptCommand, SendEventCommand, SendMessageCommand,
} from '@aws-sdk/client-connectparticipant';

/** The content types of events, without their common prefix. */
export const event = (name) => `application/vnd.amazonaws.connect.event.${name}`;

/** Starts a chat of the quiet flow; what is given goes over the defaults. */
export function startChat(parley, input = {}) {
  return parley.connect.send(new StartChatContactCommand({
    InstanceId: parley.instance,
    ContactFlowId: parley.quietFlow,
    ParticipantDetails: { DisplayName: 'Ana' },
    Attributes: { topic: 'flowers' },
    ...input,
  }));
}

/** A participant with a connection token. */
export class Participant {
  constructor(parley, id, participantToken, connection) {
    this.parley = parley;
    this.id = id;
    this.participantToken = participantToken;
    this.token = connection.ConnectionCredentials?.ConnectionToken;
    this.url = connection.Websocket?.Url;
  }

  #send(Command, input) {
    return this.parley.participant.send(new Command({ ConnectionToken: this.token, ...input }));
  }

  say(text, more = {}) {
    return this.#send(SendMessageCommand, { ContentType: 'text/plain', Content: text, ...more });
  }

  signal(name, content) {
    return this.#send(SendEventCommand, { ContentType: event(name), Content: content });
  }

  receipt(name, messageId) {
    return this.signal(`message.${name}`, JSON.stringify({ messageId }));
  }

  transcript(input = {}) {
    return this.#send(GetTranscriptCommand, { MaxResults: 100, SortOrder: 'ASCENDING', ...input });
  }

  leave() {
    return this.#send(DisconnectParticipantCommand, {});
  }
}

/** Connects a participant: by default as ChatJS does, with a socket to open and credentials. */
export async function connectParticipant(parley, id, token, input = { Type: ['WEBSOCKET', 'CONNECTION_CREDENTIALS'] }) {
  const connection = await parley.participant.send(new CreateParticipantConnectionCommand({ ParticipantToken: token, ...input }));
  return new Participant(parley, id, token, connection);
}

/** Starts a chat whose customer is connected without a socket, as with message streaming. */
export async function startConnected(parley, input) {
  const started = await startChat(parley, input);
  const customer = await connectParticipant(parley, started.ParticipantId, started.ParticipantToken, {
    Type: ['CONNECTION_CREDENTIALS'], ConnectParticipant: true,
  });
  return { started, customer };
}

/** Adds a custom participant to a chat: the other side of the tests' conversations. */
export async function addBot(parley, contactId, name = 'Robot') {
  const { ParticipantId, ParticipantCredentials } = await parley.connect.send(new CreateParticipantCommand({
    InstanceId: parley.instance, ContactId: contactId, ParticipantDetails: { ParticipantRole: 'CUSTOM_BOT', DisplayName: name },
  }));
  return connectParticipant(parley, ParticipantId, ParticipantCredentials.ParticipantToken, {
    Type: ['CONNECTION_CREDENTIALS'], ConnectParticipant: true,
  });
}

/** The promise's rejection, for looking at; an Error when it does not reject. */
export async function failure(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('the call was expected to be refused and succeeded');
}
