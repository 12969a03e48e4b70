import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeArguments } from '../files/node-arguments.ts';
import { EmbeddingStore } from './embedding-store.ts';
import { hashOf, identity, vectorOf } from './testing/embedding-fixtures.ts';

it('loses nothing committed and keeps nothing torn when the writer is killed, time after time', async () => {
  const root = mkdtempSync(join(tmpdir(), 'embedding-store-kill-'));
  try {
    let committed = 0;
    for (let round = 0; round < 6; round++) {
      const script = join(import.meta.dirname, 'testing/append-forever.ts');
      const child = spawn(process.execPath, [...nodeArguments, script, root], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      let said = '';
      child.stdout.on('data', (chunk) => (said += String(chunk)));
      while (said.split('\n').length < 4 + round) await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await ended;
      committed = Number(said.trimEnd().split('\n').at(-1));
      const store = await EmbeddingStore.openForWriting(root, identity, '0.0.0');
      expect(store.rows).toBeGreaterThanOrEqual(committed);
      for await (const { firstRow, vectors } of store.blocks(1000)) {
        for (let i = 0; i < vectors.length / 6; i++) {
          expect([...vectors.subarray(i * 6, i * 6 + 6)]).toEqual(vectorOf(firstRow + i));
          expect(store.hashOf(firstRow + i)).toBe(hashOf(firstRow + i));
        }
      }
      await store.dispose();
    }
    expect(committed).toBeGreaterThan(200);
  } finally {
    rmSync(root, { recursive: true });
  }
});
