// Interactive messages as something to choose from: ListPicker, Panel, QuickReply,
// TimePicker and Carousel, with the answers that Amazon's chat widget sends. Content
// is a bot's and may be anything: what is missing is left out, what is no
// message is said to be none, and nothing of it becomes HTML.
import { element } from '/assets/element.js';

const text = (v) => (typeof v === 'string' ? v : '');
const list = (v) => (Array.isArray(v) ? v.filter((e) => e && typeof e === 'object') : []);

function read(content) {
  try { return JSON.parse(content) ?? {}; } catch { return {}; }
}

const picture = (c) => text(c.imageData) && element('img', { src: c.imageData, alt: text(c.imageDescription), onerror() { this.remove(); } });

const head = (c) => [
  picture(c),
  text(c.title) && element('strong', { textContent: c.title }),
  text(c.subtitle) && element('p', { textContent: c.subtitle }),
];

function button(title, act, c = {}) {
  return element('button', { type: 'button', className: 'quiet', onclick: act },
    picture(c), element('span', { textContent: title }), text(c.subtitle) && element('small', { textContent: c.subtitle }));
}

// Each template draws its content; answer has text(text) and more(content).
const templates = {
  ListPicker: options,
  Panel: options,
  QuickReply: options,

  // The answer is the slot's date as it was sent, whatever way it is shown.
  TimePicker(c, answer) {
    const slots = list(c.timeslots).filter((s) => text(s.date)).sort((a, b) => (a.date < b.date ? -1 : 1));
    const said = (date) => {
      const at = new Date(date);
      return isNaN(at) ? date : at.toLocaleString([], { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit', timeZoneName: 'short' });
    };
    return [...head(c), text(c.location?.title) && element('p', { textContent: c.location.title }),
      element('div', { className: 'options' }, ...slots.map((s) => button(said(s.date), () => answer.text(s.date))))];
  },

  // A choice says in which of the lists it was made; a list within a carousel has no further pages.
  Carousel(c, answer) {
    const cards = list(c.elements).map((card) => {
      const inner = card.data?.content ?? {};
      const choose = (title) => answer.text(JSON.stringify({ templateIdentifier: text(card.templateIdentifier), listTitle: text(inner.title), selectionText: title }));
      return element('div', { className: 'card', role: 'group', ariaLabel: text(inner.title) }, ...options(inner, { text: choose }));
    });
    return [...head(c), element('div', { className: 'cards' }, ...cards)];
  },
};

function options(c, answer, templateType) {
  const option = (e) => {
    const title = text(e.title);
    if (e.type === 'hyperlink') { // sends nothing
      const url = text(e.url);
      return /^https?:/i.test(url) && element('a', { href: url, target: '_blank', rel: 'noopener', textContent: title || url });
    }
    if (text(e.actionDetail) && answer.more) {
      const data = { actionName: e.actionDetail, preIndex: c.preIndex, nextIndex: c.nextIndex, listId: c.listId, templateType, referenceId: c.referenceId };
      return button(title || e.actionDetail, () => answer.more(JSON.stringify({ version: '1.0', data, action: e.actionDetail })));
    }
    return title && button(title, () => answer.text(title), e);
  };
  return [...head(c), element('div', { className: 'options' }, ...list(c.elements).map(option))];
}

/** Draws the content of an interactive message. answer.text and answer.more send a choice and resolve
 * when it is sent; until then no other can be made. reference is the message's referenceId, for what replaces it;
 * close() leaves nothing but its title, as something else was said since. */
export function choices(content, answer) {
  const m = read(content);
  const c = m.data?.content ?? {};
  const title = text(c.title) || text(m.templateType) || 'An interactive message';
  const set = element('fieldset', { className: 'choices', ariaLabel: title });
  const once = (send) => async (said) => {
    const chosen = document.activeElement; // a button that is disabled loses the keyboard focus
    set.disabled = true;
    try { await send(said); } finally {
      set.disabled = false;
      if (document.activeElement === document.body) chosen?.focus();
    }
  };
  const template = text(m.templateType);
  const draw = Object.hasOwn(templates, template) && templates[template];
  set.append(...(draw ? draw(c, { text: once(answer.text), more: once(answer.more) }, template) : head(c)).filter((e) => e));
  if (!draw || !set.textContent) {
    set.append(element('p', { textContent: draw ? `(${template}: there is nothing to choose from)` : `(${template || 'what has no template'}: this page does not show it)` }));
  }
  return { element: set, reference: text(c.referenceId), close: () => set.replaceChildren(element('strong', { textContent: title })) };
}

/** How an answer reads in the transcript: null for one that is not shown, undefined for what is none. */
export function answered(contentType, content) {
  const m = read(content);
  if (contentType.endsWith('.interactive.response')) return m.data?.actionName ? null : text(m.action);
  if (text(m.listTitle) && text(m.selectionText) && typeof m.templateIdentifier === 'string') return `${m.listTitle}${m.listTitle.endsWith(':') ? '' : ' -'} ${m.selectionText}`;
}
