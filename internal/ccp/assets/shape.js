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

function endpointOf(p, arn) {
  const agent = p.Role !== 'CUSTOMER';
  return {
    endpointARN: agent ? arn ?? null : null, type: agent ? 'agent' : 'phone_number', name: p.DisplayName ?? null,
    displayName: p.DisplayName ?? null, phoneNumber: null, agentLogin: null, queue: null,
  };
}

/** The connections of a contact in the order in which Streams looks for them: the agent's own, the customer, others. */
export function connectionsOf(contact, configuration, tokens) {
  const connection = (p, type, more) => {
    const endpoint = endpointOf(p, more.arn);
    return {
      connectionId: p.ParticipantId, type, initial: type === 'inbound', endpoint, address: endpoint,
      state: { type: p.State.toLowerCase(), timestamp: date(p.Since, contact.Since) },
      chatMediaInfo: { chatAutoAccept: contact.AutoAccept, connectionData: null, customerName: null, ...more.media },
    };
  };
  const own = [], customers = [], others = [];
  for (const p of contact.Participants) {
    if (p.ParticipantId === contact.ParticipantId) {
      const token = tokens.get(p.ParticipantId);
      own.push(connection(p, 'agent', {
        arn: configuration.User.Arn,
        media: { connectionData: token ? JSON.stringify({ ConnectionAuthenticationToken: token }) : null },
      }));
    } else if (p.Role === 'CUSTOMER') {
      customers.push(connection(p, 'inbound', { media: { customerName: p.DisplayName ?? null } }));
    } else if (p.Role === 'AGENT') {
      others.push(connection(p, 'outbound', { media: { agentName: p.DisplayName ?? null } }));
    }
  }
  return [...own, ...customers, ...others];
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
    contactFeatures: { attachmentsEnabled: true, messagingMarkdownEnabled: true, multiPartyConferenceEnabled: false },
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
