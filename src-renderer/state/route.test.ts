import { afterEach, expect, it, vi } from 'vitest';
import { Router } from './route.svelte.ts';

afterEach(() => vi.unstubAllGlobals());

/** A page whose address the test sets, and how the browser tells of it later. */
function page(hash: string) {
  let told: () => void = () => {};
  const location = { hash };
  vi.stubGlobal('location', location);
  vi.stubGlobal('history', { state: null, replaceState: (_state: unknown, _title: string, hash: string) => void (location.hash = hash) });
  vi.stubGlobal('addEventListener', (_type: string, handler: () => void) => (told = handler));
  return { location, router: new Router(), tell: () => told() };
}

it('a view that is gone to is there at once, and once', () => {
  const { router, tell } = page('#/explore?images=1');
  router.go('explore', { images: '2', run: 'a b' });
  const { about } = router;
  expect([router.view, about]).toEqual(['explore', { images: '2', run: 'a b' }]);
  tell();
  expect(router.about).toBe(about);
});

it('what a view was asked for stays its own when another one is gone to', () => {
  const { router } = page('#/train?run=a');
  expect([router.aboutOf('train'), router.aboutOf('export')]).toEqual([{ run: 'a' }, {}]);
  const { about } = router;
  router.go('export', { run: 'b' });
  expect(router.aboutOf('train')).toBe(about);
  expect(router.aboutOf('export')).toEqual({ run: 'b' });
  router.go('train');
  expect(router.aboutOf('train')).toEqual({});
});

it('an address that a person typed or went back to is followed', () => {
  const { router, location, tell } = page('');
  expect(router.view).toBe('welcome');
  location.hash = '#/train?run=a';
  tell();
  expect([router.view, router.about]).toEqual(['train', { run: 'a' }]);
});

it('what was done with an address leaves it, of the view that is shown alone', () => {
  const { router, location } = page('#/explore?images=1&run=a');
  router.replace('explore', { images: '1' });
  expect([location.hash, router.about, router.aboutOf('explore')]).toEqual(['#/explore?images=1', { images: '1' }, { images: '1' }]);
  router.go('train', { run: 'b' });
  router.replace('explore', {});
  expect([location.hash, router.aboutOf('explore')]).toEqual(['#/train?run=b', { images: '1' }]);
});
