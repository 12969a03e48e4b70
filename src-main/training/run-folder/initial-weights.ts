// The weights of another run's checkpoint as the first state of a new run.
import { isDeepStrictEqual } from 'node:util';
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { AppError } from '../../../shared/errors.ts';
import { SafetensorsFile } from '../../formats/safetensors.ts';
import { interpolatePositions } from '../../jepa/interpolate-positions.ts';
import { modelSize, targetParameters, trainedParameters } from '../../jepa/model.ts';
import type { ModelSize } from '../../jepa/model.ts';
import { readCheckpointHeader } from './checkpoint.ts';
import { initialState } from './state.ts';
import type { TrainState } from './state.ts';

/** What must be the same for weights to fit, by its name in the settings. Positions fit any grid: they are computed or interpolated. */
function shapeOf({ encoder, predictor, patchSize, positions, stem }: ModelSize, withPredictor: boolean): Record<string, number | string> {
  return {
    patchSize,
    width: encoder.width,
    depth: encoder.depth,
    heads: encoder.heads,
    'hidden width': encoder.hidden,
    positions: positions ?? 'sine-cosine',
    stem: stem ?? 'linear',
    ...(withPredictor && { predictorWidth: predictor.width, predictorDepth: predictor.depth, predictorHeads: predictor.heads }),
  };
}

function requireSameShape(there: ModelSize, here: ModelSize, withPredictor: boolean): void {
  const [given, wanted] = [shapeOf(there, withPredictor), shapeOf(here, withPredictor)];
  const differ = Object.keys(wanted).filter((key) => given[key] !== wanted[key]);
  if (differ.length === 0) return;
  throw new AppError(
    'bad-config',
    `These weights do not fit the new run: ${differ.map((key) => `${key} is ${given[key]} there and ${wanted[key]} here`).join(', ')}.`,
    'Take the sizes of the run that the weights come from, or start without its weights.',
  );
}

const fits = (file: SafetensorsFile, config: TrainConfig): void =>
  requireSameShape(
    modelSize(readCheckpointHeader(file.path).config),
    modelSize(config),
    [...file.tensors.keys()].some((name) => name.startsWith('predictor.')),
  );

/** Throws `bad-config` with what differs when the networks of a checkpoint are not those of the settings; reads the header alone. */
export function requireFitting(checkpoint: string, config: TrainConfig): void {
  const file = new SafetensorsFile(checkpoint);
  try {
    fits(file, config);
  } finally {
    file.dispose();
  }
}

/**
 * The state before the first step with the weights of a checkpoint: encoder, target and predictor; moments and step begin anew. Of
 * imported weights without a predictor its part is that of a new run, and of those with one encoder it serves as both. Learned positions
 * are interpolated where the grid differs. Throws
 * `bad-config` with what differs when the networks are not of the same shape, `bad-checkpoint` for a damaged file.
 */
export function stateFrom(checkpoint: string, config: TrainConfig): TrainState {
  const size = modelSize(config);
  const file = new SafetensorsFile(checkpoint);
  try {
    fits(file, config);
    file.verify();
    const there = modelSize(readCheckpointHeader(checkpoint).config);
    const sameProjector = isDeepStrictEqual(there.projector, size.projector);
    const state = initialState(config);
    for (const { name, shape } of [...trainedParameters(size), ...targetParameters(size)]) {
      const source = sourceOf(file, name);
      // A projector serves its own run's losses: one of another size begins anew.
      if (source === undefined || (name.startsWith('projector.') && !sameProjector)) continue;
      state.tensors[name] = name.endsWith('.positions')
        ? interpolatePositions(file.readFloat32(source, [there.grid ** 2, there.encoder.width]), there.grid, size.grid, size.encoder.width)
        : file.readFloat32(source, shape);
    }
    return state;
  } finally {
    file.dispose();
  }
}

/** The name under which a file has a weight: its own, or that of the other encoder where there is one only. */
function sourceOf(file: SafetensorsFile, name: string): string | undefined {
  const twin = name.startsWith('contextEncoder.')
    ? name.replace('contextEncoder.', 'targetEncoder.')
    : name.replace('targetEncoder.', 'contextEncoder.');
  return [name, twin].find((one) => file.tensors.has(one));
}
