// Embeddings and evaluations that a page asks for: what it is told of their device, and that they keep off the card of a run.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it, vi } from 'vitest';
import type { VectorPlace } from '../devices/vector-device.ts';
import { importWeights } from '../runs/import-weights.ts';
import { checkpointOf } from '../runs/runs.ts';
import { Studio } from '../studio.ts';
import type { EngineContext } from './context.ts';
import { exploreHandlers } from './explore/explore-handlers.ts';
import { Jobs } from './jobs.ts';
import { startEvaluation } from './runs/run-reports.ts';
import type { Runs } from './runs/runs.ts';

type Work = (place: VectorPlace, onProgress: (progress: unknown) => void) => unknown;
const { asked, doWork } = vi.hoisted(() => {
  const given = { work: undefined as Work | undefined };
  return {
    asked: given,
    doWork: async (_studio: unknown, place: VectorPlace, onProgress: (progress: unknown) => void): Promise<unknown> =>
      Promise.resolve(given.work!(place, onProgress)),
  };
});
vi.mock('../vectors/embeddings.ts', async (original) => ({ ...(await original<object>()), embedFolder: doWork }));
vi.mock('../evaluation/evaluation.ts', async (original) => ({ ...(await original<object>()), evaluateRun: doWork }));
vi.mock('../../library/folders.ts', async (original) => ({ ...(await original<object>()), folderOf: () => ({ path: '/pictures' }) }));
vi.mock('./folders/prepare-images.ts', async (original) => ({ ...(await original<object>()), scanFor: async () => Promise.resolve() }));

const home = mkdtempSync(join(tmpdir(), 'ijepa-on-a-card-'));
const studio = new Studio({ home });
afterAll(async () => {
  await studio.dispose();
  rmSync(home, { recursive: true, force: true });
});

const fixture = join(import.meta.dirname, '../../jepa/testing/fixtures/huggingface');
const { run: path } = importWeights(studio.home, fixture, { name: 'x' });
const jobs = new Jobs();
const context = { studio, jobs } as unknown as EngineContext;
const trainings = { hasCard: false };
const runs = {
  trainings,
  store: { path: () => path, forget: () => {} },
  aside: { threads: 1, jobs: {} },
  checkpoints: { hold: async () => Promise.resolve({ file: async () => Promise.resolve(checkpointOf(path)), until: () => {} }) },
  onRelease: () => {},
} as unknown as Runs;
/** What the page is shown, and whether the card was taken, before and after a run has begun. */
const told: string[] = [];
const taken: (boolean | undefined)[] = [];
const detail = (): string => jobs.list().at(-1)!.detail;

beforeEach(() => {
  trainings.hasCard = false;
  told.length = taken.length = 0;
});

const look =
  (result: unknown, progress: unknown): Work =>
  ({ isCardTaken, onDevice }, onProgress) => {
    taken.push(isCardTaken?.());
    trainings.hasCard = true;
    taken.push(isCardTaken?.());
    onDevice?.({ device: 'webgpu', reason: 'WebGPU, as tested.' });
    told.push(detail());
    onProgress(progress);
    told.push(detail());
    return result;
  };

it('an embedding', async () => {
  asked.work = look({ added: 6, skipped: 0, devices: { webgpu: 4, cpu: 2 } }, { done: 1, total: 6 });
  const input = { folder: 1, run: 'x', checkpoint: 'best', layer: 'last' } as const;
  const { job } = (await exploreHandlers(context, runs).table['explore.embed'](input as never, {} as never)) as { job: number };
  await jobs.wait(job);
  expect(told).toEqual(['Computes the vectors on: WebGPU, as tested.', 'Computes the vectors on: WebGPU, as tested.']);
  expect(taken).toEqual([false, true]);
  expect(detail()).toBe('6 vectors computed (4 on WebGPU, 2 on the processor).');
});

it('an evaluation', async () => {
  const progress = { part: 'pictures', stage: 'this run', source: 0, sources: 3, done: 1, total: 9 };
  asked.work = look({ headline: 'Better.' }, progress);
  const { job } = await startEvaluation(context, runs, { run: 'x', checkpoint: 'best', purpose: 'reporting', folder: 1 });
  await jobs.wait(job);
  expect(told).toEqual(['Makes the vectors on: WebGPU, as tested.', 'Measures this run. Makes the vectors on: WebGPU, as tested.']);
  expect(taken).toEqual([false, true]);
});
