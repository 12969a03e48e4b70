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

it('what was said can be read again, the latest first and each once in a row; what went wrong unseen is counted until it is looked at', () => {
  const notices = new Notices();
  notices.say('done');
  notices.fail(new Error('wrong'));
  notices.fail(new Error('wrong'));
  vi.advanceTimersByTime(120_000);
  expect(notices.list).toEqual([]);
  expect(notices.said.map(({ message, times }) => [message, times])).toEqual([
    ['wrong', 2],
    ['done', 1],
  ]);
  expect(notices.said[0]!.at - notices.said[1]!.at).toBe(0);
  expect(notices.unread).toBe(1);
  notices.read();
  expect(notices.unread).toBe(0);
  notices.fail(new Error('seen'));
  notices.dismiss(notices.list[0]!.id);
  expect(notices.unread).toBe(0);
  for (let i = 0; i < 300; i++) notices.say(`${i}`);
  expect(notices.said).toHaveLength(100);
  expect(notices.said[0]!.message).toBe('299');
});

it('what was said in a view goes with it, but not what was just said', () => {
  const notices = new Notices();
  notices.fail(new Error('old'));
  vi.advanceTimersByTime(5000);
  notices.fail(new Error('new'));
  notices.leave();
  expect(said(notices)).toEqual(['new']);
});
