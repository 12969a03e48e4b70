// The weights of a Hugging Face folder: `model.safetensors`, or several files with an index of which tensor lies in which.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AppError } from '../../shared/errors.ts';
import { SafetensorsFile } from './safetensors.ts';
import type { StoredTensor } from './safetensors.ts';
import type { TensorSource } from './tensor-source.ts';

const single = 'model.safetensors';
const index = 'model.safetensors.index.json';
const largestIndex = 100_000_000;

function damaged(path: string, problem: string, cause?: unknown): AppError {
  return new AppError(
    'bad-checkpoint',
    `${path} cannot be used: ${problem}.`,
    'Copy or download the folder again, with all of its files.',
    cause,
  );
}

/** Tensor → name of its file. A name that leaves the folder is refused. */
function readIndex(path: string): ReadonlyMap<string, string> {
  if (statSync(path).size > largestIndex) throw damaged(path, 'it is far too large for an index');
  let map: unknown;
  try {
    map = (JSON.parse(readFileSync(path, 'utf8')) as { weight_map?: unknown } | null)?.weight_map;
  } catch (error) {
    throw damaged(path, 'it is no JSON', error);
  }
  if (typeof map !== 'object' || map === null || Object.keys(map).length === 0) throw damaged(path, 'it has no table of weights');
  const files = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    if (typeof file !== 'string') throw damaged(path, `the place of '${name}' is no file name`);
    if (file !== basename(file) || file.includes('\\') || file === '..')
      throw new AppError('unsafe-file', `${path} points to a file outside of its folder.`, 'Get the folder from its authors again.');
    files.set(name, file);
  }
  return files;
}

export class SafetensorsFolder implements TensorSource {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly #fileOf = new Map<string, SafetensorsFile>();
  readonly #open = new Map<string, SafetensorsFile>();

  /** Throws `not-found` without weights, `bad-checkpoint`, `unsafe-file`. */
  constructor(path: string) {
    this.path = path;
    try {
      if (existsSync(join(path, single))) {
        const file = this.#file(single);
        for (const name of file.tensors.keys()) this.#fileOf.set(name, file);
      } else if (existsSync(join(path, index))) {
        for (const [name, file] of readIndex(join(path, index))) this.#fileOf.set(name, this.#file(file));
      } else {
        throw new AppError(
          'not-found',
          `There is no ${single} in ${path}.`,
          'Give the folder that holds config.json and model.safetensors.',
        );
      }
      this.tensors = new Map([...this.#fileOf].map(([name, file]) => [name, this.#tensor(file, name)]));
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  #file(name: string): SafetensorsFile {
    let file = this.#open.get(name);
    if (!file) {
      file = new SafetensorsFile(join(this.path, name));
      this.#open.set(name, file);
    }
    return file;
  }

  #tensor(file: SafetensorsFile, name: string): StoredTensor {
    const tensor = file.tensors.get(name);
    if (!tensor) throw damaged(file.path, `it lacks '${name}', which the index promises`);
    return tensor;
  }

  readFloat32(name: string, shape?: readonly number[]): Float32Array<ArrayBuffer> {
    const file = this.#fileOf.get(name);
    if (!file) throw damaged(this.path, `it has no tensor '${name}'`);
    return file.readFloat32(name, shape);
  }

  dispose(): void {
    for (const file of this.#open.values()) file.dispose();
  }
}
