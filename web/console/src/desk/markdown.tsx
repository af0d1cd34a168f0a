// Markdown as elements of the page: nothing of it becomes HTML.
import { lexer, type Token, type Tokens } from 'marked';
import { Fragment, type ReactNode } from 'react';

export default function Markdown({ text }: { text: string }) {
  return <div className="markdown">{blocks(lexer(text, { gfm: true, breaks: true }))}</div>;
}

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
      case 'text': return <Fragment key={i}>{token.tokens ? inline(token.tokens) : plain((token as Tokens.Text).text)}</Fragment>;
      default: return <p key={i}>{token.raw}</p>;
    }
  });
}

/** A text with the characters that its entities stand for: marked leaves those to the HTML that it would write. */
function plain(text: string): string {
  return /&#?\w+;/.test(text) ? new DOMParser().parseFromString(`>${text.replaceAll('<', '&lt;')}`, 'text/html').documentElement.textContent.slice(1) : text; // white space at the beginning of a page would be lost
}

function inline(tokens: Token[]): ReactNode[] {
  return tokens.map((token, i) => {
    switch (token.type) {
      case 'strong': return <strong key={i}>{inline(token.tokens ?? [])}</strong>;
      case 'em': return <em key={i}>{inline(token.tokens ?? [])}</em>;
      case 'del': return <s key={i}>{inline(token.tokens ?? [])}</s>;
      case 'codespan': return <code key={i}>{(token as Tokens.Codespan).text}</code>;
      case 'escape': return <Fragment key={i}>{(token as Tokens.Escape).text}</Fragment>;
      case 'br': return <br key={i} />;
      case 'link': {
        const link = token as Tokens.Link;
        return safe(link.href) ? <a key={i} href={link.href} target="_blank" rel="noopener noreferrer">{inline(link.tokens)}</a> : <Fragment key={i}>{link.raw}</Fragment>;
      }
      case 'text': return <Fragment key={i}>{token.tokens ? inline(token.tokens) : plain((token as Tokens.Text).text)}</Fragment>;
      default: return <Fragment key={i}>{token.raw}</Fragment>;
    }
  });
}
