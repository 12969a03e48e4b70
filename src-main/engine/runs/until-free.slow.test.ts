import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { noteLeft } from '../../files/folder-lock.ts';
import { RunFolder } from '../../training/run-folder/run-folder.ts';
import { smallRecord } from '../../training/testing/small-run.ts';
import { untilFree } from './until-free.ts';

let [place, run] = ['', ''];
let words = 0;
/** Waits as a face does; milliseconds until it is free. */
async function waited(signal = new AbortController().signal): Promise<number> {
  const began = performance.now();
  await untilFree(run, signal, () => words++);
  return performance.now() - began;
}

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-until-free-'));
  run = join(place, 'run');
  RunFolder.create(run, smallRecord()).dispose();
  words = 0;
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const goneProcess = (): number => spawnSync(process.execPath, ['-e', '']).pid;

it('a program that is there and trains the run is named within two seconds', async () => {
  for (const engine of [undefined, process.pid]) {
    const held = RunFolder.open(run, engine);
    const began = performance.now();
    await expect(waited()).rejects.toMatchObject({ code: 'locked' });
    expect(performance.now() - began).toBeLessThan(2500);
    held.dispose();
  }
  expect(words).toBe(0);
});

it.each([
  ['whose engine has gone', goneProcess, () => {}],
  ['that its engine has left', () => process.pid, () => noteLeft(process.pid, run)],
])('a process %s is waited for until it lets go, longer than for any other', async (_, engine, leave) => {
  const held = RunFolder.open(run, engine());
  leave();
  const [ms] = await Promise.all([waited(), sleep(3000).then(() => held.dispose())]);
  expect(ms).toBeGreaterThanOrEqual(2900);
  expect(words).toBe(1);
  expect(existsSync(join(run, 'lock.left'))).toBe(false);
});

it('an engine that quits just now is given the time to leave its process', async () => {
  const held = RunFolder.open(run, process.pid);
  const left = sleep(600).then(() => noteLeft(process.pid, run));
  const [ms] = await Promise.all([waited(), left, sleep(3000).then(() => held.dispose())]);
  expect(ms).toBeGreaterThanOrEqual(2900);
  expect(words).toBe(1);
});

it('what was noted of a holder before says nothing of the one now', async () => {
  const before = RunFolder.open(run, process.pid);
  noteLeft(process.pid, run);
  const note = readFileSync(join(run, 'lock.left'), 'utf8');
  before.dispose();
  writeFileSync(join(run, 'lock.left'), note);
  await sleep(20);
  const held = RunFolder.open(run, process.pid);
  await expect(waited()).rejects.toMatchObject({ code: 'locked' });
  expect(words).toBe(0);
  held.dispose();
});

it('is given up when nobody wants it any more', async () => {
  const held = RunFolder.open(run, goneProcess());
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  expect(await waited(stop.signal)).toBeLessThan(1500);
  held.dispose();
});
