// Where a chat can be handed over to, with who is there.
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import Spinner from '@cloudscape-design/components/spinner';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect, useState } from 'react';
import type { AgentContact, QuickConnectSummary } from '../../../api/agent_gen';
import { useLive } from '../parts/live';
import { Act, useTry } from '../parts/shell';
import { t } from '../words';

/** How many quick connects are looked at. */
const most = 500;

export default function Transfer({ contact, close }: { contact: AgentContact; close: () => void }) {
  const live = useLive();
  const attempt = useTry();
  const [all, setAll] = useState<QuickConnectSummary[]>();
  const [words, setWords] = useState('');
  const { ContactId } = contact;

  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      const found: QuickConnectSummary[] = [];
      for (let NextToken: string | undefined; ;) {
        const page = await live.call('ListQuickConnects', { MaxResults: 100, ...(NextToken && { NextToken }) }, stop.signal);
        found.push(...page.QuickConnects);
        NextToken = page.NextToken;
        if (!NextToken || found.length >= most) break;
      }
      setAll(found);
    };
    const looks = () => void attempt(() => look().catch((error) => { if (!stop.signal.aborted) throw error; }));
    looks();
    const again = setInterval(looks, 5_000);
    return () => {
      clearInterval(again);
      stop.abort();
    };
  }, [live, ContactId]);

  const wanted = words.trim().toLowerCase();
  const shown = all?.filter((q) => [q.Name, q.DisplayName, q.Description].some((text) => text?.toLowerCase().includes(wanted)));
  const company = live.configuration?.MultiPartyConferenceEnabled;
  return (
    <Modal visible header={t('transfer.title')} closeAriaLabel={t('transfer.close')} onDismiss={close}>
      <Input type="search" clearAriaLabel={t('search.clear')} autoFocus ariaLabel={t('transfer.find')} placeholder={t('transfer.find')} value={words} onChange={({ detail }) => setWords(detail.value)} />
      {!all && <p><Spinner /></p>}
      {all?.length === 0 && <p className="quiet">{t('transfer.none')}</p>}
      {all && all.length > 0 && shown?.length === 0 && <p className="quiet">{t('transfer.noMatch')}</p>}
      <ul className="places">
        {shown?.map((q) => {
          const name = q.DisplayName ?? q.Name;
          const QuickConnectId = q.Id;
          return (
            <li key={q.Id}>
              <div><strong>{name}</strong>{q.Description && <span className="quiet"> {q.Description}</span>}<br /><Presence of={q} /></div>
              <div className="actions">
                {q.QuickConnectType === 'USER' && company && <Act label={t('transfer.warmTo', { name })} act={async () => { await live.call('InviteParticipant', { ContactId, QuickConnectId }); close(); }}>{t('transfer.warm')}</Act>}
                <Act label={t('transfer.coldTo', { name })} act={async () => { await live.call('TransferContact', { ContactId, QuickConnectId }); close(); }}>{t('transfer.cold')}</Act>
              </div>
            </li>
          );
        })}
      </ul>
    </Modal>
  );
}

function Presence({ of: q }: { of: QuickConnectSummary }) {
  if (q.Agent) return <StatusIndicator type={q.Agent.Available ? 'success' : q.Agent.StatusType === 'OFFLINE' ? 'stopped' : 'pending'}>{q.Agent.StatusName}</StatusIndicator>;
  if (q.Load) return <span className="quiet">{t('transfer.queue', { waiting: q.Load.Waiting, available: q.Load.Available, staffed: q.Load.Staffed })}</span>;
  return <span className="quiet">{t('transfer.flow')}</span>;
}
