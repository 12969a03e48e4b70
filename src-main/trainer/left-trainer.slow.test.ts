// What others see of a process that trains once its engine has gone or has left it. Halting it stands for its work.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isHeldHere, isLeft } from '../files/folder-lock.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { makeCache, makeRun, trainJob } from './testing/picture-cache.ts';
import { isRunning, until } from './testing/processes.ts';

let [place, run] = ['', ''];
/** Processes to end where a test did not. */
const begun: number[] = [];

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-left-'));
  run = join(place, 'run');
});
afterEach(() => {
  for (const pid of begun.splice(0)) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  rmSync(place, { recursive: true, force: true });
});

const steps = (): number => {
  const log = join(run, 'metrics.jsonl');
  return existsSync(log) ? readFileSync(log, 'utf8').split('"type":"step"').length - 1 : 0;
};

it.skipIf(process.platform === 'win32')('its run is seen to be left as soon as its engine is dead, whatever it does then', async () => {
  const cache = join(place, 'cache');
  const images = await makeCache(cache, 40);
  makeRun(run, {}, 100_000);
  const script = join(import.meta.dirname, 'testing/own-a-trainer.ts');
  const engine = spawn(process.execPath, [...nodeArguments, script, JSON.stringify(trainJob(run, cache, images))], { stdio: 'ignore' });
  begun.push(engine.pid!);
  await until('some steps', () => steps() > 5);
  const { pid } = JSON.parse(readFileSync(join(run, 'lock'), 'utf8')) as { pid: number };
  begun.push(pid);
  process.kill(pid, 'SIGSTOP');
  expect([isHeldHere(run), isLeft(run)]).toEqual([true, false]);
  engine.kill('SIGKILL');
  await until('the sign of it', () => isLeft(run), 5);
  process.kill(pid, 'SIGCONT');
  await until('its end', () => !isRunning(pid));
  expect([isHeldHere(run), isLeft(run)]).toEqual([false, false]);
  expect(readdirSync(run).filter((name) => name.startsWith('lock'))).toEqual([]);
});
