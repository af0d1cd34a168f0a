// The whole page: who is signed in, and which of the pages he sees.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Spinner from '@cloudscape-design/components/spinner';
import { Component, lazy, Suspense, useEffect, useState, type ReactNode } from 'react';
import { DeskPage } from './desk/page';
import { Live } from './model/live';
import { LiveContext } from './parts/live';
import { Notifier } from './parts/notify';
import { usePage } from './parts/page';
import { Shell } from './parts/shell';
import { instance, root } from './session';
import { t, why } from './words';

const SignIn = lazy(() => import('./parts/sign-in'));
const FloorPage = lazy(() => import('./floor/page'));
const HistoryPage = lazy(() => import('./floor/history'));

/** Says what is wrong when a page fails, in place of nothing. */
class Guard extends Component<{ children: ReactNode }, { failure?: string }> {
  override state: { failure?: string } = {};

  static getDerivedStateFromError(error: unknown) {
    return { failure: why(error) };
  }

  override render() {
    if (this.state.failure === undefined) return this.props.children;
    return <main className="alone"><Alert type="error" action={<Button onClick={() => location.reload()}>{t('app.reload')}</Button>}>{t('app.failed', { message: this.state.failure })}</Alert></main>;
  }
}

export function App() {
  const [state, setState] = useState<'in' | 'signed-out'>('in');
  const [message, setMessage] = useState('');
  if (state === 'signed-out') {
    return <Suspense fallback={<Waiting />}><SignIn instance={instance} message={message} done={() => { setMessage(''); setState('in'); }} /></Suspense>;
  }
  return <Guard><Work over={(said) => { setMessage(said); setState('signed-out'); }} /></Guard>;
}

const Waiting = () => <main className="alone"><Spinner size="large" /> <span>{t('app.loading')}</span></main>;

/** The pages of somebody who is signed in. */
function Work({ over }: { over: (message: string) => void }) {
  const [live, setLive] = useState<Live>();
  const [denied, setDenied] = useState('');
  const [page] = usePage();

  // Whoever has no session is told so by the first request.
  useEffect(() => {
    const live = new Live(root);
    const stop = live.subscribe(() => {
      if (!live.over) return;
      const { why: reason, message } = live.over;
      if (reason === 'denied' || reason === 'too-many') setDenied(message || t('tooMany'));
      else over(reason === 'terminated' || !live.began ? '' : message || t('signIn.over')); // who was not signed in has nothing to be told
    });
    live.start();
    setLive(live);
    return () => {
      stop();
      live.stop();
    };
  }, []);

  if (denied) return <main className="alone"><Alert type="warning" header={t('denied.title')} action={<Button onClick={() => over('')}>{t('signIn.submit')}</Button>}>{denied}</Alert></main>;
  if (!live) return <Waiting />;
  return (
    <LiveContext value={live}>
      <Notifier />
      <Shell>
        {page === 'desk' ? <DeskPage /> : <Suspense fallback={<div className="alone"><Spinner size="large" /></div>}>{page === 'floor' ? <FloorPage /> : <HistoryPage />}</Suspense>}
      </Shell>
    </LiveContext>
  );
}
