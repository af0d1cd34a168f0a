// What is known of the contact in view.
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Textarea from '@cloudscape-design/components/textarea';
import { useEffect, useState } from 'react';
import type { AgentContact, CustomerContact, TranscriptItem } from '../../../api/agent_gen';
import { transcriptOf } from '../model/history';
import { useLive } from '../parts/live';
import { nameOf, watched } from '../parts/names';
import { Act } from '../parts/shell';
import { duration, t, time, why } from '../words';
import { Items } from './items';

/** The attributes in which notes and the outcome are kept, and sent with the record of the contact. */
const notesKey = 'agentNotes';
const outcomeKey = 'disposition';

export default function Details({ contact }: { contact: AgentContact }) {
  const { Queue, Enqueued, Offered, Channel, LanguageCode, ContactId } = contact;
  const facts: [string, string | undefined][] = [
    [t('details.queue'), Queue?.Name],
    [t('details.waited'), Enqueued && duration(Date.parse(Offered) - Date.parse(Enqueued))],
    [t('details.began'), time(contact.Accepted ?? Offered)],
    [t('details.language'), LanguageCode],
    [t('details.channel'), Channel],
    [t('details.id'), ContactId],
  ];
  return (
    <>
      {contact.State === 'ENDED' && !watched(contact) && <Notes contact={contact} />}
      <h2>{t('details.contact')}</h2>
      <dl className="facts">{facts.map(([name, value]) => value && <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
      <People contact={contact} />
      <Attributes contact={contact} />
      <Earlier contact={contact} />
    </>
  );
}

/** The earlier chats of the customer, with what was said in one. */
function Earlier({ contact }: { contact: AgentContact }) {
  const live = useLive();
  const [earlier, setEarlier] = useState<CustomerContact[]>();
  const [shown, setShown] = useState<{ id: string; items?: TranscriptItem[]; problem?: string }>();
  const { ContactId } = contact;
  useEffect(() => {
    const stop = new AbortController();
    live.call('ListCustomerContacts', { ContactId, MaxResults: 10 }, stop.signal).then(({ CustomerContacts }) => setEarlier(CustomerContacts), () => {}); // it is not there for all
    return () => stop.abort();
  }, [live, ContactId]);
  const show = (id: string) => {
    if (shown?.id === id) return setShown(undefined);
    setShown({ id });
    transcriptOf(live.call, id).then((items) => setShown((s) => (s?.id === id ? { id, items } : s)), (error) => setShown((s) => (s?.id === id ? { id, problem: why(error) } : s)));
  };
  if (!earlier) return null;
  return (
    <>
      <h2>{t('details.earlier')}</h2>
      {earlier.length === 0 && <p className="quiet">{t('details.noEarlier')}</p>}
      <ul className="earlier">
        {earlier.map((c) => (
          <li key={c.ContactId}>
            <Button variant="inline-link" ariaExpanded={shown?.id === c.ContactId} onClick={() => show(c.ContactId)}>{time(c.Initiated)}</Button> <span className="quiet">{[c.Agent?.DisplayName, c.Queue?.Name, c.Attributes[outcomeKey]].filter(Boolean).join(' · ')}</span>
            {shown?.id === c.ContactId && <div className="lines still">{shown.problem ?? (shown.items ? <Items items={shown.items} /> : t('app.loading'))}</div>}
          </li>
        ))}
      </ul>
    </>
  );
}

function People({ contact }: { contact: AgentContact }) {
  const live = useLive();
  const mine = contact.State === 'CONNECTED' && contact.Connections[0]?.Monitoring?.MonitorMode !== 'SILENT_MONITOR';
  return (
    <>
      <h2>{t('details.people')}</h2>
      <ul className="people">
        {contact.Connections.map((c) => {
          const name = c.DisplayName || c.QuickConnectName || c.Queue?.Name || (c.ConnectionType === 'INBOUND' ? nameOf(contact) : '–');
          const removable = mine && !c.Own && c.State !== 'DISCONNECTED' && (c.ConnectionType !== 'INBOUND' || live.may('StopContact.Enabled')) && c.ConnectionType !== 'OTHER';
          return (
            <li key={c.ConnectionId}>
              <span>{c.Own ? t('chat.you') : name}</span> <em>{t(`connection.${c.State}`)}</em>
              {removable && <Act variant="icon" icon="close" label={t('details.remove', { name })} act={() => live.call('RemoveParticipant', { ContactId: contact.ContactId, ParticipantId: c.ConnectionId })} />}
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Attributes({ contact }: { contact: AgentContact }) {
  const live = useLive();
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const may = live.may('ContactAttributes.View') && (contact.State === 'CONNECTED' || contact.State === 'ENDED');
  const entries = Object.entries(contact.Attributes).sort(([a], [b]) => a.localeCompare(b));
  const set = async () => {
    await live.call('UpdateContactAttributes', { ContactId: contact.ContactId, Attributes: { [key.trim()]: value } });
    setKey('');
    setValue('');
  };
  return (
    <>
      <h2>{t('details.attributes')}</h2>
      {entries.length === 0 && <p className="quiet">{t('details.noAttributes')}</p>}
      <dl className="facts">
        {entries.map(([name, text]) => (
          <div key={name}><dt>{name}</dt><dd dir="auto">{may ? <Button variant="inline-link" onClick={() => { setKey(name); setValue(text); }}>{text || '–'}</Button> : text}</dd></div>
        ))}
      </dl>
      {may && (
        <form className="attribute" onSubmit={(e) => e.preventDefault()}>
          <Input ariaLabel={t('details.key')} placeholder={t('details.key')} value={key} onChange={({ detail }) => setKey(detail.value)} />
          <Input ariaLabel={t('details.value')} placeholder={t('details.value')} value={value} onChange={({ detail }) => setValue(detail.value)} />
          <Act disabled={!key.trim()} act={set}>{t('details.set')}</Act>
        </form>
      )}
    </>
  );
}

/** Notes and outcome, while the work after the chat lasts. */
function Notes({ contact }: { contact: AgentContact }) {
  const live = useLive();
  const [notes, setNotes] = useState(contact.Attributes[notesKey] ?? '');
  const [outcome, setOutcome] = useState(contact.Attributes[outcomeKey] ?? '');
  const [saved, setSaved] = useState(false);
  if (!live.may('ContactAttributes.View')) return null;
  const change = (set: (value: string) => void) => ({ detail }: { detail: { value: string } }) => {
    set(detail.value);
    setSaved(false);
  };
  return (
    <form className="notes" onSubmit={(e) => e.preventDefault()}>
      <FormField label={t('details.disposition')}><Input value={outcome} onChange={change(setOutcome)} /></FormField>
      <FormField label={t('details.notes')}><Textarea value={notes} rows={4} onChange={change(setNotes)} /></FormField>
      <Act act={async () => {
        await live.call('UpdateContactAttributes', { ContactId: contact.ContactId, Attributes: { [notesKey]: notes, [outcomeKey]: outcome } });
        setSaved(true);
      }}>{saved ? t('details.saved') : t('details.save')}</Act>
    </form>
  );
}
