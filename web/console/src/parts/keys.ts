// Keyboard shortcuts: one table, of which the list of them is made.
import { useEffect, useRef } from 'react';
import type { Word } from '../words';

/** The shortcuts: each with Alt, so that they work while somebody writes. */
export const shortcuts = [
  ['a', 'keys.accept'],
  ['n', 'keys.next'],
  ['p', 'keys.previous'],
  ['m', 'keys.compose'],
  ['t', 'keys.transfer'],
  ['e', 'keys.end'],
  ['h', 'keys.help'],
] as const satisfies readonly (readonly [string, Word])[];

export type Shortcut = (typeof shortcuts)[number][0];

/** Has shortcuts do something while the component is there. */
export function useKeys(actions: Partial<Record<Shortcut, () => void>>): void {
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (!e.altKey || e.ctrlKey || e.metaKey || e.repeat) return;
      const key = e.code.replace(/^Key/, '').toLowerCase(); // with Alt, some keyboards write other letters
      const act = current.current[key as Shortcut];
      if (!act) return;
      e.preventDefault();
      act();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
