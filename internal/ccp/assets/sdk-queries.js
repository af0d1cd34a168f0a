// What the @amazon-connect packages ask for, and what their events say: see sdk.js. The packages take answers apart without a
// look, so each has exactly the members that they want.
import { ApiError } from './error.js';
import { configurationOf, connectionsOf, contactOf, queueOf, stateOf } from './shape.js';

const types = new Set(['agent', 'outbound', 'inbound', 'monitoring']);

const unsupported = (what) => () => {
  throw new ApiError('unsupported', `Parley does not ${what}.`);
};

/**
 * Returns a function that gives the answer to a command of a namespace, undefined for one that is not known. Its member view
 * gives what events are made of.
 * @param {import('./desk.js').Desk} desk
 * @param {Record<string, Function>} commands Those of Streams.
 * @param {() => {status: string, timestamp: number}} network
 */
export function queries(desk, commands, network) {
  const configuration = () => configurationOf(desk.configuration);
  const state = () => stateOf(desk.snapshot.Status);
  const next = () => (desk.snapshot.NextStatus ? stateOf(desk.snapshot.NextStatus) : null);

  const contactOrNot = (id) => {
    const contact = desk.contact(id);
    if (!contact) throw new ApiError('contactNotFound', `You do not have contact ${id} in hand.`);
    return contact;
  };
  const participantsOf = (contact) => connectionsOf(contact, desk.configuration, desk.tokens).map((c) => ({
    participant: {
      participantId: c.connectionId, contactId: contact.ContactId, type: types.has(c.type) ? { value: c.type } : { value: 'other', actual: c.type },
      isInitial: c.initial, isSelf: c.connectionId === contact.ParticipantId,
    },
    state: { value: c.state.type },
  }));
  const participantOrNot = (id) => {
    for (const contact of desk.snapshot.Contacts) {
      const found = participantsOf(contact).find(({ participant }) => participant.participantId === id);
      if (found) return found;
    }
    throw new ApiError('participantNotFound', `There is no participant ${id} in the contacts that you have in hand.`);
  };
  const typeOf = (contact) => ({ type: 'chat', subtype: contact.SegmentAttributes['connect:Subtype'] ?? 'connect:Chat' });
  const summary = (contact) => ({ contactId: contact.ContactId, initialContactId: initial(contact), ...typeOf(contact) });
  const initial = (contact) => (contact.InitialContactId === contact.ContactId ? undefined : contact.InitialContactId);
  const queue = (contact) => (contact.Queue ? queueOf(contact.Queue) : null);
  const details = () => ({ origin: location.origin, region: document.body.dataset.region });

  /** Chooses a status that fits; with contacts in hand it may have to wait. */
  const choose = async (fits, what) => {
    const wanted = desk.configuration.Statuses.find(fits);
    if (!wanted) throw new ApiError('invalidState', `There is no agent status ${what}.`);
    const { status, nextStatus } = await commands.putAgentState({ state: stateOf(wanted), enqueueNextState: true });
    return nextStatus ? { status: 'queued', current: stateOf(status), next: stateOf(nextStatus) } : { status: 'updated', current: stateOf(status) };
  };

  /** By the name of a method of Streams, for a contact of the agent's. */
  const on = (method) => async ({ contactId }) => {
    await commands[method]({ contactId });
    return {};
  };

  const ofContact = {
    getInstanceDetails: details,
    getContactRegion: details,
    getAttributes: ({ contactId, attributes }) => {
      const all = contactOrNot(contactId).Attributes;
      if (!Array.isArray(attributes)) return { ...all };
      return Object.fromEntries(attributes.filter((name) => Object.hasOwn(all, name)).map((name) => [name, all[name]]));
    },
    getInitialContactId: ({ contactId }) => ({ initialContactId: contactOrNot(contactId).InitialContactId }),
    getChannelType: ({ contactId }) => typeOf(contactOrNot(contactId)),
    getType: ({ contactId }) => typeOf(contactOrNot(contactId)),
    getStateDuration: ({ contactId }) => ({ stateDuration: Math.max(0, Date.now() + desk.skew - Date.parse(contactOrNot(contactId).Since)) }),
    getQueue: ({ contactId }) => queue(contactOrNot(contactId)),
    getQueueTimestamp: ({ contactId }) => {
      const { Enqueued } = contactOrNot(contactId);
      return { queueTimestamp: Enqueued ? new Date(Enqueued) : undefined };
    },
    getDescription: ({ contactId }) => ({ description: contactOrNot(contactId).Description ?? null }),
    getReferences: ({ contactId }) => ({ references: contactOf(contactOrNot(contactId), desk.configuration, desk.tokens).references }),
    getContact: ({ contactId }) => ({ ...summary(contactOrNot(contactId)), queue: queue(contactOrNot(contactId)) }),
    listContacts: () => desk.snapshot.Contacts.map(summary),
    accept: on('acceptContact'), reject: on('rejectContact'), clear: on('clearContact'),
    disconnectSelf: async ({ contactId }) => {
      await commands.destroyConnection({ contactId, connectionId: contactOrNot(contactId).ParticipantId });
      return {};
    },
    isAutoAcceptEnabled: ({ contactId }) => ({ isAutoAcceptEnabled: contactOrNot(contactId).AutoAccept }),
    isPreviewMode: ({ contactId }) => ({ isPreviewMode: !contactOrNot(contactId) }),
    getPreviewConfiguration: unsupported('preview contacts'), engagePreviewContact: unsupported('preview contacts'),
    listParticipants: ({ contactId }) => participantsOf(contactOrNot(contactId)).map(({ participant }) => participant),
    getParticipant: ({ participantId }) => participantOrNot(participantId).participant,
    getParticipantState: ({ participantId }) => participantOrNot(participantId).state,
    disconnectParticipant: async ({ participantId }) => {
      const { participant } = participantOrNot(participantId);
      await commands.destroyConnection({ contactId: participant.contactId, connectionId: participantId });
      return {};
    },
    transfer: ({ contactId, quickConnect }) => commands.transferContact({ contactId, endpoint: quickConnect }),
    addParticipant: ({ contactId, quickConnect }) => commands.addNewConnection({ contactId, endpoint: quickConnect }),
  };
  const ofAgent = {
    getARN: () => ({ ARN: configuration().agentARN }),
    getName: () => ({ name: configuration().name }),
    getExtension: () => ({ extension: null }),
    getState: state,
    getAvailabilityState: () => ({ ...state(), ...(next() && { nextState: next() }) }),
    listAvailabilityStates: () => configuration().agentStates,
    setAvailabilityState: ({ agentStateARN }) => choose((s) => s.Arn === agentStateARN, agentStateARN),
    setAvailabilityStateByName: ({ agentStateName }) => choose((s) => s.Name === agentStateName, agentStateName),
    setOffline: () => choose((s) => s.Type === 'OFFLINE', 'Offline'),
    getRoutingProfile: () => configuration().routingProfile,
    getChannelConcurrency: () => configuration().routingProfile.channelConcurrencyMap,
    getRoutingProfileQueues: () => configuration().routingProfile.queues,
    getDefaultOutboundQueue: () => configuration().routingProfile.defaultOutboundQueue,
    listSecurityProfilePermissions: () => ({ permissions: configuration().permissions }),
    getDialableCountries: () => ({ dialableCountries: [] }),
    getNetworkConnectionStatus: network,
    listQuickConnects: async ({ queueARNs, options }) => {
      const { endpoints, nextToken } = await commands.getEndpoints({ queueARNs: [queueARNs].flat(), nextToken: options?.nextToken, maxResults: options?.maxResults });
      return { quickConnects: endpoints.map(({ type, endpointARN, name }) => ({ type, endpointARN, name })), nextToken };
    },
  };
  const others = {
    'aws.connect.quick-responses': { 'is-enabled': () => commands.qrIntegrationExists({}), 'search-quick-responses': (query) => commands.qrSearchQuickResponses(query) },
    'aws.connect.user': { getLanguage: () => ({ language: navigator.language.replace('-', '_') }) },
    'aws.connect.activity': { sendActivity: () => ({}) },
  };

  const answer = (namespace, command) => {
    if (namespace === 'aws.connect.contact') {
      const [side, name] = String(command).split('/');
      const table = { contact: ofContact, agent: ofAgent }[side];
      return table && Object.hasOwn(table, name) ? table[name] : undefined;
    }
    const table = others[namespace];
    const name = String(command).split('/').at(-1);
    return table && Object.hasOwn(table, name) ? table[name] : undefined;
  };
  answer.view = () => ({
    state: state(), nextState: next(), profile: configuration().routingProfile,
    channels: Object.entries(configuration().routingProfile.channelConcurrencyMap).filter(([, n]) => n > 0).map(([channel]) => channel),
    contacts: new Map(desk.snapshot.Contacts.map((c) => [c.ContactId, {
      event: summary(c), state: contactOf(c, desk.configuration, desk.tokens).state.type,
      participants: new Map(participantsOf(c).map((p) => [p.participant.participantId, p])),
    }])),
  });
  return answer;
}
