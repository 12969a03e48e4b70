// What others see of a process that trains once its engine has gone or has left it. Halting it, and a pipe nobody writes to, stand for its work.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isCardHeldElsewhere } from '../files/card-lock.ts';
import { isHeldHere, isLeft } from '../files/folder-lock.ts';
import { nodeArguments } from '../files/node-arguments.ts';
import { makeCache, makeRun, trainJob } from './testing/picture-cache.ts';
import { isRunning, until } from './testing/processes.ts';
import { Trainer } from './trainer.ts';

let [place, run, cards] = ['', '', ''];
/** Processes to end where a test did not. */
const begun: number[] = [];

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-left-'));
  [run, cards] = [join(place, 'run'), join(place, 'cards')];
  vi.stubEnv('IJEPA_STUDIO_CARDS', cards);
});
afterEach(() => {
  for (const pid of begun.splice(0)) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true, force: true });
});

const steps = (): number => {
  const log = join(run, 'metrics.jsonl');
  return existsSync(log) ? readFileSync(log, 'utf8').split('"type":"step"').length - 1 : 0;
};
const marks = (): string[] => (existsSync(cards) ? readdirSync(cards) : []);

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

it.skipIf(process.platform === 'win32')(
  'it is said to work on the card until it ends, by itself, and not to be in the way of its engine',
  async () => {
    mkdirSync(run);
    execFileSync('mkfifo', [join(run, 'config.json')]);
    const trainer = new Trainer();
    const job = { ...trainJob(run, join(place, 'cache'), []), device: 'webgpu' } as const;
    const ended = expect(trainer.run(job)).rejects.toMatchObject({ code: 'cancelled' });
    const pid = trainer.pid!;
    begun.push(pid);
    await until('its own mark', () => marks().includes(`${pid}-works`));
    expect(marks().toSorted()).toEqual([`${pid}-works`, `${process.pid}-works`].toSorted());
    const file = join(import.meta.dirname, '../files/card-lock.ts');
    const ask = `import { isCardHeldElsewhere } from ${JSON.stringify(file)}; process.stdout.write(String(isCardHeldElsewhere('works')))`;
    const isSeen = (): string => execFileSync(process.execPath, [...nodeArguments, '--input-type=module', '-e', ask], { encoding: 'utf8' });
    expect(isCardHeldElsewhere()).toBe(false);
    expect(isSeen()).toBe('true');
    await Promise.all([trainer.dispose(300), ended]);
    expect(isRunning(pid)).toBe(true);
    expect(marks()).toEqual([`${pid}-works`]);
    expect(isSeen()).toBe('true');
    // What it has waited for comes, and is no record.
    writeFileSync(join(run, 'config.json'), 'nothing');
    await until('its end', () => !isRunning(pid));
    expect(marks()).toEqual([]);
    expect(isSeen()).toBe('false');
  },
);
