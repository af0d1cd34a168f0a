// Items of a transcript that is over, one below the other.
import type { TranscriptItem } from '../../../api/agent_gen';
import { t, time } from '../words';
import { Content } from './content';
import { eventText } from './events';

export function Items({ items }: { items: TranscriptItem[] }) {
  return items.map((item, i) => {
    const before = items[i - 1];
    if (item.Type === 'EVENT') return <p className="event" key={item.Id}>{eventText(item.ContentType, item.DisplayName ?? '')} <time>{time(item.AbsoluteTime)}</time></p>;
    const follows = before !== undefined && before.Type !== 'EVENT' && before.ParticipantId === item.ParticipantId && before.Visibility === item.Visibility;
    const own = item.ParticipantRole !== 'CUSTOMER';
    return (
      <article className="line" key={item.Id} data-mine={own} data-whisper={item.Visibility === 'AGENT'} data-follows={follows}>
        {!follows && <header><strong>{item.DisplayName ?? item.ParticipantRole}</strong> <time dateTime={item.AbsoluteTime}>{time(item.AbsoluteTime)}</time>{item.Visibility === 'AGENT' && <em> {t('chat.whisper')}</em>}</header>}
        <div className="bubble" dir="auto">{item.Attachments ? item.Attachments.map((a, n) => <p key={n}>{a.AttachmentName}</p>) : <Content type={item.ContentType} text={item.Content ?? ''} />}</div>
      </article>
    );
  });
}
