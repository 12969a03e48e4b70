// A disk that fills up, and one that nobody may write to: small file systems in memory, which only root may mount.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { loadCheckpoint } from './run-folder/checkpoint.ts';
import { resumeState } from './run-folder/resume.ts';
import { listCheckpoints, RunFolder } from './run-folder/run-folder.ts';
import { smallRecord, trainSmall, withTemporary } from './testing/small-run.ts';

const kilobytes = 600;

function mount(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Gives `work` a small disk; skips, saying why, where none can be mounted. */
async function onSmallDisk(skip: (reason: string) => never, work: (disk: string) => Promise<void>): Promise<void> {
  const disk = mkdtempSync(join(tmpdir(), 'ijepa-small-disk-'));
  try {
    if (!mount(disk)) skip('a file system in memory can only be mounted by root on Linux');
    try {
      await work(disk);
    } finally {
      execFileSync('umount', [disk]);
    }
  } finally {
    rmSync(disk, { recursive: true, force: true });
  }
}

const settings = { checkpointSteps: 2, keepCheckpoints: 2 };
const steps = 10;
const failureOf = async (work: () => Promise<unknown>): Promise<AppError> => {
  try {
    await work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('did not fail');
};

it('a disk that is full when a checkpoint is written costs that checkpoint alone', async ({ skip }) => {
  const whole = await withTemporary(async (folder) => trainSmall(RunFolder.create(join(folder, 'run'), smallRecord(settings, steps))));
  await onSmallDisk(skip, async (disk) => {
    const run = RunFolder.create(join(disk, 'run'), smallRecord(settings, steps));
    const filler = join(disk, 'filler');
    const error = await failureOf(() =>
      trainSmall(run, {}, (event) => {
        // From step 5 on there is room for the log but not for another checkpoint.
        if (event.type !== 'step' || event.step !== 5) return;
        const taken = listCheckpoints(run.path).reduce((sum, { bytes }) => sum + bytes, 0);
        writeFileSync(filler, new Uint8Array(1024 * kilobytes - taken - 0.6 * listCheckpoints(run.path)[0]!.bytes));
      }),
    );
    expect(error.code).toBe('disk-full');
    expect(error.hint).toContain('Free some space');
    expect(listCheckpoints(run.path).map(({ step }) => step)).toEqual([2, 4]);
    for (const { file, step } of listCheckpoints(run.path)) expect(loadCheckpoint(file).state.step).toBe(step);
    // As a new process would, still on the full disk and then with room.
    run.dispose();
    rmSync(filler);
    const again = RunFolder.open(run.path);
    const { state } = await trainSmall(again, { state: resumeState(again) });
    expect(state).toEqual(whole.state);
    again.dispose();
  });
});

it('a disk that is full to the last byte loses nothing that is on it', async ({ skip }) => {
  await onSmallDisk(skip, async (disk) => {
    const run = RunFolder.create(join(disk, 'run'), smallRecord(settings, steps));
    const filler = join(disk, 'filler');
    const fill = (): void => {
      for (let size = 64 * 1024; size >= 1; size /= 2) {
        try {
          for (;;) writeFileSync(filler, new Uint8Array(size), { flag: 'a' });
        } catch {
          // No room for that much: smaller bites.
        }
      }
    };
    const error = await failureOf(() => trainSmall(run, {}, (event) => event.type === 'checkpoint' && event.step === 4 && fill()));
    expect(error.code).toBe('disk-full');
    run.dispose();
    const attempt = async (): Promise<void> => {
      const full = RunFolder.open(run.path);
      try {
        await trainSmall(full, { state: resumeState(full) });
      } finally {
        full.dispose();
      }
    };
    expect((await failureOf(attempt)).code).toBe('disk-full');
    rmSync(filler);
    const again = RunFolder.open(run.path);
    const { state } = await trainSmall(again, { state: resumeState(again) });
    expect(state.step).toBe(steps);
    again.dispose();
  });
});

it('a run on a disk that became read-only says so and keeps what it has', async ({ skip }) => {
  await onSmallDisk(skip, async (disk) => {
    const run = RunFolder.create(join(disk, 'run'), smallRecord(settings, steps));
    const error = await failureOf(() =>
      trainSmall(run, {}, (event) => event.type === 'step' && event.step === 5 && execFileSync('mount', ['-o', 'remount,ro', disk])),
    );
    expect(error.code).toBe('not-writable');
    expect((await failureOf(async () => Promise.resolve(RunFolder.open(run.path)))).code).toBe('not-writable');
    expect((await failureOf(async () => Promise.resolve(RunFolder.create(join(disk, 'other'), run.record)))).code).toBe('not-writable');
    expect(loadCheckpoint(listCheckpoints(run.path).at(-1)!.file).state.step).toBe(4);
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    run.dispose();
    const again = RunFolder.open(run.path);
    expect((await trainSmall(again, { state: resumeState(again) })).state.step).toBe(steps);
    again.dispose();
  });
});
