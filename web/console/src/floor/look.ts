// Looks at something again and again, while somebody looks at the page.
import { useEffect, useRef, useState } from 'react';
import { why } from '../words';

/** How often, in ms. */
const every = 3_000;

/** Returns what was seen last, and why nothing is seen. With something that it needs it waits until that is there. */
export function useLook<T>(look: () => Promise<T>, ...needs: unknown[]): { shown: T | undefined; failed: string | undefined; again: () => void } {
  const [shown, setShown] = useState<T>();
  const [failed, setFailed] = useState<string>();
  const current = useRef(look);
  current.current = look;
  const run = useRef(() => {});
  const ready = !needs.includes(undefined);
  useEffect(() => {
    if (!ready) return;
    let here = true;
    let timer: ReturnType<typeof setTimeout>;
    const next = async () => {
      clearTimeout(timer);
      try {
        if (!document.hidden) {
          const seen = await current.current();
          if (!here) return;
          setShown(seen);
          setFailed(undefined);
        }
      } catch (error) {
        if (here) setFailed(why(error));
      }
      if (here) timer = setTimeout(next, every);
    };
    run.current = () => void next();
    void next();
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [ready]);
  return { shown, failed, again: () => run.current() };
}
