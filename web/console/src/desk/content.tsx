// The content of a message, whatever it is: nothing of it becomes HTML.
import { lazy, Suspense, type ReactNode } from 'react';
import { t } from '../words';

const Markdown = lazy(() => import('./markdown'));

export function Content({ type, text }: { type: string; text: string }): ReactNode {
  if (type === 'text/markdown') return <Suspense fallback={<p>{text}</p>}><Markdown text={text} /></Suspense>;
  if (type.endsWith('.interactive')) return <Interactive text={text} />;
  if (type.endsWith('.interactive.response')) return <p>{text && string(read(text)?.['action'])}</p>;
  return <p>{text}</p>;
}

// --- interactive messages, as the customer sees them ---

type Parts = Record<string, unknown>;

function read(text: string): Parts | undefined {
  try {
    return object(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const string = (v: unknown): string => (typeof v === 'string' ? v : '');
const object = (v: unknown): Parts | undefined => (v && typeof v === 'object' && !Array.isArray(v) ? (v as Parts) : undefined);
const list = (v: unknown): Parts[] => (Array.isArray(v) ? v.map(object).filter((o) => o !== undefined) : []);

function Interactive({ text }: { text: string }) {
  const message = read(text);
  const template = string(message?.['templateType']);
  const content = object(object(message?.['data'])?.['content']);
  if (!content) return <p>{t('chat.unshown', { type: template || 'interactive' })}</p>;
  return <div className="interactive"><Card content={content} template={template} /></div>;
}

function Card({ content, template }: { content: Parts; template: string }) {
  const picture = string(content['imageData']);
  const options = template === 'TimePicker'
    ? list(content['timeslots']).map((s) => when(string(s['date'])))
    : list(content['elements']).filter((e) => !object(e['data'])).map((e) => [string(e['title']), string(e['subtitle'])].filter(Boolean).join(' – '));
  const cards = list(content['elements']).map((e) => object(object(e['data'])?.['content'])).filter((c) => c !== undefined);
  return (
    <>
      {picture && <img src={picture} alt={string(content['imageDescription'])} />}
      {string(content['title']) && <strong>{string(content['title'])}</strong>}
      {string(content['subtitle']) && <p>{string(content['subtitle'])}</p>}
      {options.length > 0 && <ul className="options">{options.map((o, i) => <li key={i}>{o}</li>)}</ul>}
      {cards.length > 0 && <div className="cards">{cards.map((c, i) => <div className="interactive" key={i}><Card content={c} template="Panel" /></div>)}</div>}
    </>
  );
}

function when(date: string): string {
  const at = new Date(date);
  return isNaN(at.getTime()) ? date : at.toLocaleString([], { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
}
