import type { Dirent } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { walk } from './walk.ts';

const folders = 200_000;

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

it('walks a folder with more folders than a call has room for arguments', async () => {
  const listed = Array.from({ length: folders }, (_, i) => ({
    name: Buffer.from(String(i).padStart(6, '0')),
    isDirectory: () => true,
    isSymbolicLink: () => false,
  }));
  // As many as no test makes for itself.
  (vi.spyOn(fs, 'readdir') as unknown as { mockResolvedValue(value: Dirent<Buffer>[]): void }).mockResolvedValue(
    listed as Dirent<Buffer>[],
  );
  syncBuiltinESMExports();
  const root = mkdtempSync(join(tmpdir(), 'walk-wide-'));
  const seen: string[] = [];
  try {
    for await (const { kind, path } of walk(root)) {
      seen.push(`${kind} ${path}`);
      if (seen.length === 2) break;
    }
  } finally {
    rmSync(root, { recursive: true });
  }
  expect(seen).toEqual(['vanished-folder 000000', 'vanished-folder 000001']);
});
