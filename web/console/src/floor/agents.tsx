// The agents who are there: their status, and what they have in hand.
import Box from '@cloudscape-design/components/box';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { UserData } from '../../../api/connect_gen';
import { useLive, useTicks } from '../parts/live';
import { useTry } from '../parts/shell';
import { duration, t } from '../words';
import { useLook } from './look';
import { instanceOf, useNames } from './names';

/** How many queues one request is about. */
const together = 100;

export function Agents() {
  const live = useLive();
  const attempt = useTry();
  const queues = useNames('queues');
  const users = useNames('users');
  const statuses = useNames('statuses');
  useTicks();
  const { shown, failed, again } = useLook<UserData[]>(async () => {
    const all = new Map<string, UserData>();
    const ids = [...(queues?.keys() ?? [])];
    for (let i = 0; i < ids.length; i += together) {
      for (let NextToken: string | undefined; ;) {
        const page = await live.connect('GetCurrentUserData', { InstanceId: instanceOf(live), Filters: { Queues: ids.slice(i, i + together) }, MaxResults: 100, ...(NextToken && { NextToken }) });
        for (const one of page.UserDataList ?? []) if (one.User?.Id) all.set(one.User.Id, one);
        NextToken = page.NextToken;
        if (!NextToken) break;
      }
    }
    return [...all.values()];
  }, queues);
  const name = (u: UserData) => users?.get(u.User?.Id ?? '') ?? u.User?.Id ?? '';
  const queue = (id: string | undefined) => queues?.get(id ?? '') ?? '';
  const may = live.may('AgentStates.Edit') && statuses && statuses.size > 0;
  const put = (u: UserData, AgentStatusId: string) => attempt(async () => {
    await live.connect('PutUserStatus', { InstanceId: instanceOf(live), UserId: u.User!.Id!, AgentStatusId });
    again();
  });
  const items = shown?.toSorted((a, b) => name(a).localeCompare(name(b))) ?? [];
  return (
    <Table
      variant="container"
      header={<Header variant="h2" counter={`(${items.length})`} description={failed && shown ? failed : undefined}>{t('floor.agents')}</Header>}
      items={items} loading={!shown && !failed} loadingText={t('app.loading')} trackBy={(u) => u.User?.Id ?? ''}
      empty={<Box textAlign="center" color="inherit">{failed ?? t('floor.none.agents')}</Box>}
      columnDefinitions={[
        { id: 'name', header: t('floor.name'), cell: name, isRowHeader: true },
        {
          id: 'status', header: t('floor.status'), cell: (u) => {
            const now = [u.Status?.StatusName, u.NextStatus && t('state.next', { name: u.NextStatus })].filter(Boolean).join(', ');
            return may
              ? <ButtonDropdown expandToViewport ariaLabel={t('floor.setStatus', { name: name(u), status: now })} items={[...statuses].map(([id, text]) => ({ id, text }))} onItemClick={({ detail }) => void put(u, detail.id)}>{now}</ButtonDropdown>
              : now;
          },
        },
        { id: 'since', header: t('floor.since'), cell: (u) => (u.Status?.StatusStartTimestamp === undefined ? '–' : duration(live.now() - 1_000 * u.Status.StatusStartTimestamp)) },
        { id: 'chats', header: t('floor.contacts'), cell: (u) => (u.Contacts ?? []).map((c) => queue(c.Queue?.Id)).filter(Boolean).join(', ') || (u.Contacts?.length ?? 0) },
        { id: 'slots', header: t('floor.slots'), cell: (u) => u.AvailableSlotsByChannel?.['CHAT'] ?? 0 },
      ]}
    />
  );
}
