// The content of a message, whatever it is: nothing of it becomes HTML.
import { lexer, type Token, type Tokens } from 'marked';
import { Fragment, type ReactNode } from 'react';
import { t } from '../words';

export function Content({ type, text }: { type: string; text: string }): ReactNode {
  if (type === 'text/markdown') return <div className="markdown">{blocks(lexer(text, { gfm: true, breaks: true }))}</div>;
  if (type.endsWith('.interactive')) return <Interactive text={text} />;
  if (type.endsWith('.interactive.response')) return <p>{text && string(read(text)?.['action'])}</p>;
  if (type === 'application/json') return <p>{text}</p>;
  return <p>{text}</p>;
}

// --- markdown ---

const safe = (url: string) => /^(https?:|mailto:|tel:)/i.test(url);

function blocks(tokens: Token[]): ReactNode[] {
  return tokens.map((token, i) => {
    switch (token.type) {
      case 'paragraph': return <p key={i}>{inline(token.tokens ?? [])}</p>;
      case 'heading': return <p key={i}><strong>{inline(token.tokens ?? [])}</strong></p>;
      case 'blockquote': return <blockquote key={i}>{blocks(token.tokens ?? [])}</blockquote>;
      case 'code': return <pre key={i}>{(token as Tokens.Code).text}</pre>;
      case 'list': {
        const list = token as Tokens.List;
        const items = list.items.map((item, n) => <li key={n}>{blocks(item.tokens)}</li>);
        return list.ordered ? <ol key={i} start={Number(list.start) || 1}>{items}</ol> : <ul key={i}>{items}</ul>;
      }
      case 'hr': return <hr key={i} />;
      case 'space': return null;
      case 'text': return <Fragment key={i}>{token.tokens ? inline(token.tokens) : plain(token as Tokens.Text)}</Fragment>;
      default: return <p key={i}>{token.raw}</p>;
    }
  });
}

/** marked writes some characters as HTML would have them, where it escapes. */
const plain = (token: { text: string; escaped?: boolean; raw: string }): string => (token.escaped ? token.raw : token.text);

function inline(tokens: Token[]): ReactNode[] {
  return tokens.map((token, i) => {
    switch (token.type) {
      case 'strong': return <strong key={i}>{inline(token.tokens ?? [])}</strong>;
      case 'em': return <em key={i}>{inline(token.tokens ?? [])}</em>;
      case 'del': return <s key={i}>{inline(token.tokens ?? [])}</s>;
      case 'codespan': return <code key={i}>{(token as Tokens.Codespan).text}</code>;
      case 'br': return <br key={i} />;
      case 'link': {
        const link = token as Tokens.Link;
        return safe(link.href) ? <a key={i} href={link.href} target="_blank" rel="noopener noreferrer">{inline(link.tokens)}</a> : <Fragment key={i}>{link.raw}</Fragment>;
      }
      case 'text': return <Fragment key={i}>{token.tokens ? inline(token.tokens) : plain(token as Tokens.Text)}</Fragment>;
      default: return <Fragment key={i}>{token.raw}</Fragment>;
    }
  });
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
