// Which page is shown: the part of the address behind #.
import { useSyncExternalStore } from 'react';

export type Page = 'desk' | 'floor' | 'history';

const subscribe = (listener: () => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

const current = (): Page => (['floor', 'history'] as const).find((page) => location.hash === `#/${page}`) ?? 'desk';

export function usePage(): [Page, (page: Page) => void] {
  return [useSyncExternalStore(subscribe, current), (page) => { location.hash = `#/${page}`; }];
}
