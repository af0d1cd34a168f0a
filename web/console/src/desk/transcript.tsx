// What was said in a chat. Of a long one the last lines are drawn, and more as the reader goes back.
import Button from '@cloudscape-design/components/button';
import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { AgentContact } from '../../../api/agent_gen';
import type { AttachmentItem } from '../../../api/participant_gen';
import type { Chat, Line } from '../model/chat';
import { useChat } from '../parts/live';
import { nameOf } from '../parts/names';
import { useTry } from '../parts/shell';
import { t, time } from '../words';
import { Content } from './content';
import { eventText } from './events';

/** How many lines are drawn to begin with, and how many more at a time. */
const drawn = 60;
/** How near the end, in px, somebody is taken to read there. */
const near = 80;

export function Transcript({ contact, chat }: { contact: AgentContact; chat: Chat }) {
  useChat(chat);
  const attempt = useTry();
  const box = useRef<HTMLDivElement>(null);
  const [count, setCount] = useState(drawn);
  const [atEnd, setAtEnd] = useState(true);
  const height = useRef(0); // before older lines came

  useEffect(() => {
    if (chat.older === 'unknown') void attempt(() => chat.readOlder());
    chat.view(true);
    return () => chat.view(false);
  }, [chat]);

  const lines = chat.lines.slice(-count);
  const last = lines.at(-1)?.key;
  const first = lines[0]?.key;
  useLayoutEffect(() => {
    if (atEnd && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [last, atEnd, chat.typing().length]);
  useLayoutEffect(() => {
    const b = box.current;
    if (b && !atEnd && height.current) b.scrollTop += b.scrollHeight - height.current;
    height.current = 0;
  }, [first]);
  useEffect(() => {
    if (atEnd) chat.view(true);
  }, [last, atEnd, chat]);

  const older = async () => {
    height.current = box.current?.scrollHeight ?? 0;
    if (count >= chat.lines.length) await chat.readOlder();
    setCount((n) => n + drawn);
  };
  const more = count < chat.lines.length || chat.older === 'more' || chat.older === 'reading';
  const name = nameOf(contact);
  const typing = chat.typing();
  return (
    <div className="transcript">
      <div
        className="lines" ref={box} role="log" tabIndex={0} aria-label={t('chat.transcript', { name })}
        onScroll={({ currentTarget: b }) => setAtEnd(b.scrollHeight - b.scrollTop - b.clientHeight < near)}
      >
        {more
          ? <div className="older"><Button variant="link" loading={chat.older === 'reading'} onClick={() => void attempt(older)}>{t('chat.older')}</Button></div>
          : <p className="event">{t('chat.begin')}</p>}
        {lines.map((line, i) => (
          <Row key={line.key} line={line} chat={chat} customer={name} mine={chat.mine(line.item)} follows={follows(lines[i - 1], line)}
            pending={line.pending} progress={line.progress} receipt={chat.mine(line.item) ? chat.receipt(line.item.Id) : undefined} />
        ))}
        {typing.length > 0 && <p className="event typing">{t('chat.typing', { name: typing[0] || name })}</p>}
      </div>
      {!atEnd && <div className="to-end"><Button iconName="angle-down" onClick={() => setAtEnd(true)}>{chat.unread > 0 ? t('chat.new') : t('chat.toEnd')}</Button></div>}
    </div>
  );
}

/** Whether a line goes on with what the one before it says. */
const follows = (before: Line | undefined, line: Line): boolean =>
  before !== undefined && before.item.Type !== 'EVENT' && before.item.ParticipantId === line.item.ParticipantId && line.at - before.at < 120_000;

interface RowProps {
  line: Line; chat: Chat; customer: string; mine: boolean; follows: boolean;
  pending: Line['pending']; progress: number | undefined; receipt: 'delivered' | 'read' | undefined;
}

const Row = memo(function Row({ line, chat, customer, mine, follows, pending, progress, receipt }: RowProps) {
  const { item } = line;
  if (item.Type !== 'MESSAGE' && item.Type !== 'ATTACHMENT') return <p className="event">{eventText(item.ContentType ?? '', item.DisplayName || customer)} <time>{time(line.at)}</time></p>;
  const who = mine ? t('chat.you') : item.DisplayName || (item.ParticipantRole === 'CUSTOMER' ? customer : item.ParticipantRole === 'SYSTEM' ? t('app.name') : '');
  return (
    <article className="line" data-mine={mine} data-role={item.ParticipantRole} data-whisper={line.whisper} data-follows={follows}>
      {!follows && <header><strong>{who}</strong> <time dateTime={item.AbsoluteTime}>{time(line.at)}</time>{line.whisper && <em> {t('chat.whisper')}</em>}</header>}
      <div className="bubble" dir="auto">
        {item.Type === 'ATTACHMENT' ? item.Attachments?.map((a, i) => <Attachment key={a.AttachmentId ?? i} chat={chat} attachment={a} />) : <Content type={item.ContentType ?? ''} text={item.Content ?? ''} />}
      </div>
      {pending === 'sending' && <footer>{progress === undefined ? t('chat.sending') : t('attach.uploading', { percent: progress })}</footer>}
      {pending === 'failed' && (
        <footer className="failed">{t('chat.failed', { why: line.failure ?? '' })} <Button variant="inline-link" onClick={() => line.again?.()}>{t('chat.retry')}</Button> <Button variant="inline-link" onClick={() => chat.drop(line)}>{t('chat.drop')}</Button></footer>
      )}
      {receipt && !pending && <footer>{t(`chat.${receipt}`)}</footer>}
    </article>
  );
});

const shown = /^image\/(png|jpeg|gif|webp)$/;

function Attachment({ chat, attachment: a }: { chat: Chat; attachment: AttachmentItem }) {
  const attempt = useTry();
  const [picture, setPicture] = useState('');
  const name = a.AttachmentName ?? '';
  const id = a.AttachmentId;
  if (!id) return <span className="file">{name}</span>;
  return (
    <div className="file">
      <Button variant="inline-link" iconName="file" ariaLabel={t('attach.open', { name })} onClick={() => void attempt(async () => open(await chat.attachment(id), '_blank', 'noopener'))}>{name}</Button>
      {shown.test(a.ContentType ?? '') && !picture && <Button variant="inline-link" onClick={() => void attempt(async () => setPicture(await chat.attachment(id)))}>{t('attach.show')}</Button>}
      {picture && <img src={picture} alt={name} />}
    </div>
  );
}
