// Views that flows show (ShowView): the template that DescribeView returns is drawn
// with the flow's data, and answered as Amazon's chat widget answers. The data is a
// flow's and may be anything: what is missing is left out, what cannot be shown is
// named, and nothing of it becomes HTML but the few elements of `allowed`.
import { element } from '/assets/element.js';

// --- values, read leniently: exports have lists and objects as the text of JSON, and truths as texts ---

const text = (v) => (Array.isArray(v) ? v.map(text).filter(Boolean).join(', ') : v === null || v === undefined || typeof v === 'object' ? '' : String(v));
const parsed = (v, begin) => {
  if (typeof v !== 'string' || v.trim()[0] !== begin) return v;
  try { return JSON.parse(v); } catch { return v; }
};
const object = (v) => {
  const o = parsed(v, '{');
  return o && typeof o === 'object' && !Array.isArray(o) ? o : undefined;
};
const list = (v) => {
  const l = parsed(v, '[');
  return l === null || l === undefined ? [] : Array.isArray(l) ? l : [l];
};
const entries = (v) => list(v).map(object).filter(Boolean);
const truth = (v) => v === true || v === 'true';
const first = (...texts) => texts.find((t) => t.trim()) ?? '';
const own = (table, key) => (Object.hasOwn(table, key) ? table[key] : undefined);

/** Puts the flow's data in place of references: a value, or an item of a Content, that is one as a whole. */
function resolve(v, inputs) {
  if (typeof v === 'string') {
    if (!/^\$\.\w+(\.\w+)*$/.test(v)) return v;
    return v.slice(2).split('.').reduce((at, name) => own(object(at) ?? {}, name), inputs);
  }
  if (Array.isArray(v)) return v.map((item) => resolve(item, inputs));
  if (v && typeof v === 'object') return Object.fromEntries(Object.entries(v).map(([name, item]) => [name, resolve(item, inputs)]));
  return v;
}

// --- small things to show ---

const say = (name, said, className = '') => said.trim() && element(name, { textContent: said, className });
const named = (typ, why) => say('p', `(${typ}: ${why})`, 'unshown');
const safe = (url) => /^(https?:|mailto:|tel:)/i.test(url);
const link = (said, url) => (safe(url) ? element('a', { href: url, target: '_blank', rel: 'noopener', textContent: said || url }) : element('span', { textContent: [said, url].filter(Boolean).join(' - ') }));

/** Labels with their values. */
function facts(items) {
  const rows = entries(items).flatMap((i) => [
    element('dt', { textContent: text(i.Label) }),
    element('dd', {}, text(i.Url) ? link(text(i.Value), text(i.Url)) : text(i.Value)),
  ]);
  return rows.length > 0 && element('dl', { className: 'facts' }, ...rows);
}

const section = (s) => [say('h4', text(s.Heading)), facts(s.Items) || say('p', text(s.NoItemMessage))];

const allowed = ['P', 'BR', 'DIV', 'SPAN', 'UL', 'OL', 'LI', 'B', 'STRONG', 'I', 'EM', 'U', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'TABLE', 'THEAD', 'TBODY', 'TR', 'TH', 'TD', 'CODE', 'PRE', 'HR', 'A'];

/** Simple HTML without its attributes: other elements are left out, and what is in them stays, but for scripts and styles. */
function markup(html) {
  const copy = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return [node.data];
    if (node.nodeType !== Node.ELEMENT_NODE || ['SCRIPT', 'STYLE', 'TEMPLATE'].includes(node.tagName)) return [];
    const inner = [...node.childNodes].flatMap(copy);
    if (!allowed.includes(node.tagName)) return inner;
    const url = node.tagName === 'A' && node.getAttribute('href');
    const e = element(node.tagName.toLowerCase(), url && safe(url) ? { href: url, target: '_blank', rel: 'noopener' } : {});
    e.append(...inner);
    return [e];
  };
  const shown = element('div', { className: 'markup' });
  shown.append(...[...new DOMParser().parseFromString(html, 'text/html').body.childNodes].flatMap(copy));
  return html.trim() && shown;
}

/** What lists of sections say: texts, HTML, or facts below a heading. */
const sections = (v) => list(v).flatMap((item) => {
  const s = object(item);
  return s ? [markup(text(s.TemplateString)), ...section(s)] : [say('p', text(item))];
});

// --- drawing ---

let ids = 0;

/** A view that is drawn: act(action, data, said) is called with what was chosen. */
class Drawing {
  fields = [];
  #inputs; #act; #conditional = [];

  constructor(inputs, act) { this.#inputs = inputs; this.#act = act; }

  /** The elements of a template. */
  draw(template) {
    const drawn = this.nodes(list(template?.Body), undefined);
    this.update();
    return drawn;
  }

  /** Shows and hides what depends on what is filled in. */
  update() {
    for (const [e, conditions] of this.#conditional) {
      e.hidden = !conditions.every(([name, value]) => this.fields.some((f) => f.name === name && f.values().includes(value)));
    }
  }

  /** Nodes, and the texts between them. form is the one round them, if there is one. */
  nodes(items, form) {
    const drawn = [];
    let words = '';
    for (const item of [...items, {}]) {
      if (item && typeof item === 'object') {
        drawn.push(say('p', words), ...(item.Type === undefined ? [] : this.node(item, form)));
        words = '';
      } else {
        words += text(resolve(item, this.#inputs));
      }
    }
    return drawn.filter(Boolean);
  }

  /** The texts of a Content, those of nodes in it too, as one. */
  words(content) {
    return list(content).map((item) => (object(item) ? this.words(item.Content) : text(resolve(item, this.#inputs)))).join('');
  }

  node(n, form) {
    const p = object(resolve(n.Props, this.#inputs)) ?? {};
    if (p.Visibility === false || p.Visibility === 'false') return [];
    const conditions = entries(object(p.Visibility)?.Conditions).map((c) => object(c.Equals)).filter((e) => e?.ElementByKey !== undefined)
      .map((e) => [text(e.ElementByKey), text(e.ElementByValue)]);
    const typ = text(n.Type);
    const draw = own(components, typ);
    const drawn = (draw ? draw(this, p, n, form) : [named(typ, 'this page does not show it'), ...this.nodes(list(n.Content), form)]).filter(Boolean);
    if (conditions.length === 0 || drawn.length === 0) return drawn;
    const when = element('div', {}, ...drawn);
    this.#conditional.push([when, conditions]);
    return [when];
  }

  /** A form: what is in it is drawn by fill. */
  form(fill) {
    const form = element('form', { noValidate: true });
    form.actions = new Map(); // by the buttons that submit it
    form.onsubmit = (e) => {
      e.preventDefault();
      form.actions.get(e.submitter)?.();
    };
    form.append(...fill(form).filter(Boolean));
    return form;
  }

  /** A button that ends the view. submits: only if what is required is filled in; carries: with the form's fields, which data is given. */
  action({ label, name, submits = false, carries = submits, data = () => ({}), primary = submits, disabled = false }, form) {
    const button = element('button', { type: submits && form ? 'submit' : 'button', textContent: label, className: primary ? '' : 'quiet', disabled });
    const act = () => {
      const fields = carries ? this.fields.filter((f) => f.form === form && f.shown()) : [];
      if (submits && !fields.every((f) => f.check())) return;
      const filled = fields.filter((f) => f.values().length > 0);
      const values = Object.fromEntries(filled.map((f) => [f.name, f.listed ? f.values() : f.values()[0]]));
      this.#act(name, data(values), [label, ...filled.map((f) => `  ${f.label}: ${f.said()}`)].join('\n'));
    };
    if (submits && form) form.actions.set(button, act);
    else button.onclick = act;
    return button;
  }

  /** A Button, a SubmitButton, or one of a group. One that only leads to a page is a link. */
  button(p, label, submits, form, data) {
    const name = text(p.Action);
    if (!name && !submits && text(p.Href)) return link(label, text(p.Href));
    return this.action({
      label: first(label, name, 'Button'), name: first(name, 'Button'), submits, disabled: truth(p.Disabled) || truth(p.Loading),
      data: data ?? (submits ? (values) => values : () => ({ action: first(name, 'Button') })), primary: submits || p.Variant === 'primary',
    }, form);
  }

  group(items, form, data) {
    const buttons = entries(items).map((i) => this.button(i, text(i.Label), i.FormAction === 'submit', form, data));
    return buttons.length > 0 && element('div', { className: 'actions' }, ...buttons);
  }

  /** An action that a managed view may have: its label, or {Label, Action}. */
  slot(p, name, form, more = {}) {
    const s = object(p[name]) ?? { Label: p[name] };
    const label = text(s.Label).trim();
    return label && this.action({ label, name: first(text(s.Action), name), ...more, ...(more.of && { data: () => more.of(label) }) }, form);
  }

  /** The choice of something in a managed view. */
  selected(label, actionName, more) {
    return this.action({ label, name: 'ActionSelected', data: () => ({ actionName }), ...more });
  }

  /** What a managed view begins with. */
  heading(p, ...names) {
    return [facts(p.AttributeBar), say('h3', text(p.Heading)), ...names.map((name) => say('p', text(p[name])))];
  }

  /** A component to fill in. */
  field(typ, p, form) {
    const name = text(p.Name);
    const label = first(text(p.Label).trim(), name);
    if (!name) return [named(`${typ} ${label}`.trim(), 'has no Name, so it cannot be answered')];
    const kind = typ === 'Dropdown' && truth(p.MultiSelect) ? 'CheckboxGroup' : typ;
    const id = `field${ids++}`;
    const options = list(p.Options).map((o) => object(o) ?? { Label: o }).map((o) => ({ label: first(text(o.Label), text(o.Value)), value: first(text(o.Value), text(o.Label)), about: text(o.Description) })).filter((o) => o.label);
    const initial = list(p.DefaultValue).map(text);
    const has = (o) => initial.includes(o.value) || initial.includes(o.label);
    const common = { id, required: truth(p.Required), disabled: truth(p.Disabled) };
    const help = text(p.HelperText) && element('small', { id: `${id}-help`, textContent: text(p.HelperText) });
    const mark = truth(p.Required) ? ' *' : '';
    const f = { name, label, form, listed: ['Dropdown', 'CheckboxGroup', 'Toggle', 'Checkbox'].includes(typ), shown: () => !f.element.closest('[hidden]') };
    const labels = (values) => values.map((v) => options.find((o) => o.value === v)?.label ?? v).join(', ');

    if (kind === 'RadioGroup' || kind === 'CheckboxGroup') {
      const radio = kind === 'RadioGroup';
      const boxes = options.map((o, i) => element('input', { type: radio ? 'radio' : 'checkbox', name: id, value: o.value, checked: has(o), disabled: common.disabled, required: radio && common.required, id: `${id}-${i}` }));
      f.values = () => boxes.filter((b) => b.checked).map((b) => b.value);
      f.said = () => labels(f.values());
      f.check = () => {
        if (boxes.length === 0) return !common.required;
        boxes[0].setCustomValidity(common.required && !common.disabled && f.values().length === 0 ? 'Choose at least one.' : '');
        return boxes[0].reportValidity();
      };
      f.element = element('fieldset', { className: 'field' }, element('legend', { textContent: label + mark }),
        ...boxes.map((b, i) => element('label', { className: 'choice' }, b, element('span', { textContent: options[i].label }), options[i].about && element('small', { textContent: options[i].about }))),
        options.length === 0 && named(typ, 'has no options'), help);
      for (const b of boxes) b.addEventListener('change', () => boxes[0].setCustomValidity(''));
    } else if (kind === 'Toggle' || kind === 'Checkbox') {
      const box = element('input', { ...common, type: 'checkbox', checked: initial.some(truth) });
      f.values = () => (box.checked ? ['true'] : []);
      f.said = () => 'yes';
      f.check = () => box.reportValidity();
      f.element = element('div', { className: 'field' }, element('label', { className: 'choice' }, box, element('span', { textContent: label + mark })), help);
    } else {
      let input;
      if (kind === 'Dropdown') {
        input = element('select', common, element('option', { value: '' }), ...options.map((o) => element('option', { value: o.value, textContent: o.label })));
        input.value = options.find(has)?.value ?? '';
      } else if (kind === 'TextArea') {
        input = element('textarea', { ...common, rows: 3, value: initial[0] ?? '' });
        if (Number(p.MaxLength) > 0) input.maxLength = Number(p.MaxLength);
      } else {
        const types = { DatePicker: 'date', TimePicker: 'time' };
        const type = own(types, kind) ?? (['number', 'password', 'email', 'tel', 'url'].includes(p.InputType) ? p.InputType : 'text');
        input = element('input', { ...common, type, value: initial[0] ?? '', ...(type === 'number' && { step: 'any' }) });
      }
      if (help) input.setAttribute('aria-describedby', help.id);
      f.values = () => (input.value.trim() ? [input.value] : []);
      f.said = () => (input.type === 'password' ? '…' : labels(f.values()));
      f.check = () => { // spaces are nothing
        input.setCustomValidity(common.required && !common.disabled && f.values().length === 0 && input.value ? 'Fill in this field.' : '');
        return input.reportValidity();
      };
      input.addEventListener('input', () => input.setCustomValidity(''));
      f.element = element('div', { className: 'field' }, element('label', { htmlFor: id, textContent: label + mark }), input, help);
    }
    this.fields.push(f);
    return [f.element];
  }
}

const holder = (d, p, n, form) => [say('h4', first(text(p.Heading), text(p.header))), ...d.nodes(list(n.Content), form), say('p', text(p.footer))];
const html = (d, p, n) => [markup(first(text(p.TemplateString), d.words(n.Content)))];
const field = (d, p, n, form) => d.field(n.Type, p, form);

// The components, by type.
const components = {
  Container: holder,
  Section: holder,
  Detail: holder,
  ExpandableSection: (d, p, n, form) => [element('details', {}, element('summary', { textContent: first(text(p.Heading), 'More') }), ...d.nodes(list(n.Content), form))],
  Form: (d, p, n) => [d.form((form) => [
    ...entries(p.Sections).flatMap((s) => [say('h4', text(s.Heading)), ...d.nodes(list(s.Components), form)]), // as another authoring tool writes it
    ...holder(d, p, n, form),
  ])],
  TextBox: (d, p, n) => [say({ h1: 'h3', h2: 'h3', h3: 'h4', h4: 'h4', h5: 'h4' }[text(p.Variant)] ?? 'p', d.words(n.Content))],
  Header: (d, p, n) => [say('h3', d.words(n.Content)), say('p', text(p.description))],
  Alert: (d, p, n) => [element('div', { className: 'alert' }, say('strong', text(p.heading)), say('p', d.words(n.Content)))],
  HTMLBox: html,
  TemplateStringComponent: html,
  Icon: () => [], // decoration
  Image: (d, p) => [element('img', { src: text(p.Src), alt: text(p.Alt), onerror() { this.replaceWith(named('Image', text(p.Alt) || 'it cannot be loaded')); } })],
  Link: (d, p, n) => [element('p', {}, link(d.words(n.Content), text(p.Url)))],
  Button: (d, p, n, form) => [d.button(p, d.words(n.Content), false, form)],
  SubmitButton: (d, p, n, form) => [d.button(p, text(p.Label), true, form)],
  ButtonGroup: (d, p, n, form) => [d.group(p.Items, form)],
  Card: (d, p) => [element('div', { className: 'card' }, say('strong', text(p.Heading)), say('small', text(p.Status)), say('p', text(p.Description)),
    text(p.Action) && d.action({ label: first(text(p.Heading), text(p.Action)), name: text(p.Action), data: () => ({ Heading: text(p.Heading), Id: text(p.Id) }) }))],
  AttributeBar: (d, p) => [facts(p.Attributes)],
  AttributeSection: (d, p) => section(p),
  Table: (d, p, n, form) => {
    const columns = entries(p.Columns);
    const name = first(text(p.Name), 'TableName');
    const rows = list(p.Items);
    const cell = (c, item) => {
      const said = text(own(object(item) ?? {}, text(c.Id)));
      return c.Type !== 'action' ? said : d.action({ label: first(said, text(c.Label), text(c.Id)), name: first(text(p.TableAction), 'TableAction'), data: () => ({ [name]: [item] }) });
    };
    return [say('h4', text(p.Header)), say('p', text(p.Description)),
      element('div', { className: 'wide' }, element('table', {},
        element('tr', {}, ...columns.map((c) => element('th', { textContent: first(text(c.Label), text(c.Id)) }))),
        ...rows.map((item) => element('tr', {}, ...columns.map((c) => element('td', {}, cell(c, item))))))),
      columns.some((c) => text(c.EditableType)) && named('Table', 'its cells cannot be edited on this page'),
      d.group(p.Actions, form, (values) => ({ ...values, [name]: rows }))];
  },
  FormInput: field, TextArea: field, Dropdown: field, RadioGroup: field, CheckboxGroup: field, DatePicker: field, TimePicker: field, Toggle: field, Checkbox: field,

  // What the views that the service manages are made of.
  DetailsView: (d, p) => [...d.heading(p, 'Description'), ...sections(p.Sections),
    element('div', { className: 'actions' }, ...list(p.Actions).map(text).filter(Boolean).map((a) => d.selected(a, a, { primary: true })), d.slot(p, 'Back'))],
  ListView: (d, p) => [...d.heading(p, 'SubHeading'),
    element('div', { className: 'options' }, ...entries(p.Items).map((i) => {
      const [heading, about] = [text(i.Heading), text(i.Description)];
      if (!text(i.Id)) return say('p', [heading, about].filter(Boolean).join(' - ')); // there to be read
      const button = d.selected(first(heading, text(i.Id)), text(i.Id));
      if (about) button.append(element('small', { textContent: about }));
      return button;
    })), element('div', { className: 'actions' }, d.slot(p, 'Back'))],
  CardsView: (d, p) => [...d.heading(p),
    ...entries(p.Cards).map((card) => {
      const [summary, detail] = [object(card.Summary) ?? {}, object(card.Detail) ?? {}];
      const name = first(text(summary.Heading), text(summary.Id));
      const actions = list(detail.Actions).map(text).filter(Boolean);
      const inner = [text(detail.Heading) !== name && say('h4', text(detail.Heading)), say('p', text(detail.Description)), ...sections(detail.Sections)].filter(Boolean);
      const buttons = element('div', { className: 'actions' }, ...actions.map((a) => d.selected(a, a)), actions.length === 0 && name && d.selected(name, text(summary.Id)));
      return element('div', { className: 'card', role: 'group', ariaLabel: name }, actions.length > 0 && say('strong', name), say('small', text(summary.Status)), say('p', text(summary.Description)),
        ...(inner.length > 0 ? [element('details', {}, element('summary', { textContent: 'More' }), ...inner)] : []), buttons);
    }),
    element('div', { className: 'actions' }, d.slot(p, 'NoMatchFound'), d.slot(p, 'Back'))],
  ConfirmationView: (d, p) => [...d.heading(p, 'SubHeading'), element('div', { className: 'actions' }, d.slot(p, 'Next', undefined, { primary: true, of: (label) => ({ Label: label }) }))],

  // The fields go with every action, and the heading of the step with them; only Next needs those that are required.
  FormWithSteps: (d, p) => [d.form((form) => {
    const steps = entries(p.Wizard).map((s) => ({ name: text(s.Heading), selected: truth(s.Selected) })).filter((s) => s.name);
    const here = steps.find((s) => s.selected)?.name;
    const carry = (step, submits = false) => ({ carries: true, submits, data: (values) => ({ FormData: values, ...(step && { StepName: step }) }) });
    const wrong = object(p.ErrorText) ?? { Content: p.ErrorText };
    const edit = text(object(p.Edit)?.Label ?? p.Edit).trim();
    return [
      ...d.heading(p, 'SubHeading'),
      steps.length > 0 && element('div', { className: 'actions steps' }, ...steps.map((s) => (s.selected ? element('strong', { textContent: s.name, ariaCurrent: 'step' }) : d.action({ label: s.name, name: 'Step', ...carry(s.name) }, form)))),
      first(text(wrong.Heading), text(wrong.Header), text(wrong.Content)) && element('div', { className: 'alert bad' }, say('strong', first(text(wrong.Heading), text(wrong.Header))), say('p', text(wrong.Content))),
      ...entries(p.Sections).flatMap((s) => {
        if (s.Type !== 'DataSection') return [say('h4', text(s.Heading)), ...entries(s.Items).flatMap((i) => d.node({ Type: i.Type, Props: i }, form))];
        return [...section(s), edit && truth(s.IsEditable) && d.action({ label: edit, name: 'Step', ...carry(text(s.Heading)) }, form)];
      }),
      element('div', { className: 'actions' }, d.slot(p, 'Next', form, carry(here, true)), ...['Previous', 'Back', 'Cancel'].map((name) => d.slot(p, name, form, carry(here)))),
    ];
  })],
};

const response = (action, data) => JSON.stringify({ action, data, templateType: 'ViewResource', version: '1.0' });

/** The view that an interactive message shows: its token and data; nothing when it shows none. */
export function shownView(content) {
  let m;
  try { m = JSON.parse(content); } catch { return undefined; }
  return m?.templateType === 'ViewResource' ? { id: text(m.data?.content?.viewId), token: text(m.data?.content?.viewToken), data: object(m.data?.content?.viewData) ?? {} } : undefined;
}

/** Draws a view. calls.describe(token) resolves with what DescribeView returns, calls.answer(content) when an
 * answer is sent, and calls.drawn() is called when there is something to see. close() leaves its title, as something else
 * was said since; typed(text) is the answer of text that was typed instead; chosen is how the answer that was sent reads. */
export function view(shown, calls) {
  const set = element('fieldset', { className: 'choices view', ariaLabel: shown.id || 'A view' });
  const v = { element: set, chosen: undefined, typed: (said) => response(' ', { content: said }) };
  let [title, over] = [shown.id || 'A view', false];
  v.close = () => {
    over = true;
    set.replaceChildren(element('strong', { textContent: set.querySelector('h3')?.textContent ?? title }));
  };
  const act = async (action, data, said) => {
    const chosen = document.activeElement; // a button that is disabled loses the keyboard focus
    set.disabled = true;
    v.chosen = said;
    try { if (!await calls.answer(response(action, data))) v.chosen = undefined; } finally {
      set.disabled = false;
      if (document.activeElement === document.body) chosen?.focus();
    }
  };
  const open = async () => {
    set.replaceChildren(element('p', { textContent: 'Fetching the view…' }));
    let drawn;
    try {
      const content = (await calls.describe(shown.token))?.Content;
      const template = object(content?.Template);
      if (!template) throw new Error('its template cannot be read');
      const drawing = new Drawing(shown.data, act);
      drawn = drawing.draw(template);
      set.oninput = () => drawing.update();
      title = first(text(resolve(template.Head?.Title, shown.data)), title);
      if (!drawn.some((e) => e.textContent.trim() || e.querySelector('img'))) drawn = [named(title, 'there is nothing in it')];
    } catch (e) {
      drawn = [element('p', { className: 'bad', textContent: `This view cannot be shown: ${e.message}` }), element('button', { type: 'button', className: 'quiet', textContent: 'Try again', onclick: open })];
    }
    if (over) return;
    set.replaceChildren(...drawn);
    calls.drawn();
  };
  open();
  return v;
}

/** How an answer to a view reads in the transcript, when it was not made on this page; nothing for what is none. */
export function responded(content) {
  let m;
  try { m = JSON.parse(content); } catch { return undefined; }
  if (m?.templateType !== 'ViewResource') return undefined;
  const data = object(m.data) ?? {};
  if (m.action === ' ') return text(data.content);
  const fields = object(data.FormData) ?? data;
  return [text(m.action), ...Object.entries(fields).map(([name, value]) => `  ${name}: ${text(value)}`)].join('\n');
}
