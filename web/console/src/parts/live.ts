// What is live, for components.
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { Chat } from '../model/chat';
import type { Live } from '../model/live';
import type { Paced } from '../model/paced';

export const LiveContext = createContext<Live | undefined>(undefined);

/** Renders the component again when something that it shows has changed. */
export function useChanges(what: Paced): void {
  useSyncExternalStore(what.subscribe, what.version);
}

/** The agent's live view; the component is rendered again when it changes. */
export function useLive(): Live {
  const live = useContext(LiveContext)!;
  useChanges(live);
  return live;
}

export function useChat(chat: Chat): Chat {
  useChanges(chat);
  return chat;
}

const ticks = new Set<() => void>();
let clock: ReturnType<typeof setInterval> | undefined;

/** Renders the component again each second. All components share one timer. */
export function useTicks(): void {
  const [, tick] = useState(0);
  useEffect(() => {
    const next = () => tick((n) => n + 1);
    ticks.add(next);
    clock ??= setInterval(() => { for (const t of ticks) t(); }, 1_000);
    return () => {
      ticks.delete(next);
      if (ticks.size === 0) {
        clearInterval(clock);
        clock = undefined;
      }
    };
  }, []);
}
