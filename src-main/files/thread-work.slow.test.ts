import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { onThread } from './thread-work.ts';

const folder = mkdtempSync(join(tmpdir(), 'thread-work-'));
afterAll(() => rmSync(folder, { recursive: true }));
function thread(name: string, code: string): URL {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, `import { parentPort, workerData } from 'node:worker_threads';\n${code}\n`);
  return pathToFileURL(file);
}

it('gives what the thread has made of what it got, and tells how far it was', async () => {
  const entry = thread(
    'sum',
    `parentPort.postMessage({ share: 0.5 }); parentPort.postMessage({ result: workerData.reduce((a, b) => a + b) });`,
  );
  const shares: number[] = [];
  const given = Float64Array.of(1, 2, 4);
  expect(await onThread<number>(entry, given, { name: 'sum', progress: (share) => shares.push(share), transfer: [given.buffer] })).toBe(7);
  expect([shares, given.length]).toEqual([[0.5], 0]);
});

it('rejects with the error of the thread, with its death, and with its end without an answer', async () => {
  const wire = `{ code: 'bad-input', message: 'No.', hint: 'Ask otherwise.' }`;
  const told = onThread(thread('tells', `parentPort.postMessage({ error: ${wire} });`), 0, { name: 'tells' });
  await expect(told).rejects.toMatchObject({ code: 'bad-input', message: 'No.' });
  const thrown = onThread(thread('throws', `throw new Error('broken');`), 0, { name: 'throws' });
  await expect(thrown).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('broken') as unknown });
  await expect(onThread(thread('ends', ''), 0, { name: 'ends' })).rejects.toMatchObject({ code: 'internal' });
});

it('ends a thread that never listens when it is given up', async () => {
  const stop = new AbortController();
  const entry = thread('busy', `parentPort.postMessage({ share: 0 }); for (;;);`);
  await expect(onThread(entry, 0, { name: 'busy', signal: stop.signal, progress: () => stop.abort() })).rejects.toMatchObject({
    code: 'cancelled',
  });
});
