// The agent's snapshot and configuration in the shapes that amazon-connect-streams knows. Nothing here does anything.

const contactStates = { CONNECTING: 'connecting', CONNECTED: 'connected', ENDED: 'ended', MISSED: 'missed', REJECTED: 'rejected', ERROR: 'error' };

const date = (text, other) => new Date(text ?? other);

/** A status of the agent's, or one to choose. */
export function stateOf(status) {
  const state = { agentStateARN: status.Arn, type: status.Type.toLowerCase(), name: status.Name };
  return status.Since ? { ...state, startTimestamp: date(status.Since) } : state;
}

export function queueOf(queue) {
  return { queueARN: queue.Arn, queueId: queue.Arn, name: queue.Name ?? null };
}

/** How the agent is set up. There is no voice: an agent has a softphone that is off, whatever his routing profile says. */
export function configurationOf(c) {
  const queues = new Map();
  for (const { Queue } of c.RoutingProfile.Queues) queues.set(Queue.Arn, queueOf(Queue));
  queues.set(c.AgentQueue.Arn, queueOf(c.AgentQueue)); // Streams takes the agent's id from it
  const chats = c.RoutingProfile.Concurrencies.find((on) => on.Channel === 'CHAT');
  const outbound = c.RoutingProfile.DefaultOutboundQueue ?? c.RoutingProfile.Queues[0]?.Queue ?? c.AgentQueue;
  return {
    name: c.User.DisplayName, username: c.User.UserName, agentARN: c.User.Arn,
    extension: '', softphoneEnabled: false, softphoneAutoAccept: false, agentPreferences: {},
    permissions: c.Permissions, dialableCountries: [],
    agentStates: c.Statuses.map(stateOf),
    routingProfile: {
      name: c.RoutingProfile.Name, routingProfileARN: c.RoutingProfile.Arn, routingProfileId: c.RoutingProfile.Arn,
      channelConcurrencyMap: { CHAT: chats?.Maximum ?? 0, VOICE: 0, TASK: 0 },
      defaultOutboundQueue: queueOf(outbound), queues: [...queues.values()],
    },
  };
}

const transfers = { USER: 'agent', QUEUE: 'queue', FLOW: 'flow' };

/** A quick connect as a place where a contact can go. */
export function endpointOf(quick) {
  return { endpointARN: quick.Arn, type: transfers[quick.QuickConnectType], name: quick.Name, phoneNumber: null, agentLogin: null, queue: quick.Queue ? quick.Queue.Arn : null };
}

/** Where a connection leads. */
function addressOf(c, arn) {
  const name = c.DisplayName ?? null;
  const at = { endpointARN: null, type: 'agent', name, displayName: name, phoneNumber: null, agentLogin: null, queue: null };
  if (c.ConnectionType === 'INBOUND') return { ...at, type: 'phone_number' };
  if (c.Queue) return { ...at, type: 'queue', endpointARN: c.Queue.Arn, queue: c.Queue.Arn };
  return { ...at, endpointARN: arn ?? null };
}

/**
 * The connections of a contact in the order in which Streams looks for them, which is the server's: the agent's own, the customer, others.
 * Streams knows none of bots.
 */
export function connectionsOf(contact, configuration, tokens) {
  return contact.Connections.filter((c) => c.ConnectionType !== 'OTHER').map((c) => {
    // Streams makes a session for a supervisor's connection in the pages of agents, too, who has to be somebody: the agent.
    const token = c.Own || c.ConnectionType === 'MONITORING' ? tokens.get(contact.ParticipantId) : undefined;
    const endpoint = addressOf(c, c.Own ? configuration.User.Arn : undefined);
    const customer = c.ConnectionType === 'INBOUND';
    const watching = c.Monitoring && {
      monitoringInfo: { agent: { agentName: c.Monitoring.AgentName ?? null }, joinTimeStamp: date(c.Monitoring.Joined) },
      monitorCapabilities: c.Monitoring.MonitorCapabilities, monitorStatus: c.Monitoring.MonitorMode,
    };
    return {
      connectionId: c.ConnectionId, type: c.ConnectionType.toLowerCase(), initial: customer, endpoint, address: endpoint,
      state: { type: c.State.toLowerCase(), timestamp: date(c.Since, contact.Since) },
      chatMediaInfo: {
        chatAutoAccept: contact.AutoAccept, connectionData: token ? JSON.stringify({ ConnectionAuthenticationToken: token }) : null,
        customerName: customer ? c.DisplayName ?? null : null, ...(!customer && !c.Own && { agentName: c.DisplayName ?? null }),
      },
      quickConnectName: c.QuickConnectName ?? null,
      ...watching,
    };
  });
}

export function contactOf(contact, configuration, tokens) {
  const timestamp = date(contact.Since);
  const values = (map, name) => Object.fromEntries(Object.entries(map).map(([key, value]) => [key, name(key, value)]));
  return {
    contactId: contact.ContactId,
    initialContactId: contact.InitialContactId === contact.ContactId ? null : contact.InitialContactId,
    relatedContactId: contact.RelatedContactId ?? null,
    type: 'chat',
    state: { type: contactStates[contact.State], timestamp }, status: { type: contactStates[contact.State], timestamp },
    ...(contact.Queue && { queue: queueOf(contact.Queue) }),
    ...(contact.Enqueued && { queueTimestamp: date(contact.Enqueued) }),
    connections: connectionsOf(contact, configuration, tokens),
    attributes: values(contact.Attributes, (name, value) => ({ name, value })),
    contactDuration: '0',
    name: contact.Name ?? null, description: contact.Description ?? null,
    references: values(contact.References, (_, { Type, Value }) => ({ type: Type, value: Value ?? null })),
    initiationMethod: contact.InitiationMethod.toLowerCase(),
    contactFeatures: { attachmentsEnabled: true, messagingMarkdownEnabled: true, multiPartyConferenceEnabled: configuration.MultiPartyConferenceEnabled },
    segmentAttributes: { 'connect:Subtype': { ValueString: 'connect:Chat' }, ...values(contact.SegmentAttributes, (_, ValueString) => ({ ValueString })) },
    languageCode: contact.LanguageCode ?? null,
    agentContactHandlingConfig: { autoAccept: contact.AutoAccept },
  };
}

/** What the agent is doing, in Streams' words. */
function availability(s) {
  const has = (...states) => s.Contacts.some((c) => states.includes(c.State));
  if (has('CONNECTING', 'CONNECTED')) return 'Busy';
  if (has('ENDED')) return 'AfterCallWork';
  if (has('MISSED')) return 'MissedCallAgent';
  return s.Status.Name;
}

/**
 * What agent::update carries.
 * @param {import('./desk.js').Desk} desk
 */
export function updateOf(desk) {
  const s = desk.snapshot;
  const state = stateOf(s.Status);
  return {
    snapshot: {
      state, status: state, nextState: s.NextStatus ? stateOf(s.NextStatus) : null,
      agentAvailabilityState: { state: availability(s), timeStamp: date(s.Status.Since) },
      snapshotTimestamp: date(s.Time), localTimestamp: Date.parse(s.Time) - desk.skew, skew: desk.skew,
      contacts: s.Contacts.map((c) => contactOf(c, desk.configuration, desk.tokens)).sort((a, b) => a.state.timestamp - b.state.timestamp),
    },
    configuration: configurationOf(desk.configuration),
  };
}
