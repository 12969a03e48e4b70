import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileHash } from './content-hash.ts';

it('is the SHA-256 of the whole file, whatever size was expected', async () => {
  const root = mkdtempSync(join(tmpdir(), 'content-hash-'));
  try {
    const path = join(root, 'a');
    for (const length of [0, 1, 5000, 1024 * 1024, 2.5 * 1024 * 1024]) {
      const bytes = Buffer.alloc(length, 'content');
      writeFileSync(path, bytes);
      const wanted = createHash('sha256').update(bytes).digest('hex');
      // As expected, grown since, shrunk since, and unknown.
      for (const size of [length, Math.floor(length / 2), length + 100, 0, Infinity])
        expect(await fileHash(path, undefined, size)).toBe(wanted);
    }
    await expect(fileHash(path, AbortSignal.abort())).rejects.toThrow(/abort/i);
    await expect(fileHash(join(root, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  } finally {
    rmSync(root, { recursive: true });
  }
});
