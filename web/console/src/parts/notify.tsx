// Tells the agent of what rings while he looks elsewhere, if he wants that.
import { useEffect, useRef } from 'react';
import { t } from '../words';
import { useLive } from './live';
import { nameOf } from './names';

/** Whether the browser may tell, or may be asked to. */
export const mayNotify = (): boolean => 'Notification' in globalThis && Notification.permission === 'granted';
export const canAsk = (): boolean => 'Notification' in globalThis && Notification.permission === 'default';

export function Notifier() {
  const live = useLive();
  const told = useRef(new Set<string>());
  const rings = live.snapshot?.Contacts.filter((c) => c.State === 'CONNECTING') ?? [];
  useEffect(() => {
    for (const c of rings) {
      if (told.current.has(c.ContactId)) continue;
      told.current.add(c.ContactId);
      if (!document.hidden || !mayNotify()) continue;
      const note = new Notification(t('chat.rings', { name: nameOf(c) }), { body: c.Queue?.Name ?? '', tag: c.ContactId });
      note.onclick = () => {
        focus();
        live.choose(c.InitialContactId);
      };
    }
    for (const id of told.current) if (!rings.some((c) => c.ContactId === id)) told.current.delete(id);
  });
  return null;
}
