// Keyboard shortcuts: one table, of which the list of them is made.
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import { useEffect, useRef } from 'react';
import { t, type Word } from '../words';

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

export function Keys({ shown, show }: { shown: boolean; show: (shown: boolean) => void }) {
  useKeys({ h: () => show(!shown) });
  if (!shown) return null;
  return (
    <Modal visible header={t('keys.title')} closeAriaLabel={t('keys.close')} onDismiss={() => show(false)} footer={<Button onClick={() => show(false)}>{t('keys.close')}</Button>}>
      <dl className="keys">{shortcuts.map(([key, word]) => <div key={key}><dt><kbd>Alt</kbd> <kbd>{key.toUpperCase()}</kbd></dt><dd>{t(word)}</dd></div>)}</dl>
    </Modal>
  );
}
