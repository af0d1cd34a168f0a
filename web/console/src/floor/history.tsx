// Contacts of the past: found by words, time, queue and agent, with their transcripts.
import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import Spinner from '@cloudscape-design/components/spinner';
import Table from '@cloudscape-design/components/table';
import { useEffect, useState } from 'react';
import type { TranscriptItem } from '../../../api/agent_gen';
import type { ContactSearchSummary, SearchContactsRequest } from '../../../api/connect_gen';
import { Items } from '../desk/items';
import { csv, forms, keep, transcriptOf } from '../model/history';
import { useLive } from '../parts/live';
import { duration, t, time, why } from '../words';
import { instanceOf, useNames, type Names } from './names';

const day = 24 * 3_600;
const ranges = [['1', 'history.range.day'], ['7', 'history.range.week'], ['28', 'history.range.month']] as const;
/** Who may have said the words. */
const roles = ['CUSTOMER', 'AGENT', 'SYSTEM', 'CUSTOM_BOT', 'SUPERVISOR'] as const;
/** How many contacts a page has. */
const pageSize = 50;

const options = (names: Names | undefined) => [{ value: '', label: t('history.any') }, ...[...(names ?? [])].map(([value, label]) => ({ value, label }))];

export default function HistoryPage() {
  const live = useLive();
  const queues = useNames('queues');
  const users = useNames('users');
  const [asked, setAsked] = useState({ words: '', days: '7', queue: '', agent: '' });
  const [found, setFound] = useState<ContactSearchSummary[]>();
  const [next, setNext] = useState<{ request: SearchContactsRequest; token: string }>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const [chosen, setChosen] = useState<ContactSearchSummary>();

  const look = async (request: SearchContactsRequest, before: ContactSearchSummary[]) => {
    setBusy(true);
    setProblem('');
    try {
      const out = await live.connect('SearchContacts', request);
      setFound([...before, ...out.Contacts]);
      setNext(out.NextToken === undefined ? undefined : { request, token: out.NextToken });
    } catch (error) {
      setProblem(why(error));
    } finally {
      setBusy(false);
    }
  };
  const search = () => {
    const end = Math.floor(live.now() / 1_000) + 60;
    const words = asked.words.trim();
    setChosen(undefined);
    void look({
      InstanceId: instanceOf(live), MaxResults: pageSize, Sort: { FieldName: 'INITIATION_TIMESTAMP', Order: 'DESCENDING' },
      TimeRange: { Type: 'INITIATION_TIMESTAMP', StartTime: end - Number(asked.days) * day, EndTime: end },
      SearchCriteria: {
        Channels: ['CHAT'],
        ...(asked.queue && { QueueIds: [asked.queue] }),
        ...(asked.agent && { AgentIds: [asked.agent] }),
        ...(words && { ContactAnalysis: { Transcript: { MatchType: 'MATCH_ANY', Criteria: roles.map((ParticipantRole) => ({ ParticipantRole, SearchText: [words], MatchType: 'MATCH_ALL' })) } } }),
      },
    }, []);
  };
  const ready = live.configuration !== undefined;
  useEffect(() => { if (ready) search(); }, [ready]);

  const set = (name: keyof typeof asked) => (value: string) => setAsked((a) => ({ ...a, [name]: value }));
  const choice = (name: 'days' | 'queue' | 'agent', all: { value: string; label: string }[]) => (
    <Select selectedOption={all.find((o) => o.value === asked[name]) ?? all[0]!} options={all} filteringType={all.length > 10 ? 'auto' : 'none'} onChange={({ detail }) => set(name)(detail.selectedOption.value ?? '')} />
  );
  const agent = (c: ContactSearchSummary) => users?.get(c.AgentInfo?.Id ?? '') ?? c.AgentInfo?.Id ?? '–';
  const queue = (c: ContactSearchSummary) => queues?.get(c.QueueInfo?.Id ?? '') ?? c.QueueInfo?.Id ?? '–';
  const lasted = (c: ContactSearchSummary) => (c.DisconnectTimestamp && c.InitiationTimestamp ? duration(1_000 * (c.DisconnectTimestamp - c.InitiationTimestamp)) : t('history.on'));
  const save = () => keep(csv([
    ['contact', 'began', 'ended', 'queue', 'agent', 'method'],
    ...(found ?? []).map((c) => [c.Id ?? '', stamp(c.InitiationTimestamp), stamp(c.DisconnectTimestamp), queue(c), agent(c), c.InitiationMethod ?? '']),
  ]), 'text/csv', 'contacts.csv');

  return (
    <main className="floor history" data-chosen={chosen !== undefined}>
      <form className="search" role="search" onSubmit={(e) => { e.preventDefault(); search(); }}>
        <FormField label={t('history.words')}><Input type="search" clearAriaLabel={t('search.clear')} value={asked.words} placeholder={t('history.wordsHint')} onChange={({ detail }) => set('words')(detail.value)} /></FormField>
        <FormField label={t('history.range')}>{choice('days', ranges.map(([value, word]) => ({ value, label: t(word) })))}</FormField>
        <FormField label={t('floor.queue')}>{choice('queue', options(queues))}</FormField>
        <FormField label={t('floor.agent')}>{choice('agent', options(users))}</FormField>
        <Button variant="primary" formAction="submit" loading={busy}>{t('history.search')}</Button>
      </form>
      {problem && <Alert type="error">{problem}</Alert>}
      <div className="split">
        <Table
          variant="container"
          header={<Header variant="h2" counter={found && `(${found.length}${next ? '+' : ''})`} actions={<Button disabled={!found?.length} onClick={save}>{t('history.csv')}</Button>}>{t('history.contacts')}</Header>}
          items={found ?? []} loading={!found && !problem} loadingText={t('app.loading')} trackBy={(c) => c.Id ?? ''}
          selectionType="single" selectedItems={chosen ? [chosen] : []} onSelectionChange={({ detail }) => setChosen(detail.selectedItems[0])} onRowClick={({ detail }) => setChosen(detail.item)}
          ariaLabels={{ selectionGroupLabel: t('history.contacts'), itemSelectionLabel: (_, c) => t('history.choose', { time: time(1_000 * (c.InitiationTimestamp ?? 0)) }) }}
          empty={<Box textAlign="center" color="inherit">{t('history.none')}</Box>}
          columnDefinitions={[
            { id: 'began', header: t('history.began'), cell: (c) => time(1_000 * (c.InitiationTimestamp ?? 0)), isRowHeader: true },
            { id: 'lasted', header: t('history.lasted'), cell: lasted },
            { id: 'queue', header: t('floor.queue'), cell: queue },
            { id: 'agent', header: t('floor.agent'), cell: agent },
          ]}
          footer={next && <Box textAlign="center"><Button loading={busy} onClick={() => void look({ ...next.request, NextToken: next.token }, found ?? [])}>{t('history.more')}</Button></Box>}
        />
        {chosen && <Past key={chosen.Id} contact={chosen} close={() => setChosen(undefined)} />}
      </div>
    </main>
  );
}

const stamp = (at: number | undefined): string => (at === undefined ? '' : new Date(1_000 * at).toISOString());

/** The transcript of a contact. */
function Past({ contact, close }: { contact: ContactSearchSummary; close: () => void }) {
  const live = useLive();
  const [items, setItems] = useState<TranscriptItem[]>();
  const [problem, setProblem] = useState('');
  const id = contact.Id!;
  useEffect(() => {
    const stop = new AbortController();
    transcriptOf(live.call, id, stop.signal).then(setItems, (error) => { if (!stop.signal.aborted) setProblem(why(error)); });
    return () => stop.abort();
  }, [live, id]);
  return (
    <section className="past" aria-label={t('history.transcript')}>
      <Header
        variant="h2"
        actions={
          <div className="actions">
            <ButtonDropdown disabled={!items} items={(Object.keys(forms) as (keyof typeof forms)[]).map((form) => ({ id: form, text: t(`history.as.${form}`) }))} onItemClick={({ detail }) => { const form = forms[detail.id as keyof typeof forms]; keep(form.write(items ?? []), form.type, `${id}.${form.name}`); }}>{t('history.download')}</ButtonDropdown>
            <Button variant="icon" iconName="close" ariaLabel={t('transfer.close')} onClick={close} />
          </div>
        }
      >
        {t('history.transcript')}
      </Header>
      <p className="quiet">{id}</p>
      {problem && <Alert type="warning">{problem}</Alert>}
      {!items && !problem && <Spinner />}
      {items && <div className="lines still" tabIndex={0} role="log" aria-label={t('history.transcript')}>{items.length === 0 ? <p className="event">{t('history.silent')}</p> : <Items items={items} />}</div>}
    </section>
  );
}
