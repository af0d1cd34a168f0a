// What waits in the queues from which the agent picks by hand.
import { useEffect, useState } from 'react';
import type { WaitingContact } from '../../../api/agent_gen';
import { useLive, useTicks } from '../parts/live';
import { Act } from '../parts/shell';
import { duration, t } from '../words';

export function Waiting() {
  const live = useLive();
  const picks = (live.may('ManualAssignAnyContact.Enable') || live.may('ManualAssignMyContacts.Enable')) && (live.configuration?.RoutingProfile.Queues.some((q) => q.Manual && q.Channel === 'CHAT') ?? false);
  return picks ? <List /> : null;
}

function List() {
  const live = useLive();
  useTicks();
  const [waiting, setWaiting] = useState<WaitingContact[]>([]);
  useEffect(() => {
    let here = true;
    const look = () => {
      if (document.hidden) return;
      live.call('ListWaitingContacts', { MaxResults: 50 }).then(({ WaitingContacts }) => here && setWaiting(WaitingContacts), () => {}); // it looks again
    };
    look();
    const again = setInterval(look, 3_000);
    return () => {
      here = false;
      clearInterval(again);
    };
  }, [live]);
  return (
    <section className="waiting">
      <h2>{t('waiting.title')}</h2>
      {waiting.length === 0 && <p className="quiet">{t('waiting.none')}</p>}
      <ul>
        {waiting.map((w) => {
          const name = w.CustomerName ?? t('chat.customer');
          return (
            <li key={w.ContactId}>
              <div><strong>{name}</strong><br /><span className="quiet">{[w.Queue.Name, w.RingsAt ? t('waiting.ringsAt', { name: w.RingsAt }) : duration(live.now() - Date.parse(w.Enqueued))].filter(Boolean).join(' · ')}</span></div>
              {!w.RingsAt && <Act label={t('waiting.pickOf', { name })} act={() => live.call('PickContact', { ContactId: w.ContactId })}>{t('waiting.pick')}</Act>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
