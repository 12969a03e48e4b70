// Tests one device in a process of its own: it may compute wrong, crash, or not answer, and none of that reaches the engine.
import { availableParallelism } from 'node:os';
import { AppError } from '../../../shared/errors.ts';
import { deviceNames } from '../../../shared/devices.ts';
import type { DeviceReport, DeviceId } from '../../../shared/devices.ts';
import { Trainer } from '../../trainer/trainer.ts';

/** A device that needs longer for three tiny steps is of no use. */
const testMs = 180_000;

/** Runs `work` with a trainer of its own, which is killed after `limitMs` or when `signal` aborts; `undefined` after the limit. */
export async function withTrainer<T>(
  work: (trainer: Trainer) => Promise<T>,
  limitMs: number,
  signal?: AbortSignal,
): Promise<T | undefined> {
  if (signal?.aborted === true) throw new AppError('cancelled', 'The test was cancelled.', 'Start it again when you want it.');
  const trainer = new Trainer();
  let late = false;
  const kill = (): void => trainer.kill();
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, limitMs);
  signal?.addEventListener('abort', kill);
  try {
    return await work(trainer);
  } catch (error) {
    if (late) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    await trainer.dispose();
  }
}

const digits = (deviation: number): string => (Number.isFinite(deviation) ? deviation.toExponential(1) : 'no number');

/** The report of a device after its self-test. Rejects only with `cancelled`, when `signal` aborts. */
export async function probeDevice(id: DeviceId, signal?: AbortSignal): Promise<DeviceReport> {
  const tested = new Date().toISOString();
  const report = (state: DeviceReport['state'], reason: string, more: Partial<DeviceReport> = {}): DeviceReport => ({
    id,
    state,
    reason,
    tested,
    ...more,
  });
  try {
    const found = await withTrainer(
      async (trainer) => trainer.run({ kind: 'self-test', device: id, threads: availableParallelism() }),
      testMs,
      signal,
    );
    if (!found) return report('failed', `Three tiny steps took longer than ${testMs / 60_000} minutes.`);
    const { deviation, passed, matmulRate, runtime, remark } = found;
    return passed
      ? report(
          'ready',
          `Three tiny steps agree with the float64 reference (deviation ${digits(deviation)}).${remark === undefined ? '' : ` ${remark}`}`,
          {
            deviation,
            matmulRate,
            runtime,
          },
        )
      : report('failed', `It does not compute right: three tiny steps deviate by ${digits(deviation)} from the float64 reference.`, {
          deviation,
          runtime,
        });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'cancelled') throw error;
    if (error.code === 'unsupported') return report('absent', `${error.message} ${error.hint}`);
    return report('failed', `${deviceNames[id]} could not be used. ${error.message}`);
  }
}
