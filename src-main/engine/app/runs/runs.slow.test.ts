// Runs through the channels, with the real trainer: begun, watched, paused, stopped, resumed, judged, renamed, deleted.
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent, RunSummary } from '../../../../shared/contract/contract-runs.ts';
import { until } from '../../../trainer/testing/processes.ts';
import { changeAppFile, readAppFile } from '../../../training/run-folder/app-file.ts';
import { listCheckpoints } from '../../../training/run-folder/run-folder.ts';
import type { Engine } from '../engine.ts';
import { drawPictures, openScanned, quickSettings } from '../testing/open-engine.ts';
import type { Page } from '../testing/open-engine.ts';

let [place, home] = ['', ''];
let engine: Engine;
let page: Page;
let folder = 0;

beforeAll(async () => {
  ({ place, home, engine, page, folder } = await openScanned('runs', 40));
});
afterAll(async () => {
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

/** What happens in a run, as it comes. */
function watch(run: string): { readonly events: RunEvent[]; readonly stop: () => void } {
  const events: RunEvent[] = [];
  const controller = new AbortController();
  page.call('runs.events', { run }, { signal: controller.signal, onEvent: (event) => events.push(event) }).catch(() => {});
  return { events, stop: () => controller.abort() };
}
const statesOf = (events: readonly RunEvent[]): string[] => events.flatMap((event) => (event.type === 'state' ? [event.state] : []));
const summaryOf = async (run: string): Promise<RunSummary> => (await page.call('runs.list', {})).find(({ name }) => name === run)!;

it('has no images of another folder pinned, whose neighbours would never come, unless its own has the same', async () => {
  const others = join(place, 'others');
  await drawPictures(others, 41);
  const scan = await page.call('library.scan', { path: others });
  await page.call('jobs.wait', { job: scan.job });
  const { ids } = await page.call('library.ids', { folder: scan.folder, filter: { search: 'dots 0' } });
  const { run, job } = await page.call('runs.start', { folder, settings: { ...quickSettings, steps: 9 }, name: 'pins', usable: false });
  await page.call('runs.control', { run, action: 'stop' });
  await page.call('jobs.wait', { job }).catch(() => {});
  await page.call('runs.pin', { run, images: [ids[0]!] });
  await expect(page.call('runs.pin', { run, images: [ids[0]!, ids.at(-1)!] })).rejects.toMatchObject({
    code: 'bad-input',
    message: expect.stringContaining('is not among the images of pictures, which the run learns from') as unknown,
  });
  expect((await page.call('runs.details', { run })).pinned.length).toBe(1);
  await page.call('runs.delete', { run });
  await page.call('library.remove', { folder: scan.folder });
});

describe('a run', () => {
  const settings = { ...quickSettings, steps: 120, evaluateSteps: 10, evaluateImages: 40, checkpointSteps: 5 };
  let run = '';

  it('is planned with its sizes and what speaks against it', async () => {
    const plan = await page.call('runs.plan', { folder, settings });
    expect(plan).toMatchObject({ steps: 120, images: 80 });
    expect(plan.sizes.tokens).toBe(16);
    expect(plan.diskBytes).toBeGreaterThan(4 * 4 * plan.sizes.encoderParameters);
    expect(plan.warnings.map(({ message }) => message).join()).toContain('80 images are few');
    const begun = await page.call('runs.plan', { folder, settings, fromWeights: true });
    expect(begun.diskBytes - plan.diskBytes).toBeGreaterThan(4 * 4 * plan.sizes.encoderParameters);
    await expect(page.call('runs.plan', { folder, settings: { ...settings, patchSize: 7 } })).rejects.toMatchObject({ code: 'bad-config' });
    await expect(page.call('runs.plan', { folder: 99, settings })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('trains, pauses, goes on, stops and is resumed, and each state is told', async () => {
    const lists: (readonly RunSummary[])[] = [];
    const looking = new AbortController();
    page.call('runs.watch', {}, { signal: looking.signal, onEvent: (list) => lists.push(list) }).catch(() => {});
    const started = await page.call('runs.start', { folder, settings, name: 'first', note: 'a note', usable: false });
    run = started.run;
    const { events, stop } = watch(run);
    const has = (state: string) => () => statesOf(events).includes(state);
    await until('training', has('training'));
    await until('neighbours', () => events.some((event) => event.type === 'event' && event.event.type === 'neighbours'));
    await expect(page.call('runs.resume', { run, usable: false })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(page.call('runs.control', { run, action: 'continue' })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(page.call('runs.delete', { run })).rejects.toMatchObject({ code: 'locked' });
    await expect(page.call('runs.rename', { run, name: 'other' })).rejects.toMatchObject({ code: 'locked' });
    await page.call('runs.control', { run, action: 'pause' });
    await until('the pause', has('paused'));
    const paused = await summaryOf(run);
    const at = paused.step;
    expect(paused.state).toBe('paused');
    // Its size on disk is that of now, checkpoints of a moment ago included.
    const kept = readdirSync(join(home, 'runs', run, 'checkpoints')).map(
      (name) => statSync(join(home, 'runs', run, 'checkpoints', name)).size,
    );
    expect(kept.length).toBeGreaterThan(0);
    expect(paused.bytes).toBeGreaterThan(kept.reduce((sum, size) => sum + size, 0));
    await page.call('runs.control', { run, action: 'continue' });
    await until('steps after the pause', () => events.some((event) => event.type === 'step' && event.metrics.step > at));
    await page.call('runs.control', { run, action: 'stop' });
    await page.call('jobs.wait', { job: started.job });
    // What there was before somebody looked on comes first.
    expect(statesOf(events).slice(-5)).toEqual(['training', 'paused', 'training', 'finishing', 'stopped']);
    const stopped = await summaryOf(run);
    expect(stopped).toMatchObject({ state: 'stopped', note: 'a note', steps: 120, images: 80, folderId: folder, imported: false });
    expect(stopped.step).toBe(stopped.checkpoints.at(-1));
    const steps = events.filter((event) => event.type === 'step');
    expect(steps.at(-1)!.metrics.step).toBe(stopped.step);
    expect(steps.at(-1)!.memoryBytes).toBeGreaterThan(50e6);
    expect(readAppFile(join(home, 'runs', run)).active).toBeUndefined();
    // Its graph is kept for its next start, where clearing the cache finds it.
    expect(readdirSync(join(home, 'cache', 'graphs')).length).toBeGreaterThan(0);
    expect(lists.some((list) => list.some(({ name, state }) => name === run && state === 'training'))).toBe(true);
    looking.abort();
    stop();
  });

  it('goes on from where it stood to its end, and the chart and the pictures show all of it', async () => {
    const before = await summaryOf(run);
    const images = await page.call('library.ids', { folder, filter: {} });
    await page.call('runs.pin', { run, images: [images.ids[3]!, images.ids[50]!] });
    expect(await page.call('runs.details', { run })).toMatchObject({ pinnedByHand: true });
    await page.call('runs.pin', { run, images: [] });
    expect((await page.call('runs.details', { run })).pinnedByHand).toBe(false);
    await page.call('runs.pin', { run, images: [images.ids[3]!, images.ids[50]!] });
    expect((await page.call('runs.details', { run })).usable).toBe(false);
    const { job } = await page.call('runs.resume', { run, usable: true });
    expect(await page.call('jobs.wait', { job })).toMatchObject({
      state: 'done',
      // The headline comes with the news of the end.
      detail: expect.stringMatching(
        /^Finished at step 120\. (Neighbours agree|Two crops).*; \d+ (queries|images)\)\. .*best checkpoint, step \d+/,
      ) as unknown,
      run,
      folder,
    });
    const done = await summaryOf(run);
    expect(done).toMatchObject({ state: 'done', step: 120 });
    expect(done.score!.run).toBeGreaterThan(0);
    expect(done.bytes).toBeGreaterThan(10_000);
    const { last, series } = await page.call('runs.series', { run, metrics: ['loss', 'memoryBytes'], from: 0, to: 0, points: 1000 });
    expect(last).toBe(120);
    expect([...series.loss!.steps]).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
    expect([...series.loss!.mean].every((value) => value > 0)).toBe(true);
    expect(series.memoryBytes!.min[0]).toBeGreaterThan(50e6);
    const pinned = await page.call('runs.pinned', { run });
    expect(pinned.length).toBe(12);
    // Before anybody pinned, eight were chosen; afterwards those two.
    expect(pinned[0]!.rows.length).toBe(8);
    expect(pinned.at(-1)!.rows.map(({ image }) => image)).toEqual([images.ids[3], images.ids[50]]);
    expect(pinned.at(-1)!.step).toBe(120);
    const details = await page.call('runs.details', { run });
    expect(details.pinned).toEqual([images.ids[3], images.ids[50]]);
    expect(details.evaluations.length).toBe(12);
    expect(details.judged).toBe(true);
    expect(details.baselines!.untrained.step).toBe(0);
    expect(before.step).toBeLessThan(120);
    expect(details.threads).toBe(1);
    // Whoever resumes it said otherwise than whoever began it.
    expect(details.usable).toBe(true);
    await expect(page.call('runs.resume', { run, usable: false })).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('whose device is not to be had fails with a reason, and goes on on the processor when that is asked for', async () => {
    // None of them is there on every system.
    const device = process.platform === 'darwin' ? 'cuda' : 'coreml';
    const { run: other, job } = await page.call('runs.start', { folder, settings: { ...settings, steps: 3, device }, usable: false });
    await expect(page.call('jobs.wait', { job })).rejects.toMatchObject({ code: 'unsupported' });
    expect(await summaryOf(other)).toMatchObject({ state: 'failed', problem: expect.stringContaining('not to be had') as unknown });
    const again = await page.call('runs.resume', { run: other, usable: false, device: 'cpu' });
    expect(await page.call('jobs.wait', { job: again.job })).toMatchObject({ state: 'done' });
    expect(await page.call('runs.details', { run: other })).toMatchObject({ trainedOn: 'The processor, as asked.', config: { device } });
    await page.call('runs.delete', { run: other });
  });

  it('is judged on request, and its reports are kept', async () => {
    const { job } = await page.call('runs.evaluate', { run, checkpoint: 'latest', purpose: 'choosing' });
    const { detail, progress } = await page.call('jobs.wait', { job });
    // Every picture was looked at by all three sources.
    expect(progress).toMatchObject({ done: progress.total, unit: 'images', secondsLeft: expect.any(Number) as number });
    expect(progress.total).toBeGreaterThan(0);
    const reports = await page.call('runs.reports', { run });
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ step: 120, purpose: 'choosing', headline: detail });
    expect(reports[0]!.text).toContain('untrained network');
    expect(existsSync(join(home, 'runs', run, 'evaluations', 'step-120-choosing.json'))).toBe(true);
    const second = await page.call('runs.evaluate', { run, checkpoint: 'latest', purpose: 'reporting' });
    await page.call('jobs.wait', { job: second.job });
    // Of one step: the purpose alone tells them apart.
    const both = await page.call('runs.reports', { run });
    expect(both.map((one) => [one.step, one.purpose])).toEqual([
      [120, 'reporting'],
      [120, 'choosing'],
    ]);
  });

  it('is judged on another folder where that is asked for, and both reports are kept', async () => {
    const other = join(place, 'other');
    await drawPictures(other, 20);
    const scan = await page.call('library.scan', { path: other });
    await page.call('jobs.wait', { job: scan.job });
    const { job } = await page.call('runs.evaluate', { run, checkpoint: 'latest', purpose: 'choosing', folder: scan.folder });
    await page.call('jobs.wait', { job });
    const reports = await page.call('runs.reports', { run });
    expect(reports.map((report) => report.folder)).toEqual([other, undefined, undefined]);
    // The same pictures are drawn there.
    expect(reports[0]!.facts.join(' ')).toContain('40 images of this folder are also among those of a folder that the run');
    await expect(page.call('runs.evaluate', { run, checkpoint: 'latest', purpose: 'choosing', folder: 99 })).rejects.toMatchObject({
      code: 'not-found',
    });
    await page.call('library.remove', { folder: scan.folder });
  });

  it('is judged by the checkpoint that is the latest when its turn comes, and one that is named is kept until then', async () => {
    const { jobs } = engine.context;
    const before = Promise.withResolvers<string>();
    jobs.start('embed', { subject: 'before', queue: 'aside' }, async () => before.promise);
    const [other, last] = (await summaryOf(run)).checkpoints.slice(-2) as [number, number];
    const asked = [String(other), 'latest'].map(async (checkpoint) => page.call('runs.evaluate', { run, checkpoint, purpose: 'choosing' }));
    const [named, latest] = (await Promise.all(asked)) as [{ job: number }, { job: number }];
    const path = join(home, 'runs', run);
    expect(readAppFile(path).held).toEqual([other, last]);
    const { file } = listCheckpoints(path).at(-1)!;
    renameSync(file, `${file}.away`);
    before.resolve('');
    for (const { job } of [named, latest]) await page.call('jobs.wait', { job });
    renameSync(`${file}.away`, file);
    expect((await page.call('runs.reports', { run }))[0]).toMatchObject({ step: other });
    expect(readAppFile(path).held).toBeUndefined();
  });

  it('lends its weights to another one, when they fit', async () => {
    const from = { run, checkpoint: 'best' };
    const begin = async (more: object) =>
      page.call('runs.start', { folder, settings: { ...settings, smallFirst: 0, steps: 2, ...more }, name: 'second', usable: true, from });
    await expect(begin({ width: 48 })).rejects.toMatchObject({ code: 'bad-config', message: expect.stringContaining('width') as unknown });
    expect(await summaryOf('second')).toBeUndefined();
    const { job } = await begin({});
    await page.call('jobs.wait', { job });
    const config = JSON.parse(readFileSync(join(home, 'runs', 'second', 'config.json'), 'utf8')) as { from: object };
    expect(config.from).toMatchObject({ run });
    expect((await summaryOf('second')).state).toBe('done');
    const { baselines, evaluations, origin } = await page.call('runs.details', { run: 'second' });
    expect(origin).toMatchObject({ run, step: (await summaryOf(run)).bestStep, imported: false });
    // It is set beside the weights that it began with, and they are kept.
    expect(baselines!.origin).toMatchObject({ step: 0, queries: evaluations[0]!.queries });
    expect((await summaryOf('second')).checkpoints).toEqual([0, 2]);
    // Of a run from before this was kept it is not known.
    expect((await page.call('runs.details', { run: 'second' })).usable).toBe(true);
    changeAppFile(join(home, 'runs', 'second'), { usable: undefined });
    expect((await page.call('runs.details', { run: 'second' })).usable).toBeUndefined();
  });

  it('lends its weights to one that waits, which needs it no more', async () => {
    const one = await page.call('runs.start', { folder, settings: { ...settings, steps: 100_000 }, usable: false });
    const from = { run, checkpoint: 'best' };
    const two = await page.call('runs.start', { folder, settings: { ...settings, steps: 2 }, name: 'waits', usable: false, from });
    await page.call('runs.rename', { run, name: 'elsewhere' });
    await page.call('jobs.cancel', { job: one.job });
    await page.call('jobs.wait', { job: two.job });
    expect((await summaryOf('waits')).state).toBe('done');
    for (const name of ['waits', one.run]) await page.call('runs.delete', { run: name });
    await page.call('runs.rename', { run: 'elsewhere', name: run });
  });

  it('is noted, renamed and deleted with what it frees', async () => {
    await page.call('runs.note', { run: 'second', note: 'more' });
    for (const name of ['../x', 'a/b', 'con:', run]) {
      await expect(page.call('runs.rename', { run: 'second', name })).rejects.toMatchObject({ code: 'bad-input' });
    }
    await page.call('runs.rename', { run: 'second', name: 'zweiter Lauf' });
    expect(await summaryOf('zweiter Lauf')).toMatchObject({ note: 'more', state: 'done' });
    const { bytes } = await summaryOf('zweiter Lauf');
    expect(await page.call('runs.delete', { run: 'zweiter Lauf' })).toEqual({ freed: bytes });
    expect(await summaryOf('zweiter Lauf')).toBeUndefined();
    for (const name of ['second', '..', '../runs/first'])
      await expect(page.call('runs.details', { run: name })).rejects.toMatchObject({
        code: expect.stringMatching(/not-found|bad-input/) as unknown,
      });
  });

  it('measures its pace before the start, alone', async () => {
    const trial = await page.call('runs.trial', { folder, settings });
    expect(trial.secondsTotal).toBeCloseTo(120 * trial.secondsPerStep, 6);
    expect(trial.peakBytes).toBeGreaterThan(50e6);
    // A trial judges nothing, and the run does.
    const { peakBytes } = await page.call('runs.trial', { folder, settings: { ...settings, evaluateImages: 2000 } });
    const unjudged = await page.call('runs.trial', { folder, settings: { ...settings, evaluateImages: 0 } });
    expect(peakBytes - unjudged.peakBytes).toBeGreaterThan(20e6);
  });

  it('that waits can be cancelled, and so can one that prepares', async () => {
    const one = await page.call('runs.start', { folder, settings: { ...settings, steps: 100_000 }, usable: false });
    const two = await page.call('runs.start', { folder, settings, usable: false });
    await until('the first to train', () => engine.context.jobs.list().some(({ id, state }) => id === one.job && state === 'running'));
    expect((await summaryOf(two.run)).state).toBe('waiting');
    await page.call('runs.control', { run: two.run, action: 'stop' });
    await expect(page.call('jobs.wait', { job: two.job })).rejects.toMatchObject({ code: 'cancelled' });
    await page.call('jobs.cancel', { job: one.job });
    await expect(page.call('jobs.wait', { job: one.job })).rejects.toMatchObject({ code: 'cancelled' });
    for (const name of [one.run, two.run]) {
      expect((await summaryOf(name)).state).toBe('stopped');
      await page.call('runs.delete', { run: name });
    }
  });
});
