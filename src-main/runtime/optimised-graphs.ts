// Graphs as onnxruntime has optimised them, kept on disk: a session of one takes about 40 % less processor time to make, and computes the
// same bits.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { writeFileAside } from '../files/write-aside.ts';

/** Makes a session of a graph. It may be told to leave the graph as it is, or where to write what it has made of it. */
export type MakeSession<S> = (
  graph: Uint8Array,
  how: { readonly graphOptimizationLevel?: 'disabled'; readonly optimizedModelFilePath?: string },
) => Promise<S>;

/** Bytes that the folder may take: graphs of some twenty large runs. */
const mostBytes = 128e6;
const digestBytes = 32;
const digest = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** Two sessions that are made of one graph at once, in threads or processes, never share a file. */
let made = 0;

/**
 * A session of `graph` from what `folder` keeps of it, which is kept there where it was not. `by` says what optimises, with its version
 * and options. A folder that cannot be written to costs time alone. Throws what `make` throws of the graph as it is.
 */
export async function throughOptimised<S>(
  folder: string,
  graph: Uint8Array,
  by: string,
  make: MakeSession<S>,
  most = mostBytes,
): Promise<S> {
  const key = createHash('sha256').update(`${by} ${process.platform} ${process.arch} `).update(graph).digest('hex').slice(0, 32);
  const file = join(folder, `${key}.onnx`);
  const known = keptIn(file);
  if (known) {
    try {
      return await make(known, { graphOptimizationLevel: 'disabled' });
    } catch {
      remove(file);
    }
  }
  const written = `${file}.${process.pid}-${threadId}-${++made}.part`;
  let session: S;
  try {
    mkdirSync(folder, { recursive: true });
    session = await make(graph, { optimizedModelFilePath: written });
  } catch {
    remove(written);
    return make(graph, {});
  }
  try {
    const optimised = readFileSync(written);
    remove(written);
    writeFileAside(file, Buffer.concat([digest(optimised), optimised]));
    makeRoom(folder, most);
  } catch {
    // It is optimised again the next time.
    remove(written);
  }
  return session;
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // Nor could it have been written.
  }
}

/** Looked at before onnxruntime sees it: what reads graphs there is native code. */
function keptIn(file: string): Uint8Array | undefined {
  try {
    const bytes = readFileSync(file);
    const graph = bytes.subarray(digestBytes);
    if (!digest(graph).equals(bytes.subarray(0, digestBytes))) return undefined;
    // The order in which they are given up.
    utimesSync(file, new Date(), new Date());
    return graph;
  } catch {
    return undefined;
  }
}

/** Removes what was not used for longest, and what a process that died has left. */
function makeRoom(folder: string, most: number): void {
  const files = readdirSync(folder).map((name) => {
    const { size, mtimeMs } = statSync(join(folder, name));
    return { path: join(folder, name), size, mtimeMs };
  });
  let room = most;
  for (const { path, size } of files.toSorted((a, b) => b.mtimeMs - a.mtimeMs)) {
    room -= size;
    if (room < 0) remove(path);
  }
}
