// The vectors on disk, by what they were made with; none of them is read.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodingVersion } from '../../images/cache-space.ts';
import { parseManifest } from '../../retrieval/embedding-identity.ts';
import type { EmbeddingManifest } from '../../retrieval/embedding-identity.ts';
import { readCheckpointHeader } from '../../training/run-folder/checkpoint.ts';
import { listCheckpoints } from '../../training/run-folder/run-folder.ts';
import type { Home } from '../home.ts';

export interface EmbeddingFolder {
  readonly folder: string;
  readonly manifest: EmbeddingManifest;
}

/** All stores whose description can be read, those of other versions of decoding too. */
function allEmbeddingFolders({ embeddings }: Home): EmbeddingFolder[] {
  let names: string[];
  try {
    names = readdirSync(embeddings);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const folder = join(embeddings, name);
    try {
      const path = join(folder, 'manifest.json');
      return [{ folder, manifest: parseManifest(readFileSync(path, 'utf8'), path) }];
    } catch {
      return [];
    }
  });
}

/** The stores of pictures as they are decoded now: vectors of pictures decoded otherwise are not to be compared with theirs. */
export const embeddingFolders = (home: Home): EmbeddingFolder[] =>
  allEmbeddingFolders(home).filter(({ manifest }) => (manifest.decoding ?? 1) === decodingVersion);

interface CheckpointName {
  readonly run: string;
  readonly step: number;
}

/** What was read, by file and time. */
const knownNames = new Map<string, CheckpointName | undefined>();

/** The run and step that a checkpoint names, by which stores of vectors know it; undefined for one that is damaged. */
export function checkpointName(checkpoint: string): CheckpointName | undefined {
  const key = `${checkpoint} ${statSync(checkpoint, { throwIfNoEntry: false })?.mtimeMs}`;
  if (!knownNames.has(key)) {
    try {
      const { run, step } = readCheckpointHeader(checkpoint);
      knownNames.set(key, { run, step });
    } catch {
      knownNames.set(key, undefined);
    }
  }
  return knownNames.get(key);
}

function weightsOf(checkpoint: string): string | undefined {
  const name = checkpointName(checkpoint);
  return name && `${name.run} ${name.step}`;
}

/** Folders of the vectors that were made with checkpoints of a run and that no other of the runs `names` could have made. */
export function vectorsOf(home: Home, run: string, names: readonly string[]): string[] {
  const stores = allEmbeddingFolders(home);
  if (stores.length === 0) return [];
  const weights = (name: string): (string | undefined)[] => listCheckpoints(join(home.runs, name)).map(({ file }) => weightsOf(file));
  const own = new Set(weights(run));
  const others = new Set(names.filter((name) => name !== run).flatMap(weights));
  return stores
    .filter(({ manifest }) => manifest.runId === run || own.has(`${manifest.runId} ${manifest.step}`))
    .filter(({ manifest }) => !others.has(`${manifest.runId} ${manifest.step}`))
    .map(({ folder }) => folder);
}
