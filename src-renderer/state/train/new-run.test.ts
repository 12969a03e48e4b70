// The run that is being made: what is started is what is shown, whatever is found out of the devices in the meantime.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultConfig } from '../../../shared/config/config.ts';
import { NextRun } from '../next-run/next-run.svelte.ts';
import type { SettingValue } from '../next-run/setting-form.ts';
import type { Studio } from '../studio.svelte.ts';
import { NewRunState } from './new-run.svelte.ts';

describe('a folder that is being read', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const settled = async (): Promise<unknown> => vi.advanceTimersByTimeAsync(1000);

  it('is planned for anew when all of its images are known, and only then', async () => {
    const engine = { images: 100, asked: 0 };
    const call = async (): Promise<unknown> => {
      engine.asked++;
      return Promise.resolve({ config: { epochs: 1e6 / engine.images } });
    };
    const scan = (folder: number, state: string) => ({ id: folder, kind: 'scan', folder, state });
    const studio = { client: { call }, nextRun: new NextRun(), jobs: [scan(1, 'running'), scan(2, 'running')] };
    const view = new NewRunState(studio as unknown as Studio);
    view.open(1);
    view.follow();
    await settled();
    expect([view.reading?.id, view.plan?.config.epochs]).toEqual([1, 1e4]);
    engine.images = 1000;
    studio.jobs = [scan(1, 'running'), scan(2, 'done')];
    view.follow();
    await settled();
    expect([engine.asked, view.plan?.config.epochs]).toEqual([1, 1e4]);
    studio.jobs = [scan(1, 'done'), scan(2, 'done')];
    view.follow();
    expect([view.reading, view.planned.busy]).toEqual([undefined, true]);
    await settled();
    view.follow();
    await settled();
    expect([engine.asked, view.plan?.config.epochs, view.planned.suggested?.config.epochs]).toEqual([2, 1e3, 1e3]);
  });
});

describe('the preset of a new run', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const settled = async (): Promise<unknown> => vi.advanceTimersByTimeAsync(1000);

  /** A page on an engine that chooses `preset` when nobody does; a trial makes it `measured`. */
  async function opened({ measured = 'default' } = {}) {
    const engine = { preset: 'quick', started: [] as unknown[], tried: [] as unknown[], endTrial: (_error?: Error): void => {} };
    const call = async (channel: string, { settings }: { settings: Record<string, SettingValue> }): Promise<unknown> => {
      if (channel === 'runs.trial') {
        engine.tried.push(settings);
        await new Promise<void>((resolve, reject) => (engine.endTrial = (error) => (error ? reject(error) : resolve())));
        engine.preset = measured;
        return { secondsPerStep: 1 };
      }
      const { preset = 'auto' } = settings;
      return Promise.resolve({ config: { ...settings, preset: preset === 'auto' ? engine.preset : preset } });
    };
    const ask = async (_channel: string, { settings }: { settings: unknown }): Promise<unknown> => {
      engine.started.push(settings);
      return Promise.resolve({ run: 'run' });
    };
    const notices = { fail: vi.fn() };
    const view = new NewRunState({ client: { call }, ask, notices, nextRun: new NextRun() } as unknown as Studio);
    view.open(1);
    await settled();
    return { engine, view, notices };
  }

  it('is the one that is shown when it starts, though the engine would choose another by now', async () => {
    const { engine, view } = await opened();
    engine.preset = 'default';
    await view.start(false);
    view.choose('preset', 'auto');
    await settled();
    expect(view.plan?.config.preset).toBe('default');
    engine.preset = 'quick';
    await view.start(false);
    view.choose('preset', 'long');
    await settled();
    await view.start(false);
    expect(engine.started).toEqual([{ preset: 'quick' }, { preset: 'default' }, { preset: 'long' }]);
  });

  it('is chosen anew after a trial, in sight of the person, who is no longer told the time of the one before', async () => {
    const { engine, view } = await opened();
    const measuring = view.measure();
    expect([engine.tried, view.measuring]).toEqual([[{ preset: 'quick' }], true]);
    engine.endTrial();
    await measuring;
    expect([view.measuring, view.planned.busy]).toEqual([false, true]);
    await settled();
    expect([view.plan?.config.preset, view.planned.suggested?.config.preset, view.trial]).toEqual(['default', 'default', undefined]);
    await view.start(false);
    expect(engine.started).toEqual([{ preset: 'default' }]);
  });

  it('is measured no more when a setting is changed, and can be measured again', async () => {
    const { engine, view, notices } = await opened();
    const given = view.measure();
    view.choose('preset', 'long');
    expect(view.measuring).toBe(false);
    engine.endTrial(new Error('Cancelled.'));
    await given;
    await settled();
    expect([view.measuring, view.trial, notices.fail.mock.calls.length]).toEqual([false, undefined, 0]);
    void view.measure();
    expect(engine.tried).toEqual([{ preset: 'quick' }, { preset: 'long' }]);
  });

  it('stays, with what was measured, where a trial changes nothing', async () => {
    const { engine, view } = await opened({ measured: 'quick' });
    const measuring = view.measure();
    engine.endTrial();
    await measuring;
    await settled();
    expect([view.plan?.config.preset, view.trial]).toEqual(['quick', { secondsPerStep: 1 }]);
  });

  it('is chosen anew after a trial that has failed, and by the next change after one that was ended', async () => {
    const { engine, view, notices } = await opened();
    const failing = view.measure();
    engine.preset = 'default';
    engine.endTrial(new Error('Out of memory.'));
    await failing;
    await settled();
    expect([view.plan?.config.preset, notices.fail.mock.calls.length]).toEqual(['default', 1]);
    const ended = view.measure();
    view.stopMeasuring();
    engine.preset = 'quick';
    engine.endTrial(new Error('Cancelled.'));
    await ended;
    await settled();
    expect(view.plan?.config.preset).toBe('default');
    view.reset();
    await settled();
    expect([view.plan?.config.preset, notices.fail.mock.calls.length]).toEqual(['quick', 1]);
  });
});

describe('weights to begin with', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const settled = async (): Promise<unknown> => vi.advanceTimersByTimeAsync(1000);

  /** An engine with two trained runs of other widths, and views on the run that is made. */
  function page() {
    const started: Record<string, unknown>[] = [];
    const call = async (_channel: string, { settings }: { settings: object }): Promise<unknown> => Promise.resolve({ config: settings });
    const ask = async (channel: string, input: Record<string, unknown>): Promise<unknown> => {
      if (channel === 'runs.start') started.push(input);
      const run = input['run'] as string;
      const width = run === 'wide' ? 256 : 64;
      return Promise.resolve(channel === 'runs.start' ? { run: 'new' } : { config: { ...defaultConfig, width }, summary: { name: run } });
    };
    const address = { about: {} as Record<string, string> };
    const router = {
      aboutOf: (view: string) => (view === 'train' ? address.about : {}),
      replace: (view: string, about: Record<string, string>) => void (view === 'train' && (address.about = about)),
    };
    const studio = {
      client: { call },
      ask,
      router,
      address,
      nextRun: new NextRun(),
      jobs: [],
      runs: [{ name: 'wide' }, { name: 'narrow' }],
    };
    return { started, studio, view: () => new NewRunState(studio as unknown as Studio) };
  }
  const width = (view: NewRunState): unknown => view.chosen.width;

  it('stay with their settings, a name and a note over a visit to another view, and settings as they were changed since', async () => {
    const { studio, started, view: opened } = page();
    const first = opened();
    first.open(1);
    await first.startFrom('wide', 'latest');
    first.choose('imageSize', 64);
    first.say({ name: 'mine', note: 'why', usable: true });
    first.dispose();
    const second = opened();
    second.open(1);
    await settled();
    expect([second.origin, second.wishes.usable]).toEqual([{ run: 'wide', checkpoint: 'latest' }, true]);
    expect([width(second), second.chosen.imageSize]).toEqual([256, 64]);
    await second.start(true);
    expect(started).toMatchObject([{ folder: 1, from: { run: 'wide', checkpoint: 'latest' }, name: 'mine', note: 'why' }]);
    expect(second.wishes).toMatchObject({ name: '', note: '', usable: true });
    // A run that is gone takes its settings along.
    studio.runs = [{ name: 'narrow' }];
    const third = opened();
    third.open(1);
    await settled();
    expect([third.origin, width(third)]).toEqual([undefined, undefined]);
  });

  it('come along with their settings to a folder that is chosen instead, unless it has its own or begins from scratch', async () => {
    const view = page().view();
    view.open(1);
    await view.startFrom('wide', 'latest');
    view.open(2);
    await settled();
    expect([view.origin, width(view)]).toEqual([{ run: 'wide', checkpoint: 'latest' }, 256]);
    await view.startFrom('narrow');
    view.open(1);
    await settled();
    expect([view.origin?.run, width(view)]).toEqual(['wide', 256]);
    await view.startFrom(undefined);
    view.open(2);
    await settled();
    expect([view.origin?.run, width(view)]).toEqual(['narrow', 64]);
    view.open(1);
    await settled();
    expect([view.origin, width(view)]).toEqual([undefined, undefined]);
  });

  it('are those of the address, once', async () => {
    const { view: opened } = page();
    const view = opened();
    view.open(1, 'wide');
    await settled();
    expect([view.origin?.run, width(view)]).toEqual(['wide', 256]);
    await view.startFrom('narrow');
    view.open(2, 'wide');
    await settled();
    expect(view.origin?.run).toBe('narrow');
  });

  it('of the address leave it once they are chosen, so that who comes back finds what was chosen since', async () => {
    const { studio, view: opened } = page();
    const asked = vi.spyOn(studio.client, 'call');
    const link = { new: '1', from: 'wide' };
    studio.address.about = link;
    const view = opened();
    view.open(1, 'wide');
    expect(studio.address.about).toEqual(link);
    await settled();
    expect(studio.address.about).toEqual({ new: '1' });
    // The view is told of that, and has nothing to ask for again.
    const before = asked.mock.calls.length;
    view.open(1);
    await settled();
    expect([view.origin?.run, width(view), asked.mock.calls.length]).toEqual(['wide', 256, before]);
    await view.startFrom('narrow');
    view.dispose();
    const again = opened();
    again.open(1, studio.address.about['from']);
    await settled();
    expect(again.origin?.run).toBe('narrow');
    // Another link to the weights that are chosen already is obeyed as it stands.
    studio.address.about = { new: '1', from: 'narrow' };
    again.open(1, 'narrow');
    await settled();
    expect([again.origin?.run, studio.address.about]).toEqual(['narrow', { new: '1' }]);
  });

  it('that are gone stay in the address, and what is chosen stays', async () => {
    const { studio, view: opened } = page();
    const view = opened();
    view.open(1);
    await view.startFrom('narrow');
    studio.ask = async () => Promise.resolve(undefined);
    studio.address.about = { new: '1', from: 'gone' };
    view.open(1, 'gone');
    await settled();
    expect([view.origin?.run, studio.address.about]).toEqual(['narrow', { new: '1', from: 'gone' }]);
  });
});
