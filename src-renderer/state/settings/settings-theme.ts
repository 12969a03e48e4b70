// Light, dark, or as the system says. Set before the first paint, so that nothing flashes.
import { remember, remembered } from '../preferences.ts';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const isTheme = (value: unknown): value is Theme => themes.some((theme) => theme === value);

export const rememberedTheme = (): Theme => remembered('theme', 'system', isTheme);

let chosen: Theme = 'system';
let systemIsDark: MediaQueryList | undefined;

function show(): void {
  const dark = chosen === 'system' ? systemIsDark!.matches : chosen === 'dark';
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
}

/** Shows a theme; `system` follows the system from now on. */
export function applyTheme(theme: Theme): void {
  chosen = theme;
  if (!systemIsDark) {
    systemIsDark = matchMedia('(prefers-color-scheme: dark)');
    systemIsDark.addEventListener('change', show);
  }
  show();
}

export function chooseTheme(theme: Theme): void {
  remember('theme', theme);
  applyTheme(theme);
}
