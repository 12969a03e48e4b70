// SHA-256 of a file's bytes: the identity of an image's content, the same that the decoders report for what they decoded.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const chunkBytes = 1024 * 1024;

/**
 * Lower-case hex SHA-256 of the file, read in chunks. `size` in bytes, when it is known, spares memory and a read. Rejects with the
 * operating system's error.
 */
export async function fileHash(path: string | Buffer, signal?: AbortSignal, size = Infinity): Promise<string> {
  const file = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    // Room for one byte more than there should be: a file that fits has not grown.
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, Math.max(65_536, size + 1)));
    let total = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      hash.update(chunk.subarray(0, bytesRead));
      total += bytesRead;
      if (bytesRead === 0 || (total === size && bytesRead < chunk.length)) return hash.digest('hex');
    }
  } finally {
    await file.close();
  }
}
