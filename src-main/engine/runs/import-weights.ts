// Weights of other programs become a run of their own, so that everything that works with a trained run works with them.
import { existsSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { defaultConfig, parseConfig } from '../../../shared/config/config.ts';
import type { ImportedWeights } from '../../../shared/config/origin.ts';
import { isOfKind } from '../../../shared/contract/file-kinds.ts';
import { programVersion } from '../../../shared/version.ts';
import { encoderParameters } from '../../jepa/model.ts';
import type { Weights } from '../../jepa/model.ts';
import { saveImportedWeights } from '../../training/run-folder/checkpoint.ts';
import { removeCutImport, RunFolder } from '../../training/run-folder/run-folder.ts';
import type { RunRecord } from '../../training/run-folder/run-folder.ts';
import type { ForeignWeights, ReadProgress } from '../../weights/foreign-weights.ts';
import { readForeignWeights } from '../../weights/read-foreign-weights.ts';
import { freshRunName, newRunPath } from '../home.ts';
import type { Home } from '../home.ts';
import { threadsOf } from '../threads.ts';

export interface Imported {
  readonly name: string;
  /** Folder of the run. */
  readonly run: string;
  readonly config: TrainConfig;
  /** Which of the file's encoders embeds from now on. */
  readonly encoder: 'target' | 'context';
  /** What a person should know, in sentences. */
  readonly notes: readonly string[];
}

/** Settings of a run with these sizes. Normalisation is the one of the training: ImageNet's unless the file states another. */
function configOf({ size, statistics, preprocessing }: ForeignWeights): TrainConfig {
  const { encoder, predictor, grid, patchSize } = size;
  return parseConfig({
    architecture: 'custom',
    width: encoder.width,
    depth: encoder.depth,
    heads: encoder.heads,
    mlpRatio: encoder.hidden / encoder.width,
    imageSize: grid * patchSize,
    patchSize,
    positions: size.positions,
    stem: size.stem ?? 'linear',
    predictorWidth: predictor.width,
    predictorDepth: predictor.depth,
    predictorHeads: predictor.heads,
    ...preprocessing,
    ...(statistics ? { normalisation: 'custom', ...statistics } : { normalisation: 'imagenet' }),
  });
}

/** Both encoders: where the file has one, the other is the same arrays. A predictor of a size that runs here cannot have is left out. */
function completed({ size, weights, encoder }: ForeignWeights): { readonly weights: Weights; readonly leftOut: boolean } {
  const leftOut = 'predictor.maskToken' in weights && size.predictor.hidden !== 4 * size.predictor.width;
  const kept: Weights = Object.fromEntries(Object.entries(weights).filter(([name]) => !(leftOut && name.startsWith('predictor.'))));
  const [from, to] = encoder === 'target' ? ['targetEncoder', 'contextEncoder'] : ['contextEncoder', 'targetEncoder'];
  for (const { name } of encoderParameters(size)) kept[`${to}.${name}`] ??= kept[`${from}.${name}`]!;
  return { weights: kept, leftOut };
}

/** What is kept of the file, as `completed` left it. */
function keptOf(read: ForeignWeights, kept: Weights, notes: readonly string[]): ImportedWeights {
  const both = read.encoder === 'target' && Object.keys(read.weights).some((name) => name.startsWith('contextEncoder.'));
  return { encoders: both ? 'both' : read.encoder, predictor: 'predictor.maskToken' in kept, notes };
}

/** How the file wants images prepared, where that is not what runs do by default. */
function preprocessingNotes({ preprocessing }: ForeignWeights): string[] {
  const unusual = Object.entries(preprocessing ?? {}).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(defaultConfig[key as keyof TrainConfig]),
  );
  return unusual.length === 0
    ? []
    : [`Images are prepared as the file states: ${unusual.map(([key, value]) => `${key} ${String(value)}`).join(', ')}.`];
}

function notesOf(read: ForeignWeights, leftOut: boolean): string[] {
  return [
    read.encoder === 'target'
      ? 'The target encoder embeds, as in the paper.'
      : 'This file holds the context encoder alone (the paper evaluates the target encoder); it embeds.',
    read.statistics
      ? `Images are normalised as the file states: mean ${read.statistics.mean.join(', ')}, deviation ${read.statistics.std.join(', ')}.`
      : 'Images are normalised by ImageNet’s statistics, as in the published training.',
    ...preprocessingNotes(read),
    ...(read.size.positions === 'learned' ? ['Its positions are not the published ones; they were taken over.'] : []),
    ...read.notes,
    ...(leftOut ? ['Its predictor was left out: its feed-forward part has another size than runs here have.'] : []),
  ];
}

/** The name of a file or folder without what says its kind. */
function plainName(path: string): string {
  let name = basename(resolve(path));
  while (isOfKind(name, 'weights')) name = name.slice(0, name.lastIndexOf('.'));
  return name;
}

export interface ImportOptions {
  readonly name?: string;
  readonly heads?: number;
  /** What else a person should know of where they come from, in sentences. */
  readonly notes?: readonly string[] | undefined;
  readonly onRead?: ReadProgress;
  /** Called when the run's folder is there and its weights are about to be written. */
  readonly onWrite?: (begun: BegunRun) => void;
}

/** A run whose weights are being written. */
export interface BegunRun {
  readonly path: string;
  /** Whether its folder was made for it. */
  readonly isNew: boolean;
  /** That its weights will take. */
  readonly bytes: number;
}

/** Removes what there is of a run whose import was given up; nobody may work on it any more. Of a folder that was there only the run goes. */
export function dropBegunRun({ path, isNew }: BegunRun): void {
  // Without its record it is no run.
  rmSync(join(path, 'config.json'), { force: true });
  if (isNew) return rmSync(path, { recursive: true, force: true });
  removeCutImport(path);
  rmSync(join(path, 'lock'), { force: true });
}

/**
 * Reads weights and makes a run of them with one checkpoint at step 0. `heads` is needed for sizes that were never published. Throws
 * `unsafe-file`, `bad-checkpoint`, `unsupported`, `bad-input` for a name that is taken, `bad-config` for sizes beyond the limits here.
 */
export function importWeights(home: Home, path: string, options: ImportOptions = {}): Imported {
  const read = readForeignWeights(path, options.heads, options.onRead);
  const config = configOf(read);
  const { weights, leftOut } = completed(read);
  const notes = [...notesOf(read, leftOut), ...(options.notes ?? [])];
  const name = options.name ?? freshRunName(home, plainName(path));
  const place = newRunPath(home, name);
  const record: RunRecord = {
    version: 1,
    name,
    created: new Date().toISOString(),
    program: programVersion,
    folder: resolve(path),
    fingerprint: '',
    images: 0,
    steps: 0,
    threads: threadsOf(0),
    config,
    imported: resolve(path),
    weights: keptOf(read, weights, notes),
  };
  const isNew = !existsSync(place);
  const folder = RunFolder.begin(place, record);
  const bytes = Object.values(weights).reduce((sum, { byteLength }) => sum + byteLength, 0);
  const begun: BegunRun = { path: folder.path, isNew, bytes };
  try {
    options.onWrite?.(begun);
    saveImportedWeights(folder.checkpointPath(0), weights, record);
    for (const note of notes) folder.say(note);
    // Last, so that no run lacks its weights where this is cut short.
    folder.keepRecord();
    return { name, run: folder.path, config, encoder: read.encoder, notes };
  } catch (error) {
    dropBegunRun(begun);
    throw error;
  } finally {
    folder.dispose();
  }
}
