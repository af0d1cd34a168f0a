// Which page is shown: the part of the address behind #.
import { useSyncExternalStore } from 'react';

export type Page = 'desk' | 'floor';

const subscribe = (listener: () => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

const current = (): Page => (location.hash === '#/floor' ? 'floor' : 'desk');

export function usePage(): [Page, (page: Page) => void] {
  return [useSyncExternalStore(subscribe, current), (page) => { location.hash = `#/${page}`; }];
}
