// The desk: the chats in hand, the one in view, and what is known of it.
import { useEffect } from 'react';
import { useLive } from '../parts/live';
import { useKeys } from '../parts/keys';
import { useTry } from '../parts/shell';
import { t } from '../words';
import { ChatList } from './list';
import { ChatView, finish } from './view';
import { Waiting } from './waiting';

export function DeskPage() {
  const live = useLive();
  const attempt = useTry();
  const contacts = live.snapshot?.Contacts ?? [];
  const contact = live.contact;

  const step = (by: number) => {
    if (contacts.length === 0) return;
    const at = contacts.findIndex((c) => c.InitialContactId === live.chosen);
    live.choose(contacts[(at + by + contacts.length) % contacts.length]!.InitialContactId);
  };
  const accept = () => {
    const rings = contacts.find((c) => c.State === 'CONNECTING');
    if (!rings) return;
    live.choose(rings.InitialContactId);
    void attempt(() => live.call('AcceptContact', { ContactId: rings.ContactId }));
  };
  useKeys({ a: accept, n: () => step(1), p: () => step(-1), e: () => { if (contact) void attempt(() => finish(live, contact)); } });

  // Where there is room for more than one pane, something is in view if there is anything.
  const first = contacts[0]?.InitialContactId;
  const wide = matchMedia('(min-width: 700px)').matches;
  useEffect(() => {
    if (wide && !live.chosen && first) live.choose(first);
  }, [first, live, wide]);

  return (
    <div className="desk" data-view={contact ? 'chat' : 'list'}>
      <aside className="side" aria-label={t('chats.label')}>
        <ChatList />
        <Waiting />
      </aside>
      {contact
        ? <ChatView key={contact.InitialContactId} contact={contact} />
        : <main className="chat none"><p>{contacts.length > 0 ? t('chats.choose') : t('chats.none')}</p></main>}
    </div>
  );
}
