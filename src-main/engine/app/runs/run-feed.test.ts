import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { RunEvent } from '../../../../shared/contract/contract-runs.ts';
import { RunFeed } from './run-feed.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const step = (number: number): RunEvent => ({
  type: 'step',
  metrics: { step: number } as Extract<RunEvent, { type: 'step' }>['metrics'],
  elapsedSeconds: number,
  secondsLeft: undefined,
  memoryBytes: 0,
});
const said = (events: readonly RunEvent[]): string[] =>
  events.map((event) => (event.type === 'step' ? `step ${event.metrics.step}` : event.type === 'state' ? event.state : event.event.type));

it('thins steps to four a second, the latest of them, and keeps everything else and its order', () => {
  const feed = new RunFeed();
  const seen: RunEvent[] = [];
  const stop = feed.watch((event) => seen.push(event));
  for (let number = 1; number <= 1000; number++) {
    feed.post(step(number));
    if (number === 500) feed.post({ type: 'event', event: { type: 'paused', step: 500 } });
    vi.advanceTimersByTime(1);
  }
  feed.post({ type: 'state', state: 'finishing' });
  const names = said(seen);
  expect(names.filter((name) => name.startsWith('step')).length).toBeLessThanOrEqual(6);
  expect(names.indexOf('paused')).toBe(names.indexOf('step 500') + 1);
  expect(names.slice(-2)).toEqual(['step 1000', 'finishing']);
  const numbers = names.filter((name) => name.startsWith('step')).map((name) => Number(name.slice(5)));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  stop();
  feed.post({ type: 'state', state: 'done' });
  expect(said(seen).at(-1)).toBe('finishing');
});
