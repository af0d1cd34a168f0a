// What is round every page: the agent's status, the pages, the account, and what has gone wrong.
import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { createContext, lazy, Suspense, useContext, useState, type ReactNode } from 'react';
import type { AgentStatusType } from '../../../api/agent_gen';
import { signOut } from '../session';
import { choose, chosen, type Theme } from '../theme';
import { duration, t, why } from '../words';
import { useKeys } from './keys';
import { useLive, useTicks } from './live';
import { canAsk } from './notify';
import { usePage, type Page } from './page';

const kinds = { ROUTABLE: 'success', CUSTOM: 'pending', OFFLINE: 'stopped' } as const satisfies Record<AgentStatusType, string>;

const Keys = lazy(() => import('./help'));

const Problems = createContext<(error: unknown) => void>(() => {});

/** Returns what does something, and says when it fails. */
export function useTry(): (what: () => Promise<unknown>) => Promise<void> {
  const say = useContext(Problems);
  return async (what) => {
    try {
      await what();
    } catch (error) {
      say(error);
    }
  };
}

export function Shell({ children }: { children: ReactNode }) {
  const live = useLive();
  const [problem, setProblem] = useState('');
  const [keys, setKeys] = useState(false);
  useKeys({ h: () => setKeys(!keys) });
  return (
    <Problems value={(error) => setProblem(why(error))}>
      <div className="shell">
        <header className="bar">
          <span className="brand">{t('app.name')}</span>
          <Pages />
          <span className="space" />
          <Status />
          <Account keys={() => setKeys(true)} fail={(error) => setProblem(why(error))} />
        </header>
        <div className="said" aria-live="polite">
          {live.began && !live.connected && <Alert type="warning">{t('lost')}</Alert>}
          {problem && <Alert type="error" dismissible dismissAriaLabel={t('problem.dismiss')} onDismiss={() => setProblem('')}>{problem}</Alert>}
        </div>
        {children}
      </div>
      {keys && <Suspense><Keys close={() => setKeys(false)} /></Suspense>}
    </Problems>
  );
}

/** The pages that somebody may see, if there are more than the desk. */
function Pages() {
  const live = useLive();
  const [page] = usePage();
  const floor = live.may('ManagerListenIn') || live.may('AccessMetrics.RealTimeMetrics.Access') || live.may('AccessMetrics');
  const history = live.may('ContactSearch.View') || live.may('MyContacts.View');
  if (!floor && !history) return null;
  const link = (to: Page, text: string) => <a href={`#/${to}`} aria-current={page === to ? 'page' : undefined}>{text}</a>;
  return <nav className="pages" aria-label={t('nav.label')}>{link('desk', t('nav.desk'))}{floor && link('floor', t('nav.floor'))}{history && link('history', t('nav.history'))}</nav>;
}

function Status() {
  const live = useLive();
  const attempt = useTry();
  const { snapshot, configuration } = live;
  if (!snapshot || !configuration) return <StatusIndicator type="loading">{t('app.loading')}</StatusIndicator>;
  const { Status: now, NextStatus: next } = snapshot;
  return (
    <div className="status">
      <ButtonDropdown
        ariaLabel={`${t('state.label')}: ${now.Name}`}
        items={configuration.Statuses.map((s) => ({ id: s.Id, text: s.Name, itemType: 'checkbox' as const, checked: s.Id === now.Id }))}
        onItemClick={({ detail }) => void attempt(() => live.call('PutAgentStatus', { AgentStatusId: detail.id }))}
      >
        <StatusIndicator type={kinds[now.Type]}>{now.Name}</StatusIndicator>
      </ButtonDropdown>
      <span className="next">{next ? t('state.next', { name: next.Name }) : <Since at={now.Since} />}</span>
    </div>
  );
}

function Since({ at }: { at: string }) {
  const live = useLive();
  useTicks();
  return <>{t('state.since', { time: duration(live.now() - Date.parse(at)) })}</>;
}

function Account({ keys, fail }: { keys: () => void; fail: (error: unknown) => void }) {
  const live = useLive();
  const [theme, setTheme] = useState<Theme>(chosen());
  const name = live.configuration?.User.DisplayName ?? '';
  const themes = (['system', 'light', 'dark'] as const).map((id) => ({ id, text: t(`nav.theme.${id}`), itemType: 'checkbox' as const, checked: theme === id }));
  return (
    <ButtonDropdown
      variant="normal"
      ariaLabel={t('nav.account', { name })}
      items={[
        { id: 'keys', text: t('nav.shortcuts') },
        ...(canAsk() ? [{ id: 'notify', text: t('nav.notify') }] : []),
        { text: t('nav.theme'), items: themes },
        { id: 'sign-out', text: t('nav.signOut') },
      ]}
      onItemClick={({ detail: { id } }) => {
        if (id === 'keys') keys();
        else if (id === 'notify') void Notification.requestPermission();
        else if (id === 'sign-out') live.signOut(signOut).catch(fail);
        else {
          setTheme(id as Theme);
          choose(id as Theme);
        }
      }}
    >
      {name}
    </ButtonDropdown>
  );
}

/** A button that does something of the chat, and cannot be pressed again before it is done. */
export function Act({ children, act, variant, label, disabled, icon }: { children?: string; act: () => Promise<unknown>; variant?: 'primary' | 'normal' | 'link' | 'icon'; label?: string; disabled?: boolean; icon?: 'send' | 'close' | 'refresh' }) {
  const attempt = useTry();
  const [busy, setBusy] = useState(false);
  return (
    <Button
      variant={variant ?? 'normal'} loading={busy} disabled={disabled ?? false} {...(label && { ariaLabel: label })} {...(icon && { iconName: icon })}
      onClick={() => {
        setBusy(true);
        void attempt(act).finally(() => setBusy(false));
      }}
    >
      {children}
    </Button>
  );
}
