// A run of a folder that is being read: refused as it is begun, and where it was begun before, held until all of the images are known.
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultConfig } from '../../../shared/config/config.ts';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import type { RunEvent } from '../../../shared/contract/contract-runs.ts';
import type { RunState } from '../../../shared/run-state.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import { until } from '../../trainer/testing/processes.ts';
import { readRecord } from '../../training/run-folder/run-folder.ts';
import { moveFolder } from '../folders/moved-folder.ts';
import type { Engine } from './engine.ts';
import { runScan } from './folders/scan-job.ts';
import { drawPictures, openScanned, quickSettings } from './testing/open-engine.ts';
import type { Page } from './testing/open-engine.ts';

let [place, pictures, home] = ['', '', ''];
let engine: Engine;
let page: Page;
let folder = 0;

beforeAll(async () => {
  ({ place, pictures, home, engine, page, folder } = await openScanned('reading-first', 200));
});
afterAll(async () => {
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

/** A job that goes on until it is told to end, and then does `last`. */
function held(
  kind: 'scan' | 'trial' | 'relink',
  queue?: 'trainer',
  last: Parameters<Engine['context']['jobs']['start']>[2] = async () => '',
) {
  let end = (): void => {};
  const told = new Promise<void>((resolve) => (end = resolve));
  const job = engine.context.jobs.start(kind, { subject: 'pictures', folder, ...(queue && { queue }) }, async (handle) => {
    await told;
    return last(handle);
  });
  return { job, end };
}
const { batchSize: _batch, ...network } = quickSettings;
const settings = { ...network, preset: 'default', batchSize: 32, evaluateImages: 40 };
const recordOf = (run: string): ReturnType<typeof readRecord> => readRecord(join(home, 'runs', run));

/** Waits until a run is in a state. */
async function becomes(run: string, state: RunState): Promise<void> {
  const states: RunState[] = [];
  const looking = new AbortController();
  const onEvent = (event: RunEvent): void => void (event.type === 'state' && states.push(event.state));
  page.call('runs.events', { run }, { signal: looking.signal, onEvent }).catch(() => {});
  await until(`${run} is ${state}`, () => states.at(-1) === state);
  looking.abort();
}

it('is refused while the folder is read, with what to do, and leaves nothing behind', async () => {
  const reading = held('scan');
  await expect(page.call('runs.start', { folder, settings, name: 'early', usable: false })).rejects.toMatchObject({
    code: 'locked',
    message: 'pictures is still being read, and what a run takes follows from all of its images.',
  });
  reading.end();
  await page.call('jobs.wait', { job: reading.job });
  expect(await page.call('runs.list', {})).toEqual([]);
});

it('waits where it was begun before, and then is as long as its preset makes it for the images that there are', async () => {
  const before = held('trial', 'trainer');
  const [byPreset, own] = await Promise.all([
    page.call('runs.start', { folder, settings, name: 'by-preset', usable: false }),
    page.call('runs.start', { folder, settings: { ...settings, epochs: 7 }, name: 'own', usable: false }),
  ]);
  const begun = recordOf('by-preset');
  expect(begun.images).toBe(400);
  const reading = held('scan', undefined, async (handle) => {
    await drawPictures(pictures, 800);
    return runScan(
      engine.context.studio,
      pictures,
      { settings: preprocessingOf(defaultConfig), shortSide: cachedShortSide(defaultConfig.imageSize) },
      handle,
    );
  });
  before.end();
  const detail = (): string => engine.context.jobs.list().find(({ id }) => id === byPreset.job)!.detail;
  await until('the run waits', () => detail() === 'Waits until its folder is read.');
  reading.end();
  for (const { run } of [byPreset, own]) {
    await until(`the record of ${run} is settled`, () => recordOf(run).images === 1600);
    await page.call('runs.control', { run, action: 'discard' });
  }
  const settled = recordOf('by-preset');
  const plan = await page.call('runs.plan', { folder, settings });
  expect(settled).toMatchObject({ steps: plan.steps, config: { epochs: plan.config.epochs, momentum: plan.config.momentum } });
  expect(settled.config.epochs).toBeLessThan(begun.config.epochs);
  // What a person set is what they get.
  expect(recordOf('own').config.epochs).toBe(7);
});

it('can be stopped while it waits', async () => {
  const before = held('trial', 'trainer');
  const { job, run } = await page.call('runs.start', { folder, settings, name: 'stopped', usable: false });
  const reading = held('scan');
  before.end();
  await becomes(run, 'preparing');
  await page.call('runs.control', { run, action: 'stop' });
  await expect(page.call('jobs.wait', { job })).rejects.toMatchObject({ code: 'cancelled' });
  reading.end();
});

it('goes on with the images where they are found again, when it was resumed while they are looked for', async () => {
  const moved = join(place, 'moved');
  renameSync(pictures, moved);
  const relinking = held('relink', undefined, async () => {
    await moveFolder(engine.context.studio, pictures, moved);
    return '';
  });
  const { job } = await page.call('runs.resume', { run: 'own', usable: false });
  const detail = (): string => engine.context.jobs.list().find(({ id }) => id === job)!.detail;
  await until('the run waits', () => detail() === 'Waits until its folder is read.');
  relinking.end();
  await becomes('own', 'training');
  expect(recordOf('own').folder).toBe(moved);
  await page.call('runs.control', { run: 'own', action: 'discard' });
});
