import { afterEach, expect, it, vi } from 'vitest';
import { SidePanel } from './side-panel.svelte.ts';

/** A window of a width that changes, and what the browser keeps. */
function browser(width: number): (width: number) => void {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
  });
  const listeners: ((width: number) => void)[] = [];
  vi.stubGlobal('matchMedia', (query: string) => {
    const least = Number(/min-width: (\d+)px/.exec(query)![1]);
    let matches = width >= least;
    return {
      matches,
      addEventListener: (_type: 'change', listener: (event: { matches: boolean }) => void) =>
        listeners.push((now) => {
          if (now >= least !== matches) listener({ matches: (matches = now >= least) });
        }),
    };
  });
  return (now) => {
    for (const listener of listeners) listener(now);
  };
}
afterEach(() => vi.unstubAllGlobals());

it('is there again when a window that was narrowed is widened, however often', () => {
  const resize = browser(1280);
  const changed = vi.fn();
  const panel = new SidePanel('details', 1100, changed);
  expect(panel.shown).toBe(true);
  resize(900);
  expect(panel.shown).toBe(false);
  resize(1280);
  expect(panel.shown).toBe(true);
  expect(changed).toHaveBeenCalledTimes(2);
});

it('begins closed in a narrow window, where opening and closing it says nothing about wide ones', () => {
  const resize = browser(900);
  const panel = new SidePanel('details', 1100);
  expect(panel.shown).toBe(false);
  panel.set(true);
  expect(panel.shown).toBe(true);
  panel.set(false);
  resize(1280);
  expect(panel.shown).toBe(true);
});

it('stays closed where it was closed in a wide window, also after a reload', () => {
  const resize = browser(1280);
  new SidePanel('details', 1100).set(false);
  const again = new SidePanel('details', 1100);
  expect(again.shown).toBe(false);
  resize(900);
  resize(1280);
  expect(again.shown).toBe(false);
});
