// What becomes of a run when the process that trains it dies, or the engine did.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunSummary } from '../../../shared/contract/contract-runs.ts';
import { until } from '../../trainer/testing/processes.ts';
import { changeAppFile, readAppFile } from '../../training/run-folder/app-file.ts';
import { RunFolder } from '../../training/run-folder/run-folder.ts';
import { waitsForFormer } from '../runs/until-free.ts';
import type { Engine } from './engine.ts';
import { drawPictures, openEngine, quickSettings } from './testing/open-engine.ts';
import type { Page } from './testing/open-engine.ts';

let [place, home, run] = ['', '', ''];
let engine: Engine;
let page: Page;
let job = 0;

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-crash-'));
  home = join(place, 'home');
  await drawPictures(join(place, 'pictures'), 12);
  ({ engine, page } = openEngine(home));
  const scan = await page.call('library.scan', { path: join(place, 'pictures') });
  await page.call('jobs.wait', { job: scan.job });
  // Of one that is not set there would be smaller ones to go on with.
  const settings = { ...quickSettings, microBatch: 8, steps: 100_000, evaluateImages: 0, checkpointSteps: 5, keepCheckpoints: 2 };
  ({ run, job } = await page.call('runs.start', { folder: scan.folder, settings, usable: false }));
});
afterEach(async () => {
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

const summary = async (): Promise<RunSummary> => (await page.call('runs.list', {}))[0]!;
const trainer = (): number | undefined => engine.context.studio.trainer.pid;
/** Waits until the run has trained beyond a step; where it is then. */
async function trainedBeyond(step: number): Promise<number> {
  let now = 0;
  const watch = setInterval(() => void summary().then((one) => (now = one.state === 'training' ? one.step : 0)), 50);
  await until(`step ${step}`, () => now > step);
  clearInterval(watch);
  return now;
}

describe('a run whose trainer dies', () => {
  it('goes on from its last checkpoint, and fails with the reason when it is killed again before there is a later one', async () => {
    const states: string[] = [];
    const looking = new AbortController();
    page
      .call('runs.events', { run }, { signal: looking.signal, onEvent: (event) => event.type === 'state' && states.push(event.state) })
      .catch(() => {});
    const before = await trainedBeyond(12);
    const first = trainer()!;
    process.kill(first, 'SIGKILL');
    await trainedBeyond(before + 5);
    expect(trainer()).not.toBe(first);
    const second = trainer()!;
    process.kill(second, 'SIGKILL');
    await until('a third trainer', () => ![undefined, second].includes(trainer()));
    process.kill(trainer()!, 'SIGKILL');
    await expect(page.call('jobs.wait', { job })).rejects.toMatchObject({
      code: 'trainer-crashed',
      message: expect.stringContaining('SIGKILL') as unknown,
    });
    const failed = await summary();
    expect(failed).toMatchObject({ state: 'failed', problem: expect.stringContaining('SIGKILL') as unknown });
    expect(failed.step).toBe(failed.checkpoints.at(-1));
    expect(states.slice(-5)).toEqual(['training', 'stopped', 'waiting', 'preparing', 'failed']);
    looking.abort();
    // Steps that were done twice count once.
    const { last, series } = await page.call('runs.series', { run, metrics: ['loss'], from: 0, to: 0, points: 4000 });
    expect([...series.loss!.steps]).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    // It can be gone on with, and is then no longer failed.
    const again = await page.call('runs.resume', { run, usable: false });
    expect(await trainedBeyond(failed.step)).toBeGreaterThan(failed.step);
    await page.call('runs.control', { run, action: 'stop' });
    await page.call('jobs.wait', { job: again.job });
    expect((await summary()).state).toBe('stopped');
    expect((await summary()).problem).toBeUndefined();
  });
});

describe('a run that is stopped without its checkpoint', () => {
  it('ends at once, stands at its last one and can be resumed from there', async () => {
    await trainedBeyond(12);
    await page.call('runs.control', { run, action: 'discard' });
    await expect(page.call('jobs.wait', { job })).rejects.toMatchObject({ code: 'cancelled' });
    const stopped = await summary();
    expect(stopped.state).toBe('stopped');
    expect(stopped.problem).toBeUndefined();
    expect(stopped.step).toBe(stopped.checkpoints.at(-1));
    // Written on the way: none is of the moment of the stop.
    expect(stopped.checkpoints.filter((step) => step % 5 !== 0)).toEqual([]);
    await expect(page.call('runs.control', { run, action: 'discard' })).rejects.toMatchObject({ code: 'bad-input' });
    await page.call('runs.resume', { run, usable: false });
    expect(await trainedBeyond(stopped.step)).toBeGreaterThan(stopped.step);
  });
});

describe('a run that another program trains', () => {
  it('is refused within seconds, with the number of that program, and goes on when it is free again', async () => {
    await trainedBeyond(6);
    await page.call('runs.control', { run, action: 'stop' });
    await page.call('jobs.wait', { job });
    const held = RunFolder.open(join(home, 'runs', run), process.pid);
    const details = new Set<string>();
    const watch = setInterval(() => engine.context.jobs.list().forEach(({ detail }) => details.add(detail)), 20);
    const began = performance.now();
    const resumed = await page.call('runs.resume', { run, usable: false });
    await expect(page.call('jobs.wait', { job: resumed.job })).rejects.toMatchObject({ code: 'locked' });
    expect(performance.now() - began).toBeLessThan(6000);
    clearInterval(watch);
    expect(details).not.toContain(waitsForFormer);
    expect((await summary()).problem).toContain(`process ${process.pid}`);
    held.dispose();
    const { step } = await summary();
    await page.call('runs.resume', { run, usable: false });
    expect(await trainedBeyond(step)).toBeGreaterThan(step);
  });
});

describe('a run that is paused', () => {
  const isPaused = async (): Promise<void> => {
    let state = '';
    const watch = setInterval(() => void summary().then((one) => ({ state } = one)), 50);
    await until('the pause', () => state === 'paused');
    clearInterval(watch);
  };

  it('rests on when its trainer dies, and when its engine does, until it is told to go on', async () => {
    await trainedBeyond(6);
    await page.call('runs.control', { run, action: 'pause' });
    await isPaused();
    const path = join(home, 'runs', run);
    const { step } = await summary();
    const active = { usable: false, deaths: 0, paused: true } as const;
    expect(readAppFile(path).active).toEqual(active);
    const first = trainer()!;
    process.kill(first, 'SIGKILL');
    await until('another trainer', () => trainer() !== undefined && trainer() !== first);
    await isPaused();
    expect((await summary()).step).toBe(step);
    await engine.dispose();
    changeAppFile(path, { active });
    ({ engine, page } = openEngine(home, { resumeInterrupted: true }));
    await isPaused();
    expect((await summary()).step).toBe(step);
    await page.call('runs.control', { run, action: 'continue' });
    expect(readAppFile(path).active).toEqual({ usable: false, deaths: 1 });
    const now = await trainedBeyond(step);
    // A pause that is taken back before it began.
    await Promise.all((['pause', 'continue'] as const).map(async (action) => page.call('runs.control', { run, action })));
    await trainedBeyond(now + 3);
    expect((await summary()).state).toBe('training');
    expect(readAppFile(path).active).toEqual({ usable: false, deaths: 1 });
  });
});

describe('a run whose engine died', () => {
  it('is gone on with once by the next engine when that is asked to, else it is stopped', async () => {
    await trainedBeyond(6);
    const path = join(home, 'runs', run);
    expect(readAppFile(path).active).toEqual({ usable: false, deaths: 0 });
    await engine.dispose();
    expect(readAppFile(path).active).toBeUndefined();
    // As an engine leaves it that had no time to say so; its trainer still has the run for a moment.
    changeAppFile(path, { active: { usable: false, deaths: 0 } });
    const held = RunFolder.open(path);
    ({ engine, page } = openEngine(home, { resumeInterrupted: true }));
    const { step } = await summary();
    setTimeout(() => held.dispose(), 500);
    expect(await trainedBeyond(step)).toBeGreaterThan(step);
    expect(readAppFile(path).active).toEqual({ usable: false, deaths: 1 });
    await engine.dispose();
    // A second death over the same run.
    changeAppFile(path, { active: { usable: false, deaths: 1 } });
    ({ engine, page } = openEngine(home, { resumeInterrupted: true }));
    expect(await summary()).toMatchObject({ state: 'failed', problem: expect.stringContaining('twice') as unknown });
    await engine.dispose();
    // Nobody asks to go on: it is stopped, and stays so.
    changeAppFile(path, { active: { usable: false, deaths: 0 }, problem: undefined });
    ({ engine, page } = openEngine(home));
    expect((await summary()).state).toBe('stopped');
    expect(readAppFile(path).active).toBeUndefined();
  });
});
