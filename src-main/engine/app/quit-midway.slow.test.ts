// The engine ends while the process that trains cannot answer: in a long step, a long computation, a slow disk. Halting it stands for them.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';
import { isRunning, until } from '../../trainer/testing/processes.ts';
import { listCheckpoints } from '../../training/run-folder/run-folder.ts';
import { readEvents } from '../../training/run-folder/run-log.ts';
import { waitsForFormer } from '../runs/until-free.ts';
import type { Engine } from './engine.ts';
import { openEngine, openScanned, quickSettings } from './testing/open-engine.ts';
import type { Page } from './testing/open-engine.ts';

let [place, home, run] = ['', '', ''];
let engine: Engine;
let page: Page;
let halted = 0;

const summary = async (): Promise<RunSummary> => (await page.call('runs.list', {}))[0]!;
const steps = (): number => [...readEvents(join(home, 'runs', run), 'step')].at(-1)?.step ?? 0;
const saved = (): number | undefined => listCheckpoints(join(home, 'runs', run)).at(-1)?.step;

beforeEach(async () => {
  const opened = await openScanned('quit', 12);
  ({ place, home, engine, page } = opened);
  // No checkpoint by itself: all that is trained would be lost.
  const settings = { ...quickSettings, microBatch: 8, steps: 100_000, evaluateImages: 0 };
  ({ run } = await page.call('runs.start', { folder: opened.folder, settings, usable: false }));
  await until('some steps', () => steps() > 10);
  halted = engine.context.studio.trainer.pid!;
  process.kill(halted, 'SIGSTOP');
});
afterEach(async () => {
  if (isRunning(halted)) process.kill(halted, 'SIGKILL');
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

it.skipIf(process.platform === 'win32')('nothing of the run is lost, and an engine after it goes on when all is kept', async () => {
  const began = performance.now();
  await engine.dispose(500);
  // Whoever waits for the end does not wait for the run.
  expect(performance.now() - began).toBeLessThan(8000);
  expect(isRunning(halted)).toBe(true);
  expect(saved()).toBeUndefined();
  const trained = steps();

  ({ engine, page } = openEngine(home));
  expect((await summary()).state).toBe('stopped');
  const { job } = await page.call('runs.resume', { run, usable: false });
  const details: string[] = [];
  const looking = new AbortController();
  page
    .call(
      'jobs.watch',
      {},
      { signal: looking.signal, onEvent: ({ jobs }) => details.push(jobs.find(({ id }) => id === job)?.detail ?? '') },
    )
    .catch(() => {});
  await until('word of it', () => details.includes(waitsForFormer));
  looking.abort();
  expect(saved()).toBeUndefined();
  process.kill(halted, 'SIGCONT');
  await until('the end of the former process', () => !isRunning(halted));
  await until('more steps', () => steps() > trained + 5);
  const [from] = [...readEvents(join(home, 'runs', run), 'started')].slice(-1);
  expect(from!.step).toBeGreaterThanOrEqual(trained);
  expect(saved()).toBeGreaterThanOrEqual(trained);
});

it.skipIf(process.platform === 'win32')('a run that waits for it can be stopped, and is no failure', async () => {
  await engine.dispose(500);
  ({ engine, page } = openEngine(home));
  const { job } = await page.call('runs.resume', { run, usable: false });
  await until('its turn', () => engine.context.jobs.list().some(({ id, detail }) => id === job && detail === waitsForFormer));
  await page.call('runs.control', { run, action: 'stop' });
  await page.call('jobs.wait', { job });
  expect(await summary()).toMatchObject({ state: 'stopped' });
  expect((await summary()).problem).toBeUndefined();
  expect(isRunning(halted)).toBe(true);
});
