// Runs small enough for tests: a record, and batches that are a pure function of the step.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { cropsPerImage, parseConfig } from '../../../shared/config/config.ts';
import { Random } from '../../../shared/random.ts';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { RunControl } from '../run-control.ts';
import type { RunFolder, RunRecord } from '../run-folder/run-folder.ts';
import { initialState } from '../run-folder/state.ts';
import type { TrainState } from '../run-folder/state.ts';
import { train } from '../train.ts';
import type { TrainingBatches, TrainOptions } from '../train.ts';

export const smallSettings = {
  architecture: 'custom',
  width: 16,
  depth: 1,
  heads: 2,
  mlpRatio: 2,
  imageSize: 24,
  patchSize: 4,
  predictorWidth: 8,
  predictorDepth: 1,
  predictorHeads: 2,
  batchSize: 4,
  microBatch: 2,
  learningRate: 1e-3,
  sigregProjections: 8,
  checkpointMinutes: 0,
  evaluateImages: 0,
} as const;

/** What steps on devices are compared with: one pass of four images, on four by four patches. */
export const deviceSettings = { ...smallSettings, imageSize: 16, microBatch: 4 } as const;

export function smallRecord(settings: Readonly<Record<string, unknown>> = {}, steps = 8): RunRecord {
  return {
    version: 1,
    name: 'small-1',
    created: '2026-01-01T00:00:00.000Z',
    program: '0.0.0',
    folder: '/images',
    fingerprint: 'f'.repeat(64),
    images: 40,
    steps,
    threads: 1,
    config: parseConfig({ ...smallSettings, ...settings }),
  };
}

/** Normal patches of a step, [crops · batch, N, 3·P·P]. */
export function smallPatches(config: TrainConfig, step: number): Float32Array {
  const random = new Random(3, 'test', step);
  return Float32Array.from({ length: cropsPerImage(config) * config.batchSize * 3 * config.imageSize ** 2 }, () => random.normal());
}

export const smallBatches = (config: TrainConfig): TrainingBatches => ({
  next: async (step) => Promise.resolve({ patches: smallPatches(config, step), skipped: 0, waitedMs: 0 }),
});

export function copyOf(state: TrainState): TrainState {
  return { ...state, tensors: Object.fromEntries(Object.entries(state.tensors).map(([name, values]) => [name, values.slice()])) };
}

/** Trains to the end or until `onEvent` stops it; returns the state and all events. */
export async function trainSmall(
  folder: RunFolder,
  options: Partial<TrainOptions> = {},
  onEvent: (event: TrainEvent, control: RunControl) => void = () => {},
): Promise<{ readonly state: TrainState; readonly events: TrainEvent[] }> {
  const { config } = folder.record;
  const state = options.state ?? initialState(config);
  const control = options.control ?? new RunControl();
  const events: TrainEvent[] = [];
  for await (const event of train({ folder, batches: smallBatches(config), device: 'cpu', ...options, state, control })) {
    events.push(event);
    onEvent(event, control);
  }
  return { state, events };
}

/** Gives `work` a folder that is removed afterwards. */
export async function withTemporary<T>(work: (folder: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ijepa-training-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
