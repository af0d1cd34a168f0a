// What the instance has, by ids: lists that change seldom, read once and kept while the page is open.
import { useEffect, useState } from 'react';
import type { Live } from '../model/live';
import { useLive } from '../parts/live';

/** Ids with names, in the order of the names. */
export type Names = Map<string, string>;

/** How many of a list are read. */
const most = 1_000;

interface Page { Id?: string; Name?: string; Username?: string }

const reads = {
  queues: (live: Live, more: { MaxResults: number; NextToken?: string }) => live.connect('ListQueues', { InstanceId: instanceOf(live), QueueTypes: ['STANDARD'], ...more })
    .then((out) => ({ list: out.QueueSummaryList ?? [], next: out.NextToken })),
  users: (live: Live, more: { MaxResults: number; NextToken?: string }) => live.connect('ListUsers', { InstanceId: instanceOf(live), ...more })
    .then((out) => ({ list: out.UserSummaryList ?? [], next: out.NextToken })),
  statuses: (live: Live, more: { MaxResults: number; NextToken?: string }) => live.connect('ListAgentStatuses', { InstanceId: instanceOf(live), ...more })
    .then((out) => ({ list: out.AgentStatusSummaryList ?? [], next: out.NextToken })),
} satisfies Record<string, (live: Live, more: { MaxResults: number; NextToken?: string }) => Promise<{ list: Page[]; next: string | undefined }>>;

/** The instance of whoever is signed in. */
export const instanceOf = (live: Live): string => live.configuration!.User.InstanceId;

const kept = new WeakMap<Live, Partial<Record<keyof typeof reads, Promise<Names>>>>();

function read(live: Live, what: keyof typeof reads): Promise<Names> {
  const all = kept.get(live) ?? {};
  kept.set(live, all);
  all[what] ??= (async () => {
    const found: [string, string][] = [];
    for (let NextToken: string | undefined; ;) {
      const { list, next } = await reads[what](live, { MaxResults: 100, ...(NextToken && { NextToken }) });
      for (const one of list as Page[]) if (one.Id) found.push([one.Id, one.Name ?? one.Username ?? one.Id]);
      NextToken = next;
      if (!NextToken || found.length >= most) break;
    }
    return new Map(found.sort(([, a], [, b]) => a.localeCompare(b)));
  })();
  all[what]!.catch(() => { delete all[what]; });
  return all[what]!;
}

/** The names of something; nothing until they are read, or where they may not be seen. */
export function useNames(what: keyof typeof reads): Names | undefined {
  const live = useLive();
  const [names, setNames] = useState<Names>();
  const ready = live.configuration !== undefined;
  useEffect(() => {
    let here = true;
    if (ready) read(live, what).then((n) => here && setNames(n), () => here && setNames(new Map()));
    return () => { here = false; };
  }, [live, what, ready]);
  return names;
}
