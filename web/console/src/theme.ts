// Light or dark, as the user has chosen, or as the system is.
import { applyMode, Mode } from '@cloudscape-design/global-styles';

export type Theme = 'system' | 'light' | 'dark';

const key = 'parley-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

/** What was chosen; storage may be blocked. */
export function chosen(): Theme {
  try {
    const theme = localStorage.getItem(key);
    return theme === 'light' || theme === 'dark' ? theme : 'system';
  } catch {
    return 'system';
  }
}

export function choose(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // it holds until the page is left
  }
  apply(theme);
}

function apply(theme: Theme): void {
  applyMode(theme === 'dark' || (theme === 'system' && system.matches) ? Mode.Dark : Mode.Light);
}

/** Has the page follow the choice, and the system. */
export function follow(): void {
  apply(chosen());
  system.addEventListener('change', () => apply(chosen()));
}
