// What the page shows by itself: the agent's state, and his contacts with what can be done about each. It knows the desk and its
// commands alone, so that another panel can take its place.

const $ = (id) => document.getElementById(id);

function element(name, properties = {}, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children.filter(Boolean));
  return e;
}

const names = { CONNECTING: 'rings', CONNECTED: 'connected', ENDED: 'after-contact work', MISSED: 'missed', REJECTED: 'not accepted', ERROR: 'failed' };

const actions = {
  CONNECTING: [['Accept', 'acceptContact'], ['Reject', 'rejectContact']],
  CONNECTED: [['End', 'destroyConnection']],
  ENDED: [['Clear', 'clearContact']],
  MISSED: [['Clear', 'clearContact']],
  REJECTED: [['Clear', 'clearContact']],
  ERROR: [['Clear', 'clearContact']],
};

/** What to expect with nothing in hand: whoever has no slots, or no queues, is not offered what others are, whatever his state. */
function idle({ RoutingProfile, Permissions }, available) {
  const slots = RoutingProfile.Concurrencies.some((c) => c.Channel === 'CHAT' && c.Maximum > 0);
  const queues = RoutingProfile.Queues.some((q) => q.Channel === 'CHAT' && q.Offered);
  const watches = Permissions.includes('ManagerListenIn') ? ' Those that you watch are shown here.' : '';
  if (!slots) return `No chats.${watches || ' Your routing profile has no slots for them.'}`;
  if (!queues) return `No chats. Your routing profile has no queues that offer any.${watches}`;
  return available ? 'No chats. The next one rings here.' : 'No chats. Choose Available to be offered some.';
}

export class Panel {
  #desk;
  #commands;
  #clock;
  #times = [];

  /** @param {import('./desk.js').Desk} desk @param {Record<string, Function>} commands @param {() => void} signOut */
  constructor(desk, commands, signOut) {
    this.#desk = desk;
    this.#commands = commands;
    $('signed-out').hidden = true;
    $('desk').hidden = false;
    $('sign-out').onclick = signOut;
    $('state').onchange = () => this.#try(() => commands.putAgentState({ state: { agentStateARN: $('state').value }, enqueueNextState: true }));
    desk.on('view', () => this.#show());
    desk.on('open', () => { $('lost').hidden = true; });
    desk.on('lost', () => { $('lost').hidden = false; });
    this.#clock = setInterval(() => this.#tick(), 1_000);
  }

  stop() {
    clearInterval(this.#clock);
    $('desk').hidden = true;
  }

  async #try(what) {
    problem();
    try {
      await what();
    } catch (error) {
      problem(error.message);
      this.#show();
    }
  }

  #show() {
    const { snapshot, configuration } = this.#desk;
    if (!snapshot) return;
    $('name').textContent = configuration.User.DisplayName;
    const options = configuration.Statuses.map((s) => element('option', { value: s.Arn, textContent: s.Name, selected: s.Arn === snapshot.Status.Arn }));
    if (!configuration.Statuses.some((s) => s.Arn === snapshot.Status.Arn)) {
      options.unshift(element('option', { value: snapshot.Status.Arn, textContent: snapshot.Status.Name, selected: true }));
    }
    $('state').replaceChildren(...options);
    $('state').dataset.type = snapshot.Status.Type;
    $('next').textContent = snapshot.NextStatus ? `then ${snapshot.NextStatus.Name}` : '';
    const focused = document.activeElement?.dataset.key;
    this.#times = [];
    $('contacts').replaceChildren(...snapshot.Contacts.map((c) => this.#row(c)));
    $('none').hidden = snapshot.Contacts.length > 0;
    $('none').textContent = idle(configuration, snapshot.Status.Type === 'ROUTABLE');
    if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
    this.#tick();
  }

  #row(c) {
    const customer = c.Connections.find((p) => p.ConnectionType === 'INBOUND');
    const watched = c.Connections[0]?.Monitoring;
    const time = element('span', { className: 'time' });
    this.#times.push([time, c]);
    const buttons = actions[c.State].map(([text, method]) => {
      const button = element('button', { textContent: text, className: method });
      button.dataset.key = `${c.ContactId} ${method}`;
      button.onclick = () => {
        button.disabled = true;
        this.#try(() => this.#commands[method]({ contactId: c.ContactId, connectionId: c.ParticipantId }));
      };
      return button;
    });
    const row = element('li', {}, element('div', { className: 'who' },
      element('strong', { textContent: customer?.DisplayName || 'Customer' }),
      element('span', { className: 'what', textContent: [watched ? `${watched.MonitorMode === 'BARGE' ? 'in the chat of' : 'watching'} ${watched.AgentName ?? 'an agent'}` : names[c.State], c.Queue?.Name].filter(Boolean).join(' · ') }), time),
    element('div', { className: 'buttons' }, ...buttons));
    row.dataset.state = c.State;
    return row;
  }

  /** Writes how long states last, or what is left of them. */
  #tick() {
    const now = Date.now() + this.#desk.skew;
    for (const [time, c] of this.#times) {
      const left = c.Deadline && Math.max(0, Date.parse(c.Deadline) - now);
      const seconds = Math.floor((left || Math.max(0, now - Date.parse(c.Since))) / 1_000);
      const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
      time.textContent = c.Deadline ? `${text} left` : text;
    }
  }
}

/** Shows what is wrong, in a sentence; nothing without one. */
export function problem(text) {
  $('problem').textContent = sentence(text ?? '');
  $('problem').hidden = !text;
}

/** Makes a sentence of what errors say. */
export const sentence = (text) => text && `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
