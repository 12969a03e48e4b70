// A process that a driver holds in the kernel: no signal ends it. A stand-in for the process, which never says that it has ended.
import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cardFolder, holdCard } from '../files/card-lock.ts';
import { takeLock } from '../files/folder-lock.ts';
import type { Job } from './protocol.ts';
import { Trainer, TrainerKilled } from './trainer.ts';

class Stuck extends EventEmitter {
  readonly pid = 4711;
  readonly exitCode = null;
  readonly signalCode = null;
  readonly stderr = Object.assign(new EventEmitter(), { setEncoding: () => this.stderr, destroy: () => {} });
  readonly signals: string[] = [];
  /** Whether signals can be sent to it. */
  isMine = true;
  connected = true;
  /** Whether the program that started it stays for it. */
  isHeld = true;
  send(): void {}
  unref(): void {
    this.isHeld = false;
  }
  disconnect(): void {
    this.connected = false;
  }
  kill(signal: string): boolean {
    this.signals.push(signal);
    return this.isMine;
  }
}

const processes: Stuck[] = [];
const stuckTrainer = (): Trainer =>
  new Trainer({
    start: () => {
      const child = new Stuck();
      processes.push(child);
      return child as unknown as ChildProcess;
    },
  });

let place = '';
const held = (): string[] => (existsSync(cardFolder()) ? readdirSync(cardFolder()) : []);
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-unkillable-'));
  vi.stubEnv('IJEPA_STUDIO_CARDS', join(place, 'cards'));
  vi.useFakeTimers();
  processes.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true, force: true });
});

const job = { kind: 'self-test', device: 'webgpu', threads: 1 } as const;

it('is given up some seconds after it was killed: its job ends, and the next one has another process', async () => {
  const trainer = stuckTrainer();
  const ended = expect(trainer.run(job)).rejects.toMatchObject({ code: 'cancelled' });
  trainer.kill();
  await vi.advanceTimersByTimeAsync(5_000);
  await ended;
  expect(trainer.pid).toBeUndefined();
  const next = expect(trainer.run(job)).rejects.toMatchObject({ code: 'cancelled' });
  expect(processes.map(({ signals }) => signals)).toEqual([['SIGKILL'], []]);
  trainer.kill();
  await vi.advanceTimersByTimeAsync(5_000);
  await next;
});

it('leaves no run locked once its signal was sent: it can do nothing more there', async () => {
  const run = join(place, 'run');
  mkdirSync(run);
  const train = { kind: 'train', run, device: 'webgpu' } as Job;
  for (const isMine of [false, true]) {
    const trainer = stuckTrainer();
    const ended = expect(trainer.run(train)).rejects.toMatchObject({ code: 'cancelled' });
    takeLock(run);
    const own = JSON.parse(readFileSync(join(run, 'lock'), 'utf8')) as object;
    // Its number stands for a process that lives.
    writeFileSync(join(run, 'lock'), JSON.stringify({ ...own, pid: processes.at(-1)!.pid }));
    processes.at(-1)!.isMine = isMine;
    trainer.kill();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(existsSync(join(run, 'lock'))).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    await ended;
    expect(existsSync(join(run, 'lock'))).toBe(!isMine);
    rmSync(join(run, 'lock'), { force: true });
  }
});

it('nor the card taken: what it says of itself there would stay as long as the system has it', async () => {
  const trainer = stuckTrainer();
  const ended = expect(trainer.run(job)).rejects.toMatchObject({ code: 'cancelled' });
  const done = holdCard('works', process.pid);
  const own = JSON.parse(readFileSync(join(cardFolder(), `${process.pid}-works`), 'utf8')) as object;
  done();
  const { pid } = processes[0]!;
  writeFileSync(join(cardFolder(), `${pid}-works`), JSON.stringify({ ...own, pid }));
  trainer.kill();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(held().toSorted()).toEqual([`${pid}-works`, `${process.pid}-measures`].toSorted());
  await vi.advanceTimersByTimeAsync(1_000);
  await ended;
  expect(held()).toEqual([]);
});

it('holds up nobody who ends the trainer', async () => {
  const trainer = stuckTrainer();
  const ended = expect(trainer.run(job)).rejects.toMatchObject({ code: 'cancelled' });
  const disposed = trainer.dispose(1_000);
  await vi.advanceTimersByTimeAsync(6_000);
  await Promise.all([disposed, ended]);
  expect(processes[0]!.signals).toEqual(['SIGKILL']);
});

it('is left alone where it trains: killed it would lose what it has not kept yet', async () => {
  const trainer = stuckTrainer();
  const train = { kind: 'train', run: join(place, 'run'), device: 'webgpu' } as Job;
  const ended = expect(trainer.run(train)).rejects.toMatchObject({ code: 'cancelled' });
  const disposed = trainer.dispose(1_000);
  await vi.advanceTimersByTimeAsync(20_000);
  await Promise.all([disposed, ended]);
  const [left] = processes;
  expect([left!.signals, left!.connected, left!.isHeld]).toEqual([[], false, false]);
  expect(trainer.pid).toBeUndefined();
  // It can still be told to end at once before.
  const other = stuckTrainer();
  const killed = expect(other.run(train)).rejects.toMatchObject({ code: 'cancelled' });
  other.kill();
  await vi.advanceTimersByTimeAsync(5_000);
  await killed;
  expect(processes[1]!.signals).toEqual(['SIGKILL']);
});

it('says to other programs of this user that it is on the card until its job has ended', async () => {
  const trainer = stuckTrainer();
  const onProcessor = expect(trainer.run({ ...job, device: 'cpu' })).rejects.toThrow();
  expect(held()).toEqual([]);
  const ended = expect(trainer.run(job)).rejects.toThrow();
  expect(held()).toEqual([`${process.pid}-measures`]);
  trainer.kill();
  await vi.advanceTimersByTimeAsync(5_000);
  await Promise.all([onProcessor, ended]);
  expect(held()).toEqual([]);
});

it('says that it works on the card, or measures it, and nothing where its device is found to compute on the processor', async () => {
  const train = {
    kind: 'train',
    run: '',
    device: 'tensorflow',
    images: [],
    fingerprint: '',
    cache: { folder: '', shortSide: 32 },
  } as const;
  const embed = { ...train, kind: 'embed' };
  for (const [wanted, file] of [
    [job, [`${process.pid}-measures`]],
    [train, [`${process.pid}-works`]],
    [{ ...train, onProcessor: true }, []],
    [embed, [`${process.pid}-works`]],
    [{ ...embed, onProcessor: true }, []],
  ] as const) {
    const trainer = stuckTrainer();
    const ended = expect(trainer.run(wanted as Job)).rejects.toThrow();
    expect(held()).toEqual(file);
    trainer.kill();
    await vi.advanceTimersByTimeAsync(5_000);
    await ended;
  }
});

it('is told from one that crashes by the signal that ended it, unless it was sent here', async () => {
  for (const [signal, isKilled] of [
    ['SIGKILL', true],
    ['SIGSEGV', false],
  ] as const) {
    const trainer = stuckTrainer();
    const error = trainer.run(job).catch((thrown: unknown) => thrown);
    processes.at(-1)!.emit('exit', null, signal);
    expect(await error).toMatchObject({ code: 'trainer-crashed' });
    expect((await error) instanceof TrainerKilled).toBe(isKilled);
  }
});

it('is known to be asked to stop until its job has ended', async () => {
  const trainer = stuckTrainer();
  const ended = expect(trainer.run(job)).rejects.toMatchObject({ code: 'cancelled' });
  expect(trainer.isStopping).toBe(false);
  trainer.control('stop');
  expect(trainer.isStopping).toBe(true);
  trainer.kill();
  await vi.advanceTimersByTimeAsync(5_000);
  await ended;
  expect(trainer.isStopping).toBe(false);
});
