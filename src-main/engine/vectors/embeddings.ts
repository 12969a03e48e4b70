// Embeds a folder with a checkpoint, and finds the store that holds a checkpoint's vectors.
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import type { DeviceId } from '../../../shared/devices.ts';
import { AppError } from '../../../shared/errors.ts';
import { inPieces } from '../../files/in-pieces.ts';
import { SafetensorsFile } from '../../formats/safetensors.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import { modelSize } from '../../jepa/model.ts';
import { EmbeddingStore } from '../../retrieval/embedding-store.ts';
import type { RowsByDevice } from '../../retrieval/embedding-store.ts';
import type { EmbedProgress } from '../../trainer/protocol.ts';
import type { Trainer } from '../../trainer/trainer.ts';
import { encoderOperations } from '../../training/plan/step-operations.ts';
import { changeAppFile, readAppFile } from '../../training/run-folder/app-file.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import { targetEncoderHash } from '../../weights/encoder-hash.ts';
import { placeOf } from '../devices/candidates.ts';
import { onVectorDevice } from '../devices/vector-device.ts';
import type { VectorPlace } from '../devices/vector-device.ts';
import type { Home } from '../home.ts';
import type { Studio } from '../studio.ts';
import { threadsOf } from '../threads.ts';
import { embeddingFolders } from './embedding-folders.ts';

export interface EmbedOptions extends VectorPlace {
  readonly checkpoint: string;
  readonly root: string;
  readonly layer: EmbeddingLayer;
  readonly threads: number;
  /** By default the one that trains. */
  readonly trainer?: Trainer;
}

export interface Embedded {
  /** Folder of the store. */
  readonly folder: string;
  readonly rows: number;
  /** Rows that were made now, where a card has failed too. */
  readonly added: number;
  /** Contents that are not in the decode cache or could not be read from it. */
  readonly skipped: number;
  /** How many of these each device has made. */
  readonly devices: RowsByDevice;
}

interface Stored {
  readonly rows: number;
  readonly devices: RowsByDevice;
  /** Images of a folder that are not embedded yet. */
  readonly missing: number;
}

/** What a checkpoint has embedded by now. */
async function storedOf(home: Home, checkpoint: string, layer: EmbeddingLayer, hashes: readonly string[]): Promise<Stored> {
  const folder = await findEmbeddings(home, checkpoint, layer);
  if (folder === undefined) return { rows: 0, devices: {}, missing: hashes.length };
  const store = await EmbeddingStore.openForReading(folder);
  const { rows, devices } = store;
  const missing = (await inPieces(store.missingInPieces(hashes))).length;
  await store.dispose();
  return { rows, devices, missing };
}

/** What was made between two moments. */
function madeSince(before: Stored, now: Stored): Pick<Embedded, 'added' | 'devices'> {
  const made = Object.entries(now.devices).map(([device, rows]) => [device, rows - (before.devices[device] ?? 0)] as const);
  return { added: now.rows - before.rows, devices: Object.fromEntries(made.filter(([, rows]) => rows > 0)) };
}

/** What images were embedded on, as the rest of a sentence about them; nothing where the processor has done it all. */
export function madeOn(devices: RowsByDevice): string {
  const made = Object.entries(devices) as [DeviceId, number][];
  if (made.length > 1) return ` (${made.map(([device, rows]) => `${rows.toLocaleString('en-US')} on ${placeOf(device)}`).join(', ')})`;
  return made.map(([device]) => (device === 'cpu' ? '' : ` on ${placeOf(device)}`)).join('');
}

/** A run that goes on does not delete the checkpoint then: pictures from outside are looked up with it. */
function keepForVectors(checkpoint: string, step: number): void {
  const run = dirname(dirname(checkpoint));
  // A checkpoint that was given as a file may lie anywhere.
  if (!existsSync(join(run, 'config.json'))) return;
  const known = readAppFile(run).embedded ?? [];
  if (!known.includes(step)) changeAppFile(run, { embedded: [...known, step] });
}

/** Embeds what the store lacks. Throws `bad-checkpoint`, `no-images`; what it throws of a device that was asked for, see `onVectorDevice`. */
export async function embedFolder(
  studio: Studio,
  { checkpoint, root, layer, threads, trainer = studio.trainer, ...place }: EmbedOptions,
  onProgress: (progress: EmbedProgress) => void,
): Promise<Embedded> {
  const { config, step } = readCheckpointHeader(checkpoint);
  keepForVectors(checkpoint, step);
  const shortSide = cachedShortSide(config.imageSize);
  const cache = { folder: studio.cacheFor(preprocessingOf(config), shortSide), shortSide };
  const hashes = (await studio.readImages(root)).all.map(({ hash }) => hash);
  place.signal?.throwIfAborted();
  const job = { kind: 'embed', checkpoint, cache, hashes, store: studio.home.embeddings, layer, threads: threadsOf(threads) } as const;
  const stored = async (): Promise<Stored> => storedOf(studio.home, checkpoint, layer, hashes);
  const before = await stored();
  const operations = async (): Promise<number> => encoderOperations(modelSize(config)) * (await stored()).missing;
  const last = await onVectorDevice(studio.devices, trainer, place, operations, async (on, see) =>
    trainer.run({ ...job, ...on }, (progress) => {
      see(true);
      onProgress(progress);
    }),
  );
  return { ...last, ...madeSince(before, await stored()) };
}

/** Hashes that were computed, by file, time and size. */
const knownHashes = new Map<string, string>();

/** The hash that the store of a checkpoint's vectors is known by, read tensor by tensor so that the engine answers in between. */
export async function weightsHash(checkpoint: string): Promise<string> {
  const { mtimeMs, size } = statSync(checkpoint);
  const key = `${checkpoint} ${mtimeMs} ${size}`;
  const known = knownHashes.get(key);
  if (known !== undefined) return known;
  const { config } = readCheckpointHeader(checkpoint);
  const file = new SafetensorsFile(checkpoint);
  try {
    const made = await inPieces(targetEncoderHash(file, modelSize(config)));
    knownHashes.set(key, made);
    return made;
  } finally {
    file.dispose();
  }
}

/** What to do where a checkpoint lacks vectors. */
export const computeVectors = 'Compute the vectors first (in a terminal: ijepa-studio embed).';

/** Folder of the vectors of a checkpoint; undefined when it has not embedded anything. Throws `bad-checkpoint`. */
export async function findEmbeddings(home: Home, checkpoint: string, layer: EmbeddingLayer): Promise<string | undefined> {
  const { run, step } = readCheckpointHeader(checkpoint);
  for (const { folder, manifest } of embeddingFolders(home)) {
    if (manifest.runId !== run || manifest.step !== step || manifest.layer !== layer) continue;
    // A run that was deleted may have had the same name: its vectors are of other weights.
    if (manifest.weightsHash === (await weightsHash(checkpoint))) return folder;
  }
  return undefined;
}

/** Opens the vectors of a checkpoint for reading. Throws `not-found` when it has not embedded anything. */
export async function openEmbeddings(studio: Studio, checkpoint: string, layer: EmbeddingLayer): Promise<EmbeddingStore> {
  const folder = await findEmbeddings(studio.home, checkpoint, layer);
  const store = folder === undefined ? undefined : await EmbeddingStore.openForReading(folder);
  if (store && store.rows > 0) return store;
  await store?.dispose();
  throw noEmbeddings(studio.home, checkpoint, layer);
}

/** What to do instead: the command that makes them, or the run that has some. */
function noEmbeddings(home: Home, checkpoint: string, layer: EmbeddingLayer): AppError {
  const { run, step } = readCheckpointHeader(checkpoint);
  const there = embeddingFolders(home).map(({ manifest }) => manifest);
  const other = there.find((one) => one.runId === run && one.step === step && one.layer !== layer);
  const names = [...new Set(there.filter((one) => one.runId !== run).map((one) => one.runId))];
  const layerFlag = layer === 'last' ? '' : ` --layer ${layer}`;
  const instead = other
    ? `; or search in those of --layer ${other.layer}`
    : names.length > 0
      ? `; or name a run that has some: --run ${names.map((name) => JSON.stringify(name)).join(' or --run ')}`
      : '';
  const what = layer === 'last' ? '' : ' of up to four last blocks';
  return new AppError(
    'not-found',
    `There are no vectors of run ${run} at step ${step}${what}.`,
    `Compute them first (in a terminal: ijepa-studio embed --run ${JSON.stringify(run)}${layerFlag}${instead}).`,
  );
}
