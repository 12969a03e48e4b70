// Tests one device in a process of its own: it may compute wrong, crash, or not answer, and none of that reaches the engine.
import { availableParallelism } from 'node:os';
import { deviceNames, reducedPrecisions } from '../../../shared/devices.ts';
import type { DeviceId, DeviceReport, Precision, ReducedReport } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { howToGetLibdevice } from '../../../shared/tensorflow-requirements.ts';
import { howToInstall } from '../../../shared/tensorflow.ts';
import type { SelfTestResult } from '../../trainer/protocol.ts';
import { Trainer, TrainerKilled } from '../../trainer/trainer.ts';
import { fitTensorflow, testAgain, updateDriver } from './candidates.ts';

/** A device that needs longer for three tiny steps is of no use. */
const testMs = 180_000;

/**
 * Runs `work` with a trainer of its own, which is killed after `limitMs` or when `signal` aborts; `undefined` after the limit, seconds later
 * where a driver holds the process in the kernel.
 */
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

type SelfTest = (device: DeviceId, precision: Precision, signal?: AbortSignal) => Promise<SelfTestResult | undefined>;

/** With `free` bytes of the device's memory, where the system tells. */
export const selfTestWithin =
  (free?: number): SelfTest =>
  async (device, precision, signal) => {
    const job = { kind: 'self-test', device, precision, threads: availableParallelism(), ...(free !== undefined && { free }) } as const;
    return withTrainer(async (trainer) => trainer.run(job), testMs, signal);
  };

/** The same in reduced precision, in another process: what fails there takes nothing from a device that computes right in float32. */
async function probePrecision(id: DeviceId, precision: Precision, test: SelfTest, signal?: AbortSignal): Promise<ReducedReport> {
  const fails = (reason: string): ReducedReport => ({ precision, works: false, reason });
  try {
    const found = await test(id, precision, signal);
    if (!found) return fails(`In ${precision} three tiny steps took longer than ${testMs / 60_000} minutes.`);
    const { deviation, passed, matmulRate, matmulSide } = found;
    const by = `${digits(deviation)} (2e-2 is allowed)`;
    return passed
      ? { precision, works: true, reason: `It computes in ${precision} too, with a deviation of ${by}.`, matmulRate, matmulSide }
      : fails(`It is not used in ${precision}: three tiny steps and sums of 4,096 products deviate by ${by}.`);
  } catch (error) {
    if (!(error instanceof AppError) || error.code === 'cancelled') throw error;
    // As onnxruntime says of a driver without the feature shader-f16.
    if (/does not support it|shader-f16/.test(error.message)) return fails(`The card or its driver has no ${precision}.`);
    return fails(`It could not be used in ${precision}. ${error.message}`);
  }
}

const closeOthers = 'The system may have run out of memory: close other programs.';

/** What a person can do about a device that has failed its test, as a sentence; what errors say of runs and their checkpoints does not fit. */
function afterFailure(id: DeviceId, error?: AppError): string {
  if (error?.hint === howToInstall) return howToInstall;
  if (error?.code === 'out-of-memory')
    return `Close ${id === 'cpu' ? 'other programs' : 'what else uses the graphics card'}, then ${testAgain}`;
  if (id === 'cpu') return 'Please report it with the versions in Settings (in a terminal: ijepa-studio doctor).';
  if (id !== 'tensorflow') return updateDriver;
  return /libdevice/.test(error?.message ?? '') ? `It lacks the compiler of CUDA: ${howToGetLibdevice}` : fitTensorflow;
}

/** The report of a device after its self-test. Rejects only with `cancelled`, when `signal` aborts. */
export async function probeDevice(id: DeviceId, signal?: AbortSignal, test: SelfTest = selfTestWithin()): Promise<DeviceReport> {
  const tested = new Date().toISOString();
  const report = (state: DeviceReport['state'], reason: string, more: Partial<DeviceReport> = {}): DeviceReport => ({
    id,
    state,
    reason,
    tested,
    ...more,
  });
  try {
    const found = await test(id, 'float32', signal);
    if (!found) return report('failed', `Three tiny steps took longer than ${testMs / 60_000} minutes. ${afterFailure(id)}`);
    const { deviation, passed, matmulRate, matmulSide, runtime, remark } = found;
    if (!passed)
      return report(
        'failed',
        `It does not compute right: three tiny steps deviate by ${digits(deviation)} from the float64 reference. ${afterFailure(id)}`,
        { deviation, runtime },
      );
    // It says why it uses no card.
    const onProcessor = remark !== undefined;
    const more = onProcessor ? ` ${remark} Have it tested again when that has changed.` : '';
    const precision = reducedPrecisions[id];
    return report('ready', `Three tiny steps agree with the float64 reference (deviation ${digits(deviation)}).${more}`, {
      deviation,
      matmulRate,
      matmulSide,
      runtime,
      ...(onProcessor && { onProcessor }),
      ...(precision && { reduced: await probePrecision(id, precision, test, signal) }),
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'cancelled') throw error;
    // The next run tests it again.
    if (error instanceof TrainerKilled)
      return report('untested', `${deviceNames[id]} could not be tested. ${error.message} ${closeOthers}`);
    if (error.code === 'unsupported') return report('absent', `${error.message} ${error.hint}`);
    return report('failed', `${deviceNames[id]} could not be used. ${error.message} ${afterFailure(id, error)}`);
  }
}
