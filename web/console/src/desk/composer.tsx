// The message field, with quick responses behind "/".
import Button from '@cloudscape-design/components/button';
import Toggle from '@cloudscape-design/components/toggle';
import { useEffect, useId, useRef, useState } from 'react';
import type { AgentContact, QuickResponseResult } from '../../../api/agent_gen';
import type { Chat } from '../model/chat';
import { useLive } from '../parts/live';
import { useKeys } from '../parts/keys';
import { nameOf, watched } from '../parts/names';
import { useTry } from '../parts/shell';
import { sentence, t } from '../words';

/** The longest message, in characters (SendMessage, Content). */
const longest = 1_024;

export function Composer({ contact, chat }: { contact: AgentContact; chat: Chat }) {
  const live = useLive();
  const attempt = useTry();
  const [text, setText] = useState(chat.draft);
  const [markdown, setMarkdown] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const id = useId();
  const name = nameOf(contact);
  const silent = contact.Connections[0]?.Monitoring?.MonitorMode === 'SILENT_MONITOR';
  const company = contact.Connections.some((c) => c.ConnectionType === 'OUTBOUND' || c.ConnectionType === 'MONITORING') || watched(contact);
  const [aside, setAside] = useState(false);
  const whisper = silent || (company && aside);
  const quick = useQuick(contact, !whisper && text.startsWith('/') ? text.slice(1) : undefined);

  useKeys({ m: () => field.current?.focus() });
  useEffect(() => () => { chat.draft = field.current?.value ?? chat.draft; }, [chat]);
  useEffect(() => {
    const f = field.current;
    if (!f) return;
    f.style.height = 'auto';
    f.style.height = `${Math.min(f.scrollHeight + 2, 160)}px`;
  }, [text]);

  const write = (value: string) => {
    setText(value);
    chat.draft = value;
    if (value && !whisper && !value.startsWith('/')) void chat.type();
    if (!value) setMarkdown(false);
  };
  const over = [...text].length - longest;
  const send = () => {
    const said = text.trim();
    if (!said || over > 0) return;
    write('');
    if (whisper) void attempt(() => live.whisper(contact, said).catch((error) => { write(said); throw error; }));
    else void chat.send(said, markdown ? 'text/markdown' : 'text/plain');
  };
  const take = (r: QuickResponseResult) => {
    write(r.Contents.Markdown ?? r.Contents.PlainText ?? '');
    setMarkdown(r.Contents.Markdown !== undefined);
    field.current?.focus();
  };
  const attach = (files: Iterable<File> | null | undefined) => { for (const f of files ?? []) void chat.attach(f); };

  return (
    <form
      className="composer" data-whisper={whisper}
      onSubmit={(e) => { e.preventDefault(); send(); }}
      onDragOver={(e) => e.preventDefault()} onDrop={(e) => { e.preventDefault(); if (!whisper) attach(e.dataTransfer.files); }}
    >
      {quick.shown && (
        <div className="quick" role="listbox" id={`${id}-quick`} aria-label={t('quick.label')}>
          {quick.results.length === 0 && <p>{quick.busy ? t('app.loading') : t('quick.none')}</p>}
          {quick.results.map((r, i) => (
            <div key={r.QuickResponseId} id={`${id}-${i}`} role="option" aria-selected={i === quick.at} onMouseDown={(e) => { e.preventDefault(); take(r); }}>
              <strong>{r.Name}</strong>{r.ShortcutKey && <kbd>/{r.ShortcutKey}</kbd>}
              <span>{r.Contents.PlainText ?? r.Contents.Markdown}</span>
              {r.AttributesNotInterpolated.length > 0 && <em>{t('quick.unfilled', { names: r.AttributesNotInterpolated.join(', ') })}</em>}
            </div>
          ))}
        </div>
      )}
      <textarea
        ref={field} rows={1} value={text} dir="auto"
        aria-label={t('compose.label', { name })} placeholder={t(whisper ? 'compose.placeholder.whisper' : 'compose.placeholder')}
        role="combobox" aria-expanded={quick.shown} aria-controls={`${id}-quick`} aria-autocomplete="list" aria-activedescendant={quick.shown && quick.results[quick.at] ? `${id}-${quick.at}` : undefined}
        onChange={(e) => write(e.target.value)}
        onPaste={(e) => { if (e.clipboardData.files.length > 0 && !whisper) { e.preventDefault(); attach(e.clipboardData.files); } }}
        onKeyDown={(e) => {
          if (quick.shown && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
            e.preventDefault();
            quick.move(e.key === 'ArrowDown' ? 1 : -1);
          } else if (quick.shown && e.key === 'Escape') {
            write('');
          } else if (e.key === 'Enter' && !e.shiftKey && !e.nativeEvent.isComposing) {
            e.preventDefault();
            const chosen = quick.results[quick.at];
            if (quick.shown && chosen) take(chosen);
            else send();
          }
        }}
      />
      <div className="row">
        {!whisper && <Button variant="icon" iconName="upload" ariaLabel={t('compose.attach')} onClick={() => file.current?.click()} />}
        <input ref={file} type="file" hidden multiple onChange={(e) => { attach(e.target.files); e.target.value = ''; }} />
        {company && !silent && <Toggle checked={aside} onChange={({ detail }) => setAside(detail.checked)}>{t('compose.whisper')}</Toggle>}
        <span className="space" />
        {over > 0 && <span className="failed" role="status">{sentence(t('compose.tooLong', { n: over }))}</span>}
        <Button variant="primary" formAction="submit" disabled={over > 0 || !text.trim() || quick.shown}>{t('compose.send')}</Button>
      </div>
    </form>
  );
}

/** Finds quick responses while somebody writes what he looks for. */
function useQuick(contact: AgentContact, words: string | undefined) {
  const live = useLive();
  const [results, setResults] = useState<QuickResponseResult[]>([]);
  const [busy, setBusy] = useState(false);
  const [at, setAt] = useState(0);
  const { ContactId } = contact;
  useEffect(() => {
    if (words === undefined) return setResults([]);
    const stop = new AbortController();
    setBusy(true);
    const timer = setTimeout(() => {
      const value = words.trim();
      const query = (Name: 'name' | 'shortcutKey' | 'content', Priority: 'HIGH' | 'LOW') => ({ Name, Values: [value], Operator: 'CONTAINS_AND_PREFIX' as const, Priority });
      live.call('SearchQuickResponses', { ContactId, MaxResults: 8, ...(value && { Queries: [query('shortcutKey', 'HIGH'), query('name', 'HIGH'), query('content', 'LOW')] }) }, stop.signal)
        .then(({ Results }) => { setResults(Results); setAt(0); }, () => { if (!stop.signal.aborted) setResults([]); })
        .finally(() => { if (!stop.signal.aborted) setBusy(false); });
    }, 120);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [words, live, ContactId]);
  const move = (by: number) => setAt((n) => (results.length === 0 ? 0 : (n + by + results.length) % results.length));
  return { results, busy, at, move, shown: words !== undefined };
}
