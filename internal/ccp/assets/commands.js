// What a page asks for through amazon-connect-streams, as operations of the agent's API. Each answers, at once or when
// what it waits for is decided: Streams waits for ever.
import { ApiError } from './error.js';
import { configurationOf, endpointOf, stateOf, updateOf } from './shape.js';

const none = () => ({});

const notForChat = (method) => () => {
  throw new ApiError('InvalidContactTypeException', `${method} is not for chats, and Parley has no other channel.`, 400);
};

const not = (method, what) => () => {
  throw new ApiError('InvalidStateException', `${method}: Parley does not ${what}.`, 501);
};

/** Attributes as texts by their names, whichever form they come in. */
const plainOf = (attributes) => Object.fromEntries(Object.entries(attributes ?? {}).map(([key, value]) => [key, typeof value === 'object' ? value?.value : value]));

/** Whether two settings are the same as far as the second says anything. */
const within = (had, wanted) => Object.entries(wanted ?? {}).every(([key, value]) => JSON.stringify(had?.[key]) === JSON.stringify(value));

/**
 * The methods by their names: each is given the parameters and returns the data of the answer.
 * @param {import('./desk.js').Desk} desk
 * @param {import('./api.js').Api} api
 * @returns {Record<string, (params: any) => any>}
 */
export function commandsOf(desk, api) {
  /** Chooses a status, and returns what is so now. One that would wait for the contacts in hand is refused unless that is wanted. */
  const putAgentState = async ({ state, enqueueNextState }) => {
    const wanted = desk.configuration.Statuses.find((s) => s.Arn === state?.agentStateARN) ?? desk.configuration.Statuses.find((s) => s.Name === state?.name);
    if (!wanted) throw new ApiError('InvalidAgentARNException', `There is no agent status ${state?.agentStateARN ?? state?.name}.`, 400);
    const busy = desk.snapshot.Contacts.some((c) => c.State !== 'ENDED');
    if (busy && !enqueueNextState && wanted.Type !== 'ROUTABLE') {
      throw new ApiError('InvalidStateException', `You have contacts in hand, so ${wanted.Name} can only be the next state: setState with {enqueueNextState: true}.`, 409);
    }
    const { Status, NextStatus } = await api.status(wanted.Id);
    return { status: Status, nextStatus: NextStatus };
  };

  const on = (what) => async ({ contactId }) => {
    await api.contact(contactId, what);
    return {};
  };

  /** The agent leaves, or removes somebody: with the customer the chat ends, of a transfer or an invitation it is the end. */
  const destroyConnection = async ({ contactId, connectionId }) => {
    const own = desk.contact(contactId)?.ParticipantId;
    if (!own || own === connectionId) await api.contact(contactId, 'leave');
    else await api.remove(contactId, connectionId);
    return {};
  };

  /** Where contacts of some queues can go. */
  const getEndpoints = async ({ queueARNs, nextToken, maxResults }) => {
    const most = maxResults || 500;
    const endpoints = [];
    let NextToken = nextToken;
    do {
      const page = await api.quickConnects((queueARNs ?? []).slice(0, 100), NextToken, Math.min(100, most - endpoints.length));
      endpoints.push(...page.QuickConnects.map(endpointOf));
      NextToken = page.NextToken;
    } while (NextToken && endpoints.length < most);
    return { endpoints, nextToken: NextToken ?? null };
  };

  const placeOf = (endpoint) => {
    if (endpoint?.endpointARN) return endpoint.endpointARN;
    throw new ApiError('BadEndpointException', 'The endpoint has no endpointARN; take one of getEndpoints.', 400);
  };

  const transferContact = async ({ contactId, endpoint }) => {
    await api.transfer(contactId, placeOf(endpoint));
    return {};
  };

  const addNewConnection = async ({ contactId, endpoint }) => {
    const { ParticipantId } = await api.invite(contactId, placeOf(endpoint));
    return { participantId: ParticipantId };
  };

  /** Finds what is often said, with the placeholders filled in for a contact. */
  const qrSearchQuickResponses = async ({ queries, contactId, attributes, maxResults, nextToken }) => {
    const out = await api.quickResponses({
      Queries: (queries ?? []).map((q) => ({ Name: q.name, Values: q.values, Operator: q.operator, Priority: q.priority, AllowFuzziness: q.allowFuzziness })),
      ContactId: desk.contact(contactId)?.ContactId, Attributes: plainOf(attributes), MaxResults: maxResults && Math.min(100, maxResults), NextToken: nextToken || undefined,
    });
    const results = out.Results.map((r) => ({
      quickResponseId: r.QuickResponseId, quickResponseArn: r.QuickResponseArn, knowledgeBaseId: r.KnowledgeBaseId, name: r.Name, description: r.Description,
      shortcutKey: r.ShortcutKey, contents: { plainText: r.Contents.PlainText, markdown: r.Contents.Markdown },
      attributesInterpolated: r.AttributesInterpolated, attributesNotInterpolated: r.AttributesNotInterpolated,
    }));
    return { results, nextToken: out.NextToken };
  };

  const updateMonitorParticipantState = async ({ contactId, targetMonitorMode }) => {
    await api.monitor(contactId, targetMonitorMode);
    return {};
  };

  /** The connection token of a chat. Streams asks while the contact rings and keeps a refusal, so it waits until it is known. In after-contact work it serves to read. */
  const createTransport = async ({ transportType, contactId }) => {
    if (transportType !== 'chat_token') notForChat(`createTransport of ${transportType}`)();
    const contact = await desk.whenAccepted(contactId);
    const { ParticipantToken } = await api.contact(contact.ContactId, 'chat-token');
    const { ConnectionToken, Expiry } = await api.connection(ParticipantToken);
    return { chatTokenTransport: { participantToken: ConnectionToken, expiry: Expiry } };
  };

  const updateContactAttributes = async ({ contactId, attributes }) => {
    await api.attributes(contactId, plainOf(attributes));
    return {};
  };

  const updateAgentConfiguration = ({ configuration }) => {
    if (within(configurationOf(desk.configuration), configuration)) return {};
    throw new ApiError('InvalidConfigurationException', 'An agent cannot change his settings here; UpdateUserConfig changes them. Nothing has been changed.', 400);
  };

  const configuration = () => configurationOf(desk.configuration);
  const commands = {
    putAgentState, acceptContact: on('accept'), rejectContact: on('reject'), clearContact: on('clear'), completeContact: on('clear'),
    destroyConnection, getEndpoints, transferContact, createAdditionalConnection: transferContact, addNewConnection, updateMonitorParticipantState, createTransport, updateContactAttributes, updateAgentConfiguration,
    getAgentSnapshot: () => ({ snapshot: updateOf(desk).snapshot, nextToken: null }),
    getAgentConfiguration: () => ({ configuration: configuration() }),
    getAgentStates: () => ({ states: desk.configuration.Statuses.map(stateOf), nextToken: null }),
    getAgentPermissions: () => ({ permissions: desk.configuration.Permissions, nextToken: null }),
    getRoutingProfileQueues: () => ({ queues: configuration().routingProfile.queues, nextToken: null }),
    getDialableCountryCodes: () => ({ countryCodes: [], nextToken: null }),
    qrIntegrationExists: () => ({ isEnabled: true, knowledgeBaseId: desk.configuration.User.InstanceId }), qrSearchQuickResponses,
    conferenceConnections: none, // who takes part in a chat is with all others anyway
    sendClientLogs: none, sendSoftphoneCallReport: none, sendSoftphoneCallMetrics: none,
    notifyContactIssue: not('notifyIssue', 'keep reports of issues'),
    getNewAuthToken: not('getNewAuthToken', 'give out tokens of Amazon Connect'),
  };
  for (const method of [
    'createOutboundContact', 'createTaskContact', 'createTemplatedTask', 'getTaskTemplate', 'listTaskTemplates', 'updateContact', 'destroyContact',
    'pauseContact', 'resumeContact', 'holdConnection', 'resumeConnection', 'toggleActiveConnections', 'muteParticipant',
    'unmuteParticipant', 'sendDigits', 'startScreenSharing',
  ]) commands[method] = notForChat(method);
  return commands;
}

/** Answers a method that nobody knows. */
export function unknown(method) {
  throw new ApiError('InvalidStateException', `Parley does not know the method ${method}.`, 501);
}
