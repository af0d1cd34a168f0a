// The chats in hand, with what asks for attention.
import Badge from '@cloudscape-design/components/badge';
import type { AgentConfiguration, AgentContact } from '../../../api/agent_gen';
import { useLive, useTicks } from '../parts/live';
import { nameOf, stateOf, watched } from '../parts/names';
import { Act } from '../parts/shell';
import { duration, t } from '../words';

/** What to expect with nothing in hand. */
function idle({ RoutingProfile, Permissions }: AgentConfiguration, available: boolean): string {
  const watches = Permissions.includes('ManagerListenIn');
  if (!RoutingProfile.Concurrencies.some((c) => c.Channel === 'CHAT' && c.Maximum > 0)) return t(watches ? 'chats.none.watches' : 'chats.none.noSlots');
  if (!RoutingProfile.Queues.some((q) => q.Channel === 'CHAT' && q.Offered)) return t(watches ? 'chats.none.watches' : 'chats.none.noQueues');
  return t(available ? 'chats.none.available' : 'chats.none.away');
}

export function ChatList() {
  const live = useLive();
  const { snapshot, configuration } = live;
  if (!snapshot || !configuration) return null;
  if (snapshot.Contacts.length === 0) {
    return <div className="empty"><strong>{t('chats.none')}</strong><p>{idle(configuration, snapshot.Status.Type === 'ROUTABLE')}</p></div>;
  }
  return <ul className="chats">{snapshot.Contacts.map((c) => <Entry key={c.ContactId} contact={c} />)}</ul>;
}

function Entry({ contact }: { contact: AgentContact }) {
  const live = useLive();
  useTicks();
  const { State, Deadline, Since } = contact;
  const name = nameOf(contact);
  const chat = State === 'CONNECTED' || State === 'ENDED' ? live.chat(contact) : undefined;
  const now = live.now();
  const typing = chat?.typing() ?? [];
  const left = Deadline && Date.parse(Deadline) - now;
  const time = left !== undefined && left !== '' ? t('chat.left', { time: duration(left) })
    : chat?.waitsSince && State === 'CONNECTED' ? t('chat.waits', { time: duration(now - chat.waitsSince) }) : duration(now - Date.parse(Since));
  return (
    <li data-state={State} className={live.chosen === contact.InitialContactId ? 'chosen' : undefined}>
      <button type="button" className="entry" aria-current={live.chosen === contact.InitialContactId} onClick={() => live.choose(contact.InitialContactId)}>
        <span className="who"><strong>{name}</strong>{chat && chat.unread > 0 && <Badge color="blue"><span aria-label={t('chat.unread', { n: chat.unread })}>{chat.unread}</span></Badge>}</span>
        <span className="what">{typing.length > 0 ? t('chat.typing', { name: typing[0] || name }) : [stateOf(contact), contact.Queue?.Name].filter(Boolean).join(' · ')}</span>
        <time className={chat?.waitsSince && State === 'CONNECTED' ? 'waits' : undefined}>{time}</time>
      </button>
      {State === 'CONNECTING' && (
        <div className="actions">
          <Act variant="primary" label={t('chat.acceptOf', { name })} act={() => { live.choose(contact.InitialContactId); return live.call('AcceptContact', { ContactId: contact.ContactId }); }}>{t('chat.accept')}</Act>
          {!watched(contact) && <Act act={() => live.call('RejectContact', { ContactId: contact.ContactId })}>{t('chat.reject')}</Act>}
        </div>
      )}
    </li>
  );
}
