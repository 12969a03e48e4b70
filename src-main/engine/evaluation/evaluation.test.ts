// Where the evaluation of a run is computed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { preprocessingOf } from '../../../shared/config/preprocessing.ts';
import { AppError } from '../../../shared/errors.ts';
import { cachedShortSide } from '../../images/cache-space.ts';
import { DecodeCache } from '../../images/cache.ts';
import { Trainer } from '../../trainer/trainer.ts';
import { importWeights } from '../runs/import-weights.ts';
import { checkpointOf } from '../runs/runs.ts';
import { Studio } from '../studio.ts';
import { evaluateRun } from './evaluation.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-evaluation-'));
const studio = new Studio({ home: folder });
afterAll(async () => {
  await studio.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const measures = { purpose: 'reporting', bankPerClass: 4, queriesPerClass: 1, pixelSide: 4, probe: false, threads: 1 } as const;

it('goes on after a card that was full with fewer images at once, and says what has made the vectors', async () => {
  const fixture = join(import.meta.dirname, '../../jepa/testing/fixtures/huggingface');
  const { run, config } = importWeights(studio.home, fixture, { name: 'on a card' });
  const cache = new DecodeCache(studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize)), { access: 'write' });
  const hash = 'ab'.repeat(32);
  await cache.put(hash, { width: 2, height: 2, pixels: new Uint8Array(12) });
  cache.dispose();
  const all = [{ hash, path: 'a', label: undefined, split: undefined }];
  vi.spyOn(studio, 'readImages').mockResolvedValue({ all, trained: 1, fingerprint: '', labelsFrom: 'file', size: undefined });
  vi.spyOn(studio.devices, 'forVectors').mockResolvedValue({ device: 'webgpu', reason: 'As tested.' });
  const trainer = new Trainer();
  const jobs = vi
    .spyOn(trainer, 'run')
    .mockRejectedValueOnce(new AppError('out-of-memory', 'The card was full.', 'Wait.'))
    .mockResolvedValueOnce({ task: 'crops', notes: ['As measured.'] } as never);
  const { notes } = await evaluateRun(studio, { run, checkpoint: checkpointOf(run), root: folder, trainer, ...measures }, () => {});
  expect(jobs.mock.calls.map(([job]) => job.kind === 'evaluate' && [job.device, job.batch, job.labelsFrom])).toEqual([
    ['webgpu', undefined, 'file'],
    ['webgpu', 4, 'file'],
  ]);
  expect(notes).toEqual(['As measured.', 'The vectors were made on WebGPU.']);
});
