import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BinaryFile } from './binary-file.ts';
import { refusalOf } from './testing/refusal.ts';

it('fills what is asked for from anywhere, and says where the file ends before', () => {
  const folder = mkdtempSync(join(tmpdir(), 'binary-file-'));
  const path = join(folder, 'a.bin');
  try {
    expect(refusalOf(() => new BinaryFile(path)).code).toBe('not-found');
    writeFileSync(
      path,
      Uint8Array.from({ length: 100 }, (_, i) => i),
    );
    const file = new BinaryFile(path);
    const bytes = new Uint8Array(5);
    expect([file.size, file.fill(bytes, 95), [...bytes]]).toEqual([100, true, [95, 96, 97, 98, 99]]);
    expect(file.fill(bytes, 96)).toBe(false);
    expect(file.fill(new Uint8Array(0), 1000)).toBe(true);
    // Cut by another process after it was opened.
    truncateSync(path, 50);
    expect([file.fill(bytes, 48), file.fill(bytes, 40)]).toEqual([false, true]);
    file.dispose();
    expect(() => file.fill(bytes, 0)).toThrow('EBADF');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
