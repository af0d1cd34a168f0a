// The chat in view: what can be done about it, its transcript, the message field, and its details.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { AgentContact } from '../../../api/agent_gen';
import type { Live } from '../model/live';
import { useLive, useTicks } from '../parts/live';
import { nameOf, stateOf, watched } from '../parts/names';
import { useKeys } from '../parts/keys';
import { Act } from '../parts/shell';
import { duration, t } from '../words';
import { Composer } from './composer';
import { Transcript } from './transcript';

const Details = lazy(() => import('./details'));
const Transfer = lazy(() => import('./transfer'));

/** Ends what is in hand: the agent leaves the chat, or closes the contact. */
export function finish(live: Live, { ContactId, State }: AgentContact): Promise<unknown> {
  return live.call(State === 'CONNECTED' ? 'LeaveContact' : 'ClearContact', { ContactId });
}

export function ChatView({ contact }: { contact: AgentContact }) {
  const live = useLive();
  const [transfer, setTransfer] = useState(false);
  const [details, setDetails] = useState(false);
  const open = contact.State === 'CONNECTED';
  const supervises = watched(contact);
  useKeys({ t: () => { if (open && !supervises) setTransfer(true); } });
  const name = nameOf(contact);
  const readable = open || contact.State === 'ENDED';
  return (
    <>
      <main className="chat" data-details={details}>
        <header className="head">
          <span className="back"><Button variant="icon" iconName="arrow-left" ariaLabel={t('chat.back')} onClick={() => live.choose(undefined)} /></span>
          <div className="title"><h1>{name}</h1><span>{[stateOf(contact), contact.Queue?.Name].filter(Boolean).join(' · ')}</span></div>
          <Actions contact={contact} transfer={() => setTransfer(true)} />
          <span className="more"><Button variant="icon" iconName="status-info" ariaLabel={t('chat.details')} ariaExpanded={details} onClick={() => setDetails(!details)} /></span>
        </header>
        {contact.State === 'CONNECTING' && <Rings contact={contact} />}
        {contact.State === 'MISSED' && <Alert type="warning">{t('chat.missed')}</Alert>}
        {contact.State === 'REJECTED' && <Alert type="info">{t('chat.rejected')}</Alert>}
        {contact.State === 'ERROR' && <Alert type="error">{t('chat.error')}</Alert>}
        {contact.State === 'ENDED' && <Alert type="info">{t('chat.ended')} <Left contact={contact} /></Alert>}
        {readable && <Transcript contact={contact} chat={live.chat(contact)} />}
        {open && <Composer contact={contact} chat={live.chat(contact)} />}
      </main>
      <Suspense><aside className="details" data-shown={details} aria-label={t('details.label')}><Details contact={contact} /></aside></Suspense>
      {transfer && <Suspense><Transfer contact={contact} close={() => setTransfer(false)} /></Suspense>}
    </>
  );
}

/** How long something may still take. */
function Left({ contact }: { contact: AgentContact }) {
  const live = useLive();
  useTicks();
  return contact.Deadline ? <span className="left">{t('chat.left', { time: duration(Date.parse(contact.Deadline) - live.now()) })}</span> : null;
}

function Rings({ contact }: { contact: AgentContact }) {
  const live = useLive();
  useTicks();
  const left = contact.Deadline ? Date.parse(contact.Deadline) - live.now() : 0;
  const whole = contact.Deadline ? Date.parse(contact.Deadline) - Date.parse(contact.Offered) : 1;
  return (
    <div className="rings">
      <p>{t('chat.ringsFrom', { queue: contact.Queue?.Name ?? '–', time: duration(left) })}</p>
      <progress value={Math.max(0, left)} max={whole} aria-label={t('chat.left', { time: duration(left) })} />
      <div className="actions">
        <Act variant="primary" act={() => live.call('AcceptContact', { ContactId: contact.ContactId })}>{t('chat.accept')}</Act>
        <Act act={() => live.call('RejectContact', { ContactId: contact.ContactId })}>{t('chat.reject')}</Act>
      </div>
    </div>
  );
}

function Actions({ contact, transfer }: { contact: AgentContact; transfer: () => void }) {
  const live = useLive();
  const { ContactId, State } = contact;
  const watch = contact.Connections[0]?.Monitoring;
  // A chat that has just come into view is not closed by a click that was meant for something else.
  const [ready, setReady] = useState(false);
  useEffect(() => {
    setReady(false);
    const at = setTimeout(() => setReady(true), 300);
    return () => clearTimeout(at);
  }, [State]);
  if (State === 'CONNECTING') return null;
  if (State !== 'CONNECTED') {
    return <div className="actions"><Act variant="primary" disabled={!ready} act={() => finish(live, contact)}>{t('chat.clear')}</Act></div>;
  }
  return (
    <div className="actions">
      {watch && watch.MonitorMode === 'SILENT_MONITOR' && watch.MonitorCapabilities.includes('BARGE')
        && <Act act={() => live.call('UpdateMonitorParticipantState', { ContactId, TargetMonitorMode: 'BARGE' })}>{t('chat.barge')}</Act>}
      {watch && watch.MonitorMode === 'BARGE' && <Act act={() => live.call('UpdateMonitorParticipantState', { ContactId, TargetMonitorMode: 'SILENT_MONITOR' })}>{t('chat.silent')}</Act>}
      {!watch && <Button onClick={transfer}>{t('chat.transfer')}</Button>}
      <Act disabled={!ready} act={() => finish(live, contact)}>{watch ? t('chat.stopWatching') : contact.Connections.some((c) => c.ConnectionType === 'OUTBOUND' && c.State === 'CONNECTED') ? t('chat.leave') : t('chat.end')}</Act>
    </div>
  );
}
