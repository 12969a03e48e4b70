import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Notices } from './notices.svelte.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());
const said = (notices: Notices): string[] => notices.list.map(({ message }) => message);

it('what is done is said for seconds, what went wrong for a minute, and both stay while somebody points at them', () => {
  const notices = new Notices();
  notices.say('done');
  notices.fail(new Error('wrong'));
  vi.advanceTimersByTime(7000);
  expect(said(notices)).toEqual(['wrong']);
  notices.hold(true);
  vi.advanceTimersByTime(120_000);
  expect(said(notices)).toEqual(['wrong']);
  notices.hold(false);
  vi.advanceTimersByTime(4000);
  expect(said(notices)).toEqual([]);
});

it('what was said in a view goes with it, but not what was just said', () => {
  const notices = new Notices();
  notices.fail(new Error('old'));
  vi.advanceTimersByTime(5000);
  notices.fail(new Error('new'));
  notices.leave();
  expect(said(notices)).toEqual(['new']);
});
