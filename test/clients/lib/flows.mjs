// Contact flows that the tests publish.

const next = (id) => ({ NextAction: id, Errors: [{ NextAction: id, ErrorType: 'NoMatchingError' }] });

const say = (id, text, then) => ({ Identifier: id, Type: 'MessageParticipant', Parameters: { Text: text }, Transitions: next(then) });

const hangUp = { Identifier: 'bye', Type: 'DisconnectParticipant', Parameters: {}, Transitions: {} };

const document = (...actions) => JSON.stringify({ Version: '2019-10-30', StartAction: actions[0].Identifier, Metadata: {}, Actions: actions });

/** Two prompts, then silence until the chat is ended by somebody else. */
export const quietFlow = document(
  say('welcome', 'Welcome. You asked about: $.Attributes.topic', 'offer'),
  say('offer', 'What can we do for you?', 'wait'),
  {
    Identifier: 'wait',
    Type: 'Wait',
    Parameters: { TimeLimitSeconds: '604800' },
    Transitions: {
      NextAction: 'bye',
      Conditions: [{ NextAction: 'bye', Condition: { Operator: 'Equals', Operands: ['WaitCompleted'] } }],
      Errors: [{ NextAction: 'bye', ErrorType: 'NoMatchingError' }],
    },
  },
  hangUp,
);

/** A bot, which is asked until it says that its intent is through; then a goodbye. */
export const botFlow = document(
  {
    Identifier: 'bot',
    Type: 'ConnectParticipantWithLexBot',
    Parameters: { Text: 'What may it be?', LexV2Bot: { AliasArn: 'arn:aws:lex:us-east-1:123456789012:bot-alias/SHOP123456/TSTALIASID' } },
    Transitions: {
      NextAction: 'done',
      Errors: [{ NextAction: 'done', ErrorType: 'NoMatchingCondition' }, { NextAction: 'failed', ErrorType: 'NoMatchingError' }],
    },
  },
  say('done', 'Noted: $.Lex.IntentName', 'bye'),
  say('failed', 'The bot failed.', 'bye'),
  hangUp,
);

export const prompts = ['Welcome. You asked about: flowers', 'What can we do for you?'];

/** Refers to an action that is not there: publishing it must fail and say so. */
export const brokenFlow = document(say('welcome', 'Hello', 'nowhere'));

/** Shows a view, says a text when one of the actions has answered it, and why it did not go so otherwise. */
export const viewFlow = (view, data, text, actions) => document(
  {
    Identifier: 'view',
    Type: 'ShowView',
    Parameters: { ViewResource: { Id: view }, InvocationTimeLimitSeconds: '600', ViewData: data },
    Transitions: {
      NextAction: 'answered',
      Conditions: actions.map((action) => ({ NextAction: 'answered', Condition: { Operator: 'Equals', Operands: [action] } })),
      Errors: [['NoMatchingCondition', 'other'], ['NoMatchingError', 'failed'], ['TimeLimitExceeded', 'late']].map(([ErrorType, NextAction]) => ({ NextAction, ErrorType })),
    },
  },
  say('answered', text, 'bye'),
  say('other', 'No such action', 'bye'),
  say('failed', 'The view failed', 'bye'),
  say('late', 'Too late', 'bye'),
  hangUp,
);

/** Puts the contact into a queue at once. */
export const queueFlow = (queue) => document(
  { Identifier: 'set', Type: 'UpdateContactTargetQueue', Parameters: { QueueId: queue }, Transitions: next('queue') },
  {
    Identifier: 'queue', Type: 'TransferContactToQueue', Parameters: {},
    Transitions: { NextAction: 'bye', Errors: ['QueueAtCapacity', 'NoMatchingError'].map((ErrorType) => ({ NextAction: 'bye', ErrorType })) },
  },
  hangUp,
);
