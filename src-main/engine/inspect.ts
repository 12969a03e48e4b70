// Looks at what there is, without locks, so that it works beside a running engine.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import type { OnlineEvaluation, TrainEvent } from '../../shared/train-events.ts';
import { SafetensorsFile } from '../formats/safetensors.ts';
import { judgedSince } from '../training/judging/health.ts';
import { readCheckpointHeader } from '../training/run-folder/checkpoint.ts';
import type { CheckpointHeader } from '../training/run-folder/checkpoint.ts';
import { listCheckpoints, readRecord } from '../training/run-folder/run-folder.ts';
import type { RunRecord, StoredCheckpoint } from '../training/run-folder/run-folder.ts';
import { readEvents } from '../training/run-folder/run-log.ts';
import { runNames } from './home.ts';
import type { Home } from './home.ts';

function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder, { recursive: true, withFileTypes: true }).reduce(
    (bytes, one) => (one.isFile() ? bytes + (statSync(join(one.parentPath, one.name), { throwIfNoEntry: false })?.size ?? 0) : bytes),
    0,
  );
}

export interface RunSummary {
  readonly name: string;
  readonly folder: string;
  readonly images: number;
  readonly step: number;
  readonly steps: number;
}

export interface HomeSummary {
  /** Runs whose record cannot be read, with what is wrong. */
  readonly damaged: readonly { readonly name: string; readonly problem: string }[];
  readonly cacheBytes: number;
  readonly embeddingBytes: number;
  readonly runBytes: number;
  readonly runs: readonly RunSummary[];
}

export function describeHome(home: Home): HomeSummary {
  const runs: RunSummary[] = [];
  const damaged: { name: string; problem: string }[] = [];
  for (const name of runNames(home)) {
    const run = join(home.runs, name);
    try {
      const { folder, images, steps } = readRecord(run);
      runs.push({ name, folder, images, steps, step: listCheckpoints(run).at(-1)?.step ?? 0 });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      damaged.push({ name, problem: error.message });
    }
  }
  return {
    runs,
    damaged,
    cacheBytes: bytesBelow(home.cache),
    embeddingBytes: bytesBelow(home.embeddings),
    runBytes: bytesBelow(home.runs),
  };
}

export interface RunDescription {
  readonly record: RunRecord;
  readonly step: number;
  /** With all that comes after the last step: its evaluation may have been given up. */
  readonly hasEnded: boolean;
  readonly best: number | undefined;
  readonly checkpoints: readonly StoredCheckpoint[];
  readonly evaluations: readonly OnlineEvaluation[];
  readonly baselines: Baselines | undefined;
  /** Step from which on other images judge than before. */
  readonly judgedSince: number | undefined;
}

/** What the untrained network, raw pixels and the weights that it began with reach. */
export type Baselines = Pick<Extract<TrainEvent, { type: 'baselines' }>, 'untrained' | 'pixels' | 'origin'>;

export function describeRun(run: string): RunDescription | undefined {
  if (!existsSync(join(run, 'config.json'))) return undefined;
  const evaluations = [...readEvents(run, 'evaluation')];
  const checkpoints = listCheckpoints(run);
  const end = [...readEvents(run, 'started', 'finished')].at(-1);
  return {
    record: readRecord(run),
    step: checkpoints.at(-1)?.step ?? 0,
    hasEnded: end?.type === 'finished' && end.reason === 'done',
    best: evaluations.findLast(({ best }) => best)?.step,
    checkpoints,
    evaluations,
    baselines: [...readEvents(run, 'baselines')].at(-1),
    judgedSince: judgedSince([...readEvents(run, 'note')]),
  };
}

export interface CheckpointDescription {
  readonly kind: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly checksum: 'right' | 'none';
  readonly header: CheckpointHeader | undefined;
}

/** Reads and verifies a safetensors file. Throws `bad-checkpoint` when it is damaged or something else. */
export function describeCheckpoint(path: string): CheckpointDescription {
  const file = new SafetensorsFile(path);
  try {
    const checksum = file.verify() ? 'right' : 'none';
    const parameters = [...file.tensors.values()].reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0);
    let header: CheckpointHeader | undefined;
    try {
      header = readCheckpointHeader(path);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
    return {
      kind: header ? 'checkpoint' : 'safetensors file of another program',
      tensors: file.tensors.size,
      parameters,
      bytes: statSync(path).size,
      checksum,
      header,
    };
  } finally {
    file.dispose();
  }
}
