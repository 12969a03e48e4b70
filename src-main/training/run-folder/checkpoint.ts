// A checkpoint holds everything that a run needs to go on as if it had never stopped: weights, target, moments, step, seed, settings,
// thread count and the fingerprint of the images. It is a safetensors file, so that other programs can read the weights.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import { AppError } from '../../../shared/errors.ts';
import { SafetensorsFile, writeSafetensors } from '../../formats/safetensors.ts';
import { encoderParameters, modelSize } from '../../jepa/model.ts';
import { listCheckpoints } from './run-folder.ts';
import type { RunRecord } from './run-folder.ts';
import { isFiniteState, stateTensors } from './state.ts';
import type { TrainState } from './state.ts';

const format = 'ijepa-studio-checkpoint-1';

export interface CheckpointHeader {
  readonly step: number;
  readonly config: TrainConfig;
  readonly threads: number;
  readonly fingerprint: string;
  readonly run: string;
  /** Of a paper-exact run that has been compiled; see `TrainState`. */
  readonly contextTokens?: number;
}

/**
 * Writes a state aside and renames it. Throws `disk-full` with the earlier checkpoints intact, and `non-finite` for weights that
 * have overflowed: a checkpoint of them would push out one that is worth going on from.
 */
export function saveCheckpoint(path: string, state: TrainState, record: RunRecord): void {
  if (!isFiniteState(state)) {
    throw new AppError(
      'non-finite',
      `The weights of step ${state.step} are not finite.`,
      'Resume an earlier checkpoint in a new run with a lower learning rate.',
    );
  }
  const tensors = stateTensors(modelSize(record.config)).map(({ name, shape }) => ({ name, shape, data: state.tensors[name]! }));
  const { contextTokens } = state;
  writeSafetensors(path, tensors, {
    ...metadataOf(state.step, record),
    ...(contextTokens !== undefined && { contextTokens: String(contextTokens) }),
  });
}

function metadataOf(step: number, { config, threads, fingerprint, name, program }: RunRecord): Record<string, string> {
  return {
    format,
    step: String(step),
    seed: String(config.seed),
    config: JSON.stringify(config),
    threads: String(threads),
    fingerprint,
    run: name,
    program,
  };
}

/**
 * Writes imported weights as a checkpoint of step 0: as many networks as there are, and no moments, so that it embeds and is exported
 * but is no state that training could go on from. Throws `non-finite`, `disk-full`.
 */
export function saveImportedWeights(path: string, weights: Readonly<Record<string, Float32Array>>, record: RunRecord): void {
  if (!isFiniteState({ step: 0, tensors: weights })) {
    throw new AppError('non-finite', 'These weights hold values that are not numbers.', 'Get them again, or use an earlier checkpoint.');
  }
  const tensors = stateTensors(modelSize(record.config)).filter(({ name }) => name in weights);
  writeSafetensors(
    path,
    tensors.map(({ name, shape }) => ({ name, shape, data: weights[name]! })),
    metadataOf(0, record),
  );
}

const wholeNumber = (text: string | undefined): number => {
  if (text === undefined || !/^\d{1,15}$/.test(text)) throw new RangeError(`${text} is no whole number`);
  return Number(text);
};

function headerOf(file: SafetensorsFile): CheckpointHeader {
  const { metadata } = file;
  if (metadata['format'] !== format) {
    throw new AppError(
      'bad-checkpoint',
      `${file.path} is no checkpoint of this program.`,
      'Give a file from the checkpoints folder of a run, or import foreign weights.',
    );
  }
  try {
    return {
      step: wholeNumber(metadata['step']),
      config: parseConfig(JSON.parse(metadata['config'] ?? '') as Record<string, unknown>),
      threads: wholeNumber(metadata['threads']),
      fingerprint: metadata['fingerprint'] ?? '',
      run: metadata['run'] ?? '',
      ...(metadata['contextTokens'] !== undefined && { contextTokens: wholeNumber(metadata['contextTokens']) }),
    };
  } catch (error) {
    throw new AppError('bad-checkpoint', `The header of ${file.path} is damaged.`, 'Use another checkpoint of the run.', error);
  }
}

function withFile<T>(path: string, use: (file: SafetensorsFile) => T): T {
  const file = new SafetensorsFile(path);
  try {
    return use(file);
  } finally {
    file.dispose();
  }
}

/** Reads the header alone. Throws `bad-checkpoint` for anything that is no checkpoint of ours. */
export const readCheckpointHeader = (path: string): CheckpointHeader => withFile(path, headerOf);

/** Throws `bad-checkpoint` unless the checksum is there and right. */
function requireVerified(file: SafetensorsFile): void {
  if (!file.verify()) throw new AppError('bad-checkpoint', `${file.path} has lost its checksum.`, 'Use another checkpoint of the run.');
}

/** Reads and verifies a whole state. Throws `bad-checkpoint` when it is cut, damaged, or of another shape than its settings say. */
export function loadCheckpoint(path: string): { readonly header: CheckpointHeader; readonly state: TrainState } {
  return withFile(path, (file) => {
    const header = headerOf(file);
    requireVerified(file);
    const tensors: Record<string, Float32Array> = {};
    for (const { name, shape } of stateTensors(modelSize(header.config))) tensors[name] = file.readFloat32(name, shape);
    const { step, contextTokens } = header;
    return { header, state: { step, tensors, ...(contextTokens !== undefined && { contextTokens }) } };
  });
}

/** Reads the encoder that embeds, `targetEncoder.*`, and verifies the file. */
export function loadTargetEncoder(path: string): { readonly header: CheckpointHeader; readonly weights: Record<string, Float32Array> } {
  return withFile(path, (file) => {
    const header = headerOf(file);
    requireVerified(file);
    const specs = encoderParameters(modelSize(header.config));
    return {
      header,
      weights: Object.fromEntries(
        specs.map(({ name, shape }) => [`targetEncoder.${name}`, file.readFloat32(`targetEncoder.${name}`, shape)]),
      ),
    };
  });
}

export const allDamaged = (run: string, checkpoints: number): AppError =>
  new AppError(
    'bad-checkpoint',
    `No checkpoint of what the run in ${run} has learned can be read: ${checkpoints === 1 ? 'one is' : `${checkpoints} are`} damaged.`,
    'Restore its checkpoints folder from a backup, or start a new run.',
  );

/**
 * The newest checkpoint of a run that is whole; damaged ones are passed over and named. Undefined when there is none yet. Throws
 * `bad-checkpoint` when all are damaged: to begin again would overwrite what the run has logged.
 */
export function latestCheckpoint(
  run: string,
):
  | { readonly header: CheckpointHeader; readonly state: TrainState; readonly file: string; readonly damaged: readonly string[] }
  | undefined {
  const damaged: string[] = [];
  for (const { file } of listCheckpoints(run).toReversed()) {
    try {
      return { ...loadCheckpoint(file), file, damaged };
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'bad-checkpoint') throw error;
      damaged.push(file);
    }
  }
  if (damaged.length > 0) throw allDamaged(run, damaged.length);
  return undefined;
}
