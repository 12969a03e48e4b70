// While weights are written for other programs, the engine answers, and whoever cancels does not wait for the end of a file.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, expect, it } from 'vitest';
import { modelSize, targetParameters, trainedParameters } from '../jepa/model.ts';
import { saveImportedWeights } from '../training/run-folder/checkpoint.ts';
import { smallRecord } from '../training/testing/small-run.ts';
import { weightFormats } from './export/export-weights.ts';
import { exportBundle } from './export/export.ts';
import type { Exported } from './export/export.ts';
import { Studio } from './studio.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-export-responsive-'));
const studio = new Studio({ home: join(folder, 'home') });
afterAll(async () => {
  await studio.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Milliseconds that nothing else may wait; a file of such weights takes several times as long. */
const longest = 300;
/** It is measured again when the machine was busy with something else. */
const tries = 4;

const settings = { width: 384, depth: 12, heads: 6, mlpRatio: 4, imageSize: 96, patchSize: 16, predictorWidth: 192, predictorDepth: 6 };
const checkpoint = join(folder, 'checkpoint.safetensors');
const record = smallRecord({ ...settings, predictorHeads: 6 });
const size = modelSize(record.config);
saveImportedWeights(
  checkpoint,
  Object.fromEntries(
    [...trainedParameters(size), ...targetParameters(size)].map(({ name, shape }) => [
      name,
      new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.01),
    ]),
  ),
  record,
);

const target = join(folder, 'exported');
const exported = async (signal?: AbortSignal): Promise<Exported> =>
  exportBundle(studio, {
    checkpoint,
    root: folder,
    target,
    formats: weightFormats,
    layer: 'last',
    space: 'raw',
    vectorColumn: 'embedding',
    neighbours: 0,
    ...(signal && { signal }),
  });

it('the event loop stays free while weights are exported', async () => {
  const measured: number[] = [];
  while (measured.length < tries && !measured.some((ms) => ms < longest)) {
    const histogram = monitorEventLoopDelay({ resolution: 5 });
    histogram.enable();
    const { files } = await exported();
    histogram.disable();
    measured.push(histogram.max / 1e6);
    expect(files.map(({ path }) => path)).toContain('encoder.onnx');
    rmSync(target, { recursive: true });
  }
  if (process.env['IJEPA_FIGURES'] === '1') process.stdout.write(`${JSON.stringify(measured)}\n`);
  expect(Math.min(...measured)).toBeLessThan(longest);
});

it('an export that is cancelled in the middle of a file ends soon and leaves nothing', async () => {
  const stop = new AbortController();
  let cancelled = Infinity;
  // A file that has not taken its name yet.
  const timer = setInterval(() => {
    if (!existsSync(target) || !readdirSync(target).some((name) => /^model\.safetensors\..*\.part$/.test(name))) return;
    clearInterval(timer);
    cancelled = performance.now();
    stop.abort();
  }, 1);
  await expect(exported(stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
  clearInterval(timer);
  expect(performance.now() - cancelled).toBeLessThan(2000);
  expect(existsSync(target)).toBe(false);
});
