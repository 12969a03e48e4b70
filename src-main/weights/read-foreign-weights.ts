// Finds out what kind of weights a path holds and reads them.
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { AppError, systemError } from '../../shared/errors.ts';
import { SafetensorsFile } from '../formats/safetensors.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import { TorchCheckpoint } from '../formats/torch-checkpoint.ts';
import { readAuthorsWeights } from './authors-weights.ts';
import type { AuthorsOptions } from './authors-weights.ts';
import { hasStem, isTriple } from './foreign-weights.ts';
import type { ForeignWeights, ReadProgress } from './foreign-weights.ts';
import { readHuggingFaceWeights } from './huggingface-weights.ts';
import { statedPreprocessing } from './stated-preprocessing.ts';
import type { Stated } from './stated-preprocessing.ts';

/** The weights of a Hugging Face folder need the config beside them. */
const isHuggingFace = (source: TensorSource): boolean =>
  // transformers names the weights of a model with a head on top `ijepa.…`.
  ['', 'ijepa.'].some((base) => hasStem(source, `${base}embeddings.patch_embeddings.projection`));

function firstBytes(path: string): Buffer {
  const handle = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(16);
    return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(handle);
  }
}

function kindOf(path: string): 'folder' | 'torch' | 'old-torch' | 'safetensors' {
  try {
    if (statSync(path).isDirectory()) return 'folder';
    const bytes = firstBytes(path);
    if (bytes.toString('latin1', 0, 4) === 'PK\x03\x04') return 'torch';
    // A bare pickle: what torch wrote before version 1.6.
    return bytes[0] === 0x80 && bytes[1]! <= 5 && bytes[2] !== 0 ? 'old-torch' : 'safetensors';
  } catch (error) {
    throw systemError(error) ?? error;
  }
}

/** What this program states in the metadata of the safetensors files that it exports. */
function ownMetadata({ path, metadata }: SafetensorsFile): AuthorsOptions {
  const [heads, predictorHeads] = ['heads', 'predictor_heads'].map((key) => Number(metadata[key])) as [number, number];
  const [mean, std] = ['mean', 'std'].map((key) => metadata[key]?.split(',').map(Number));
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value > 0;
  return {
    ...(isCount(heads) && { heads }),
    ...(isCount(predictorHeads) && { predictorHeads }),
    ...(isTriple(mean) && isTriple(std) && { statistics: { mean, std } }),
    // Other programs may write a key of this name too.
    ...(metadata['program']?.startsWith('ijepa-studio ') && preprocessingIn(path, metadata['preprocessing'])),
  };
}

function preprocessingIn(path: string, text: string | undefined): Partial<Stated> {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Refused as what it is: no object.
    value = text;
  }
  return statedPreprocessing(path, value);
}

/**
 * Reads a `.pth.tar` of the authors, a safetensors file with their names, or a Hugging Face folder. `heads` is needed for sizes that were
 * never published. Throws `not-found`, `unsafe-file`, `bad-checkpoint`, `bad-input`, `unsupported`.
 */
export function readForeignWeights(path: string, heads?: number, onRead?: ReadProgress): ForeignWeights {
  const given = heads === undefined ? {} : { heads };
  const kind = kindOf(path);
  switch (kind) {
    case 'folder':
      if (!existsSync(join(path, 'config.json')))
        throw new AppError(
          'bad-input',
          `${path} is no Hugging Face folder: it has no config.json.`,
          'Give the folder with config.json and model.safetensors in it, or a .pth.tar file of the authors’ code.',
        );
      return readHuggingFaceWeights(path, onRead);
    case 'old-torch':
      throw new AppError(
        'unsupported',
        `${path} is in the format of torch before 1.6.`,
        'Load it once with a newer torch and save it again, or get the weights as safetensors.',
      );
    case 'torch':
    case 'safetensors': {
      const source = kind === 'torch' ? new TorchCheckpoint(path) : new SafetensorsFile(path);
      try {
        if (isHuggingFace(source)) return readHuggingFaceWeights(dirname(path), onRead);
        return readAuthorsWeights(source, { ...(source instanceof SafetensorsFile && ownMetadata(source)), ...given }, onRead);
      } finally {
        source.dispose();
      }
    }
  }
}
