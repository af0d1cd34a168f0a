// The chats that agents have in hand now, to be watched.
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { ActiveContact } from '../../../api/agent_gen';
import { useLive, useTicks } from '../parts/live';
import { usePage } from '../parts/page';
import { Act } from '../parts/shell';
import { duration, t } from '../words';
import { useLook } from './look';

export function Chats() {
  const live = useLive();
  const [, go] = usePage();
  useTicks();
  const { shown, failed } = useLook<ActiveContact[]>(async () => {
    const all: ActiveContact[] = [];
    for (let NextToken: string | undefined; ;) {
      const page = await live.call('ListActiveContacts', { MaxResults: 100, ...(NextToken && { NextToken }) });
      all.push(...page.ActiveContacts);
      NextToken = page.NextToken;
      if (!NextToken || all.length >= 1_000) return all;
    }
  });
  const watch = async (c: ActiveContact) => {
    if (!c.Monitored) await live.call('MonitorContact', { ContactId: c.ContactId });
    live.choose(c.InitialContactId);
    go('desk');
  };
  const name = (c: ActiveContact) => c.CustomerName ?? t('chat.customer');
  return (
    <Table
      variant="container"
      header={<Header variant="h2" counter={`(${shown?.length ?? 0})`}>{t('floor.chats')}</Header>}
      items={shown ?? []} loading={!shown && !failed} loadingText={t('app.loading')} trackBy="ContactId"
      empty={<Box textAlign="center" color="inherit">{failed ?? t('floor.none.chats')}</Box>}
      columnDefinitions={[
        { id: 'customer', header: t('floor.customer'), cell: name, isRowHeader: true },
        { id: 'agent', header: t('floor.agent'), cell: (c) => c.Agents.map((a) => a.DisplayName || a.UserName).join(', ') },
        { id: 'queue', header: t('floor.queue'), cell: (c) => c.Queue?.Name ?? '–' },
        { id: 'length', header: t('floor.length'), cell: (c) => duration(live.now() - Date.parse(c.Connected)) },
        { id: 'do', header: '', cell: (c) => <Act label={t('floor.monitorOf', { name: name(c) })} act={() => watch(c)}>{c.Monitored ? t('floor.watched') : t('floor.monitor')}</Act> },
      ]}
    />
  );
}
