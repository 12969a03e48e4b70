// Every device of this computer that computes right: a bare product, a training step of two sizes, compiling, memory beside its plan, and
// where the nodes of the step run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainConfig } from '../shared/config/config-table.ts';
import { parseConfig } from '../shared/config/config.ts';
import { deviceNames } from '../shared/devices.ts';
import type { DeviceId, DeviceReport, Precision, ReducedReport } from '../shared/devices.ts';
import { cardOf } from '../src-main/engine/devices/candidates.ts';
import { withMicroBatch } from '../src-main/engine/devices/chosen-device.ts';
import { Devices } from '../src-main/engine/devices/devices.ts';
import { graphicsCards } from '../src-main/engine/devices/graphics-cards.ts';
import { offerTensorflow } from '../src-main/engine/devices/install-tensorflow.ts';
import { withTrainer } from '../src-main/engine/devices/probe-device.ts';
import { homeAt } from '../src-main/engine/home.ts';
import { accumulate } from '../src-main/jepa/step.ts';
import { findTensorflow } from '../src-main/runtime/tensorflow-library.ts';
import { trialSteps } from '../src-main/trainer/protocol.ts';
import { memoryPlan } from '../src-main/training/plan/memory-plan.ts';
import { stepSize } from '../src-main/training/plan/step-size.ts';
import { cardMemoryRow, withCardMemory } from './card-memory.ts';
import { firstStepOn, firstStepRow } from './first-step.ts';
import { operationsOf } from './operations.ts';
import { placementOn, placementRows } from './placement.ts';
import type { Row, Tell } from './row.ts';
import { benchConfig, smallestConfig } from './shape.ts';
import { torchRows } from './torch.ts';
import type { TimedStep } from './torch.ts';

/** A device that takes longer for six steps is said to be far too slow. */
const limitMs = 600_000;

type NamedConfig = readonly [name: string, config: TrainConfig];

const smallest = (threads: number): NamedConfig => ['two blocks of width 24', smallestConfig(threads)];

/** A card is not busy with a batch that is large for a processor. */
const sizes = (threads: number, quick: boolean, onCard: boolean): readonly NamedConfig[] => {
  const small = benchConfig(0, threads);
  const base = (batchSize: number): TrainConfig => parseConfig({ ...small, architecture: 'base', batchSize });
  const first: NamedConfig = ['ViT-S/16, batch 16', small];
  if (quick) return [first];
  return [first, ['ViT-B/16, batch 8', base(8)], ...(onCard ? ([['ViT-B/16, batch 128', base(128)]] as const) : [])];
};

/** Operations of a step: those of its micro-batches. */
function stepOperations(config: TrainConfig): number {
  const size = stepSize(config);
  return (operationsOf(Object.values(accumulate(size, config))) * size.batch) / size.microBatch;
}

/** Whether steps would take too long even if they were bare products. */
const isTooSlow = (config: TrainConfig, matmulRate: number): boolean => (trialSteps * stepOperations(config)) / matmulRate / 1e6 > limitMs;

const tooSlow = `more than ${limitMs / 60_000} minutes for ${trialSteps} steps`;

/** Free bytes of a card, as far as the system tells. */
type FreeMemory = () => Promise<number | undefined>;

const untold: FreeMemory = async () => Promise.resolve(undefined);

/** In reduced precision only the step is another one. `free` is of the card that it computes on, if it does. */
async function stepRows(
  device: DeviceId,
  name: string,
  config: TrainConfig,
  matmulRate: number,
  free: FreeMemory,
): Promise<{ readonly rows: readonly Row[]; readonly seconds?: number }> {
  const isFull = config.precision === 'float32';
  const title = `${deviceNames[device]}: ${name}`;
  if (isTooSlow(config, matmulRate)) return { rows: [{ name: title, value: `${tooSlow}, by its bare product` }] };
  const job = { kind: 'trial', config, threads: config.threads, device, embedding: isFull } as const;
  const made = async () => withTrainer(async (trainer) => trainer.run(job), limitMs).catch((error: unknown) => String(error));
  const { result: found, taken } = await withCardMemory(free, made);
  if (found === undefined || typeof found === 'string') return { rows: [{ name: title, value: found ?? tooSlow }] };
  const { seconds, outsideShare, compileSeconds, peakBytes, embedding } = found;
  const share = stepOperations(config) / seconds / 1e9 / matmulRate;
  const plan = memoryPlan(config).total;
  const goal = device === 'cpu' ? '≥ 85 %' : '≥ 60 %';
  const rows = [
    { name: title, value: `${seconds.toPrecision(3)} s a step, ${(config.batchSize / seconds).toPrecision(3)} images/s`, figure: seconds },
    { name: `${title}, share of the bare product`, value: `${(100 * share).toFixed(0)} %`, goal, figure: share },
    {
      name: `${title}, time outside of the device's calls`,
      value: `${(100 * outsideShare).toFixed(1)} %`,
      goal: '< 5 %',
      figure: outsideShare,
    },
    ...(embedding
      ? [
          {
            name: `${title}, embedding`,
            value: `${embedding.rate.toPrecision(3)} images/s${embedding.device === device ? '' : ', on the processor'}`,
            figure: embedding.rate,
          },
        ]
      : []),
    { name: `${title}, until it is compiled`, value: `${compileSeconds.toFixed(1)} s`, goal: '< 6 s for ViT-B', figure: compileSeconds },
    ...(device === 'cpu'
      ? [
          {
            name: `${title}, peak memory over its plan`,
            value: `${(peakBytes / 2 ** 30).toFixed(2)} GiB, ${(peakBytes / plan).toFixed(2)} ×`,
            goal: '0.85–1.15',
            figure: peakBytes / plan,
          },
        ]
      : []),
    ...(taken === undefined ? [] : [cardMemoryRow(title, config, taken)]),
  ];
  return { rows, seconds };
}

/** Of the step that is timed first, with the micro-batch that fits the device, unless that would take too long. */
async function firstStepOf(device: DeviceId, [name, config]: NamedConfig, matmulRate: number): Promise<readonly Row[]> {
  if (isTooSlow(config, matmulRate)) return [];
  const title = `${deviceNames[device]}: ${name}`;
  try {
    return [firstStepRow(title, await firstStepOn(device, config, limitMs))];
  } catch (error) {
    return [
      { name: `${title}, until the first step is done`, value: `not known: ${error instanceof Error ? error.message : String(error)}` },
    ];
  }
}

/** Of the step that is timed first, as it is timed, or of the smallest where that one would take too long. */
async function placementOf(device: DeviceId, [name, config]: NamedConfig, matmulRate: number): Promise<readonly Row[]> {
  const title = (of: string): string => `${deviceNames[device]}: ${of}`;
  const failed = (of: string, why: string): Row[] => [{ name: `${title(of)}, where its nodes ran`, value: `no profile: ${why}` }];
  if (device === 'tensorflow') return failed(name, 'onnxruntime takes no part in it');
  const [of, profiled] = isTooSlow(config, matmulRate) ? smallest(config.threads) : [name, config];
  try {
    return placementRows(title(of), device, await placementOn(device, profiled, limitMs));
  } catch (error) {
    return failed(of, error instanceof Error ? error.message : String(error));
  }
}

const reducedText = ({ reason, matmulRate, matmulSide }: ReducedReport): string =>
  `${reason}${matmulRate === undefined ? '' : ` ${matmulRate.toPrecision(3)} GFLOP/s in bare products of ${matmulSide}³.`}`;

/**
 * What is tested: all that could use a card, and TensorFlow wherever it is installed. Where it finds no card runs on `auto` do not look at
 * it; here it shows what it makes of the processor.
 */
export const devicesToTest = (there: readonly DeviceReport[], hasTensorflow: boolean): readonly DeviceId[] => [
  ...new Set([...there.filter(({ state }) => state !== 'absent').map(({ id }) => id), ...(hasTensorflow ? (['tensorflow'] as const) : [])]),
];

function hasTensorflow(): boolean {
  // Where the app has installed it, unless the environment names a place.
  offerTensorflow(homeAt());
  try {
    findTensorflow();
    return true;
  } catch {
    return false;
  }
}

/** PyTorch's steps that are timed, after one that is not: ours are timed by as few. */
const torchRounds = 5;

export interface DevicesOptions {
  readonly threads: number;
  readonly rounds: number;
  /** Whether torch.compile is measured too. */
  readonly compiled: boolean;
}

export async function benchDevices({ threads, rounds, compiled }: DevicesOptions, quick: boolean, tell: Tell): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ijepa-bench-devices-'));
  try {
    const devices = new Devices(homeAt(folder));
    const reports = await devices.test(devicesToTest((await devices.list()).devices, hasTensorflow()));
    const ours: TimedStep[] = [];
    for (const { id, state, reason, matmulRate, matmulSide, deviation, reduced, onProcessor } of reports) {
      if (state !== 'ready' || matmulRate === undefined) {
        tell([{ name: deviceNames[id], value: `${state}: ${reason}` }]);
        continue;
      }
      if (reduced) tell([{ name: `${deviceNames[id]}: ${reduced.precision}`, value: reducedText(reduced) }]);
      tell([
        {
          name: `${deviceNames[id]}: bare products of ${matmulSide}³`,
          value: `${matmulRate.toPrecision(3)} GFLOP/s; self-test deviates by ${deviation!.toExponential(1)}`,
          figure: matmulRate,
        },
      ]);
      const onCard = id !== 'cpu' && onProcessor !== true;
      const free = onCard ? async () => cardOf(id, await graphicsCards())?.memoryFree : untold;
      const timed: NamedConfig[] = [];
      for (const [of, config] of sizes(threads, quick, onCard)) {
        const fitted = withMicroBatch(config, await devices.microBatch(id, config));
        timed.push([of, fitted]);
        const time = async (name: string, precision: Precision, rate: number): Promise<void> => {
          const found = await stepRows(id, name, { ...fitted, precision }, rate, free);
          tell(found.rows);
          if (found.seconds !== undefined) ours.push({ name: deviceNames[id], of, precision, onCard, seconds: found.seconds });
        };
        await time(of, 'float32', matmulRate);
        if (reduced?.works !== true) continue;
        const { precision, matmulRate: rate = matmulRate } = reduced;
        await time(`${of} in ${precision}`, precision, rate);
      }
      tell(await firstStepOf(id, timed[0]!, matmulRate));
      tell(await placementOf(id, timed[0]!, matmulRate));
    }
    await torchRows((onCard) => sizes(threads, quick, onCard), ours, { rounds: Math.min(rounds, torchRounds), compiled }, tell);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
