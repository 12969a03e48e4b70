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
import type { JudgingSplits } from './judged-images.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-evaluation-'));
const studio = new Studio({ home: folder });
afterAll(async () => {
  await studio.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const measures = { purpose: 'reporting', bankPerClass: 4, queriesPerClass: 1, pixelSide: 4, probe: false, threads: 1 } as const;

const model = join(import.meta.dirname, '../../jepa/testing/fixtures/huggingface');
const [first, second] = ['ab', 'cd'].map((digits) => digits.repeat(32)) as [string, string];

it('names the splits that it asks as training has them: what has none is learned from where others are held out', async () => {
  const { run, config } = importWeights(studio.home, model, { name: 'beside a table' });
  const cache = new DecodeCache(studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize)), { access: 'write' });
  for (const hash of [first, second]) await cache.put(hash, { width: 2, height: 2, pixels: new Uint8Array(12) });
  cache.dispose();
  const all = ([undefined, 'test'] as const).map((split, i) => ({ hash: [first, second][i]!, path: `${i}`, label: 'cat', split }));
  vi.spyOn(studio, 'readImages').mockResolvedValue({ all, trained: 1, fingerprint: '', size: undefined });
  const trainer = new Trainer();
  vi.spyOn(trainer, 'run').mockResolvedValue({ task: 'labels', notes: [] } as never);
  const asked = { run, checkpoint: checkpointOf(run), root: folder, trainer, device: 'cpu', ...measures } as const;
  const notes = async (splits?: JudgingSplits): Promise<readonly string[]> =>
    (await evaluateRun(studio, { ...asked, ...(splits && { splits }) }, () => {})).notes;
  expect(await notes()).toEqual(['Bank: train; queries: test.']);
  expect(await notes({ bank: 'test', queries: 'train' })).toEqual([
    'Bank: test; queries: train.',
    'The queries come from the split that runs learn from.',
  ]);
});

it('goes on after a card that was full with fewer images at once, and says what has made the vectors', async () => {
  const { run, config } = importWeights(studio.home, model, { name: 'on a card' });
  const cache = new DecodeCache(studio.cacheFor(preprocessingOf(config), cachedShortSide(config.imageSize)), { access: 'write' });
  await cache.put(first, { width: 2, height: 2, pixels: new Uint8Array(12) });
  cache.dispose();
  const all = [{ hash: first, path: 'a', label: undefined, split: undefined }];
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
