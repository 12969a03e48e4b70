// Runs that are open and compared: their looks stay, ranges are shared, and what is gone is let go of.
import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import type { Studio } from '../studio.svelte.ts';
import { mostCompared } from './train-charts.ts';
import { TrainState } from './train.svelte.ts';

/** `list` tells which runs there are; `answer` is what is known of the open one. */
interface TestPage {
  readonly studio: Studio;
  readonly ranges: () => [unknown, unknown][];
  readonly list: (...names: readonly string[]) => void;
  readonly answer: { details: () => Promise<unknown> };
}

function page(): TestPage {
  const calls: [string, Record<string, unknown>][] = [];
  const client = {
    state: 'ready',
    watch: (watcher: (state: string) => void) => {
      watcher('ready');
      return () => {};
    },
    call: (channel: string, input: Record<string, unknown>) => {
      calls.push([channel, input]);
      const steps = Float64Array.of(1, 500, 1000);
      const values = Float32Array.of(3, 2, 1);
      const loss = { steps, seconds: steps.map((step) => 2 * step), mean: values, min: values, max: values };
      if (channel === 'runs.details') return answer.details();
      return channel === 'runs.series' ? Promise.resolve({ last: 1000, series: { loss } }) : new Promise(() => {});
    },
  };
  const answer = { details: (): Promise<unknown> => Promise.resolve({}) };
  const studio = {
    client,
    runs: undefined as object[] | undefined,
    jobs: [],
    router: { aboutOf: () => ({}) },
    notices: { fail: () => {} },
  };
  const list = (...runs: readonly string[]): void => void (studio.runs = runs.map((name) => ({ name })));
  const ranges = (): [unknown, unknown][] =>
    calls.filter(([channel]) => channel === 'runs.series').map(([, { run, from, to }]) => [run, [from, to]]);
  return { studio: studio as unknown as Studio, ranges, list, answer };
}

let view: TrainState | undefined;
afterEach(() => view?.dispose());
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const names = (state: TrainState): string[] => state.drawn.map(({ name }) => name);

describe('the open run', () => {
  const gone = async (): Promise<never> => Promise.reject(new AppError('not-found', 'There is no run.', 'It may have been deleted.'));

  it('stays open when a list that was begun before it was made comes late', async () => {
    const { studio, list } = page();
    const state = (view = new TrainState(studio));
    state.open('new');
    list('old');
    state.follow();
    await settled();
    expect([state.run?.name, state.run?.details, state.run?.gone]).toEqual(['new', {}, false]);
    list('new', 'old');
    state.follow();
    await settled();
    expect([state.run?.details, state.run?.gone]).toEqual([{}, false]);
  });

  it('is opened when its first list has it, though the engine did not know it before', async () => {
    const { studio, list, answer } = page();
    const state = (view = new TrainState(studio));
    answer.details = gone;
    state.open('a');
    await settled();
    expect(state.run?.gone).toBe(true);
    answer.details = async () => Promise.resolve({});
    list('a');
    state.follow();
    await settled();
    expect([state.run?.details, state.run?.gone]).toEqual([{}, false]);
  });

  it('is said to be no more when it has gone from the list, and opened anew when the list has it again', async () => {
    const { studio, list, answer } = page();
    const state = (view = new TrainState(studio));
    list('a', 'b');
    state.open('a');
    state.follow();
    await settled();
    expect(state.run?.details).toEqual({});
    answer.details = gone;
    list('b');
    for (let i = 0; i < 2; i++) {
      state.follow();
      await settled();
      expect([state.run?.name, state.run?.details, state.run?.gone]).toEqual(['a', undefined, true]);
    }
    const before = state.run;
    answer.details = async () => Promise.resolve({ again: true });
    list('a', 'b');
    state.follow();
    await settled();
    expect(state.run).not.toBe(before);
    expect([state.run?.name, state.run?.details, state.run?.gone]).toEqual(['a', { again: true }, false]);
  });
});

describe('runs in the charts', () => {
  it('are the open one first, then those compared, as many as have looks', () => {
    const { studio, list } = page();
    const state = (view = new TrainState(studio));
    state.open('a');
    for (let i = 0; i < mostCompared; i++) expect(state.compare(`b${i}`, true)).toBe(true);
    expect(state.compare('one more', true)).toBe(false);
    expect(state.compare('b0', true)).toBe(true);
    expect(names(state)).toEqual(['a', 'b0', 'b1', 'b2', 'b3']);
    state.open('b1');
    expect(names(state)).toEqual(['b1', 'b0', 'b2', 'b3']);
    list('b1', 'b3');
    state.follow();
    expect(names(state)).toEqual(['b1', 'b3']);
  });

  it('are hidden one by one, shown alone, and all again', () => {
    const state = (view = new TrainState(page().studio));
    state.open('a');
    state.compare('b', true);
    state.compare('c', true);
    state.toggle('b');
    expect(names(state)).toEqual(['a', 'c']);
    state.isolate('b');
    expect(names(state)).toEqual(['b']);
    state.isolate('b');
    expect(names(state)).toEqual(['a', 'b', 'c']);
  });

  it('share a range, which the engine is asked for in steps whatever the axis', async () => {
    const { studio, ranges } = page();
    const state = (view = new TrainState(studio));
    state.open('a');
    state.compare('b', true);
    await settled();
    state.setAxis('relative');
    // From 400 s to 800 s, two seconds a step.
    state.select(400, 800, 0);
    expect(state.range).toEqual({ from: 200, to: 400 });
    expect(ranges().slice(-2)).toEqual([
      ['a', [200, 400]],
      ['b', [200, 400]],
    ]);
    state.compare('c', true);
    expect(ranges().at(-1)).toEqual(['c', [200, 400]]);
    state.resetRange();
    expect(
      ranges()
        .slice(-3)
        .map(([, range]) => range),
    ).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('the run that is shown', () => {
  type Run = { name: string; state: string };
  const shownBy = (about: Record<string, string> = {}) => {
    const studio = {
      about,
      jobs: [],
      router: { aboutOf: (view: string) => (view === 'train' ? studio.about : {}), about: {} },
      runs: undefined as Run[] | undefined,
    };
    const state = new TrainState(studio as unknown as Studio);
    const shown = (...runs: readonly (readonly [string, string])[]): string | undefined => {
      studio.runs = runs.map(([name, now]) => ({ name, state: now }));
      state.follow();
      return state.shown;
    };
    return { studio, shown };
  };

  it('is what trains, before what waits for that, before the newest', () => {
    expect(shownBy().shown(['new', 'done'], ['next', 'waiting'], ['now', 'preparing'], ['old', 'done'])).toBe('now');
    expect(shownBy().shown(['new', 'done'], ['next', 'waiting'])).toBe('next');
    expect(shownBy().shown(['new', 'done'], ['old', 'stopped'])).toBe('new');
    expect(shownBy().shown()).toBeUndefined();
  });

  it('stays as it ends and others begin, until the address names another or it is gone', () => {
    const { studio, shown } = shownBy();
    expect(shown(['b', 'waiting'], ['a', 'training'])).toBe('a');
    expect(shown(['c', 'waiting'], ['b', 'training'], ['a', 'done'])).toBe('a');
    studio.about = { run: 'c' };
    expect(shown(['c', 'waiting'], ['b', 'training'], ['a', 'done'])).toBe('c');
    studio.about = {};
    expect(shown(['c', 'waiting'], ['b', 'training'], ['a', 'done'])).toBe('c');
    expect(shown(['b', 'training'], ['a', 'done'])).toBe('b');
  });

  it('is that of its own address while it is left for the page of another run', () => {
    const { studio, shown } = shownBy({ run: 'a' });
    studio.router.about = { run: 'b' };
    expect(shown(['b', 'done'], ['a', 'done'])).toBe('a');
  });
});
