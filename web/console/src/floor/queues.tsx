// The queues: what waits, who is there, and what became of today.
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { CurrentMetricName } from '../../../api/connect_gen';
import { useLive } from '../parts/live';
import { duration, t, time, type Word } from '../words';
import { useLook } from './look';
import { instanceOf, useNames } from './names';

interface Row { id: string; name: string; now: Map<string, number>; today: Map<string, number> }

const current = ['CONTACTS_IN_QUEUE', 'OLDEST_CONTACT_AGE', 'AGENTS_ONLINE', 'AGENTS_AVAILABLE', 'AGENTS_ON_CONTACT', 'SLOTS_AVAILABLE'] as const satisfies CurrentMetricName[];

/** How many queues one request is about. */
const together = 100;

/** A header with what its figure means, for who hovers over it. */
const Hint = ({ word, hint }: { word: Word; hint: Word }) => <span title={t(hint)}>{t(word)}</span>;

export function Queues() {
  const live = useLive();
  const names = useNames('queues');
  const historical = live.may('AccessMetrics.HistoricalMetrics.Access') || live.may('AccessMetrics');
  const { shown, failed } = useLook<{ rows: Row[]; at: number }>(async () => {
    const rows = new Map([...(names ?? [])].map(([id, name]) => [id, { id, name, now: new Map(), today: new Map() } satisfies Row as Row]));
    const ids = [...rows.keys()];
    for (let i = 0; i < ids.length; i += together) {
      const Queues = ids.slice(i, i + together);
      const out = await live.connect('GetCurrentMetricData', {
        InstanceId: instanceOf(live), Filters: { Queues, Channels: ['CHAT'] }, Groupings: ['QUEUE'], MaxResults: together,
        CurrentMetrics: current.map((Name) => ({ Name, Unit: Name === 'OLDEST_CONTACT_AGE' ? 'SECONDS' as const : 'COUNT' as const })),
      });
      for (const result of out.MetricResults ?? []) {
        const row = rows.get(result.Dimensions?.Queue?.Id ?? '');
        for (const c of result.Collections ?? []) if (row && c.Metric?.Name && c.Value !== undefined) row.now.set(c.Metric.Name, c.Value);
      }
      if (!historical) continue;
      const midnight = new Date(live.now());
      midnight.setHours(0, 0, 0, 0);
      const end = Math.floor(live.now() / 1_000);
      const past = await live.connect('GetMetricDataV2', {
        ResourceArn: live.configuration!.User.InstanceArn, StartTime: Math.floor(midnight.getTime() / 1_000), EndTime: end,
        Filters: [{ FilterKey: 'QUEUE', FilterValues: Queues }, { FilterKey: 'CHANNEL', FilterValues: ['CHAT'] }], Groupings: ['QUEUE'], MaxResults: together,
        Metrics: [{ Name: 'CONTACTS_HANDLED' }, { Name: 'CONTACTS_ABANDONED' }, { Name: 'AVG_QUEUE_ANSWER_TIME' }, { Name: 'SERVICE_LEVEL', Threshold: [{ Comparison: 'LT', ThresholdValue: 60 }] }],
      });
      for (const result of past.MetricResults ?? []) {
        const row = rows.get(result.Dimensions?.['QUEUE']?.split('/').at(-1) ?? '');
        for (const c of result.Collections ?? []) if (row && c.Metric?.Name && c.Value !== undefined) row.today.set(c.Metric.Name, c.Value);
      }
    }
    return { rows: [...rows.values()], at: live.now() };
  }, names);
  const count = (metric: string) => (r: Row) => r.now.get(metric) ?? 0;
  const today = (metric: string) => (r: Row) => r.today.get(metric) ?? '–';
  const column = (id: string, word: Word, hint: Word, cell: (r: Row) => React.ReactNode) => ({ id, header: <Hint word={word} hint={hint} />, cell });
  return (
    <Table
      variant="container"
      header={<Header variant="h2" counter={`(${shown?.rows.length ?? 0})`} description={failed && shown ? failed : shown && t('floor.age', { time: time(shown.at) })}>{t('floor.queues')}</Header>}
      items={shown?.rows ?? []} loading={!shown && !failed} loadingText={t('app.loading')} trackBy="id"
      empty={<Box textAlign="center" color="inherit">{failed ?? t('floor.none.queues')}</Box>}
      columnDefinitions={[
        { id: 'name', header: t('floor.name'), cell: (r) => r.name, isRowHeader: true },
        column('waiting', 'floor.waiting', 'floor.hint.waiting', count('CONTACTS_IN_QUEUE')),
        column('oldest', 'floor.oldest', 'floor.hint.oldest', (r) => (r.now.get('CONTACTS_IN_QUEUE') ? duration(1_000 * (r.now.get('OLDEST_CONTACT_AGE') ?? 0)) : '–')),
        column('online', 'floor.online', 'floor.hint.online', count('AGENTS_ONLINE')),
        column('available', 'floor.available', 'floor.hint.available', count('AGENTS_AVAILABLE')),
        column('on', 'floor.onContact', 'floor.hint.onContact', count('AGENTS_ON_CONTACT')),
        column('slots', 'floor.slots', 'floor.hint.slots', count('SLOTS_AVAILABLE')),
        ...(historical ? [
          column('handled', 'floor.handled', 'floor.hint.handled', today('CONTACTS_HANDLED')),
          column('abandoned', 'floor.abandoned', 'floor.hint.abandoned', today('CONTACTS_ABANDONED')),
          column('level', 'floor.level', 'floor.hint.level', (r) => { const v = r.today.get('SERVICE_LEVEL'); return v === undefined ? '–' : `${v.toFixed(0)} %`; }),
          column('wait', 'floor.wait', 'floor.hint.wait', (r) => { const v = r.today.get('AVG_QUEUE_ANSWER_TIME'); return v === undefined ? '–' : duration(1_000 * v); }),
        ] : []),
      ]}
    />
  );
}
