// Steps and evaluations of which a later graph cannot be compiled, without compiling any.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import { AppError } from '../../../shared/errors.ts';
import { modelSize } from '../../jepa/model.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import { Judge } from '../judging/judge.ts';
import type { Sample } from '../judging/sample-figures.ts';
import { stepSize } from '../plan/step-size.ts';
import { smallSettings } from '../testing/small-run.ts';
import { allOrNone } from './all-or-none.ts';
import { createStepDevice } from './create-step-device.ts';

afterEach(() => void vi.restoreAllMocks());

const full = new AppError('out-of-memory', 'The device ran out of memory.', 'Choose less.');
const config = parseConfig({ ...smallSettings, agreement: 1, agreementBy: 'contrast', optimiser: 'muon' });

/** Compiles with stand-ins of which the one after `good` fails; how many were made, and how many of them disposed of. */
async function compiled(work: () => Promise<unknown>, good: number): Promise<{ made: number; disposed: number; failed: boolean }> {
  const found = { made: 0, disposed: 0, failed: false };
  vi.spyOn(OnnxSession, 'compile').mockImplementation(async () => {
    if (found.made === good) throw full;
    found.made++;
    const dispose = async (): Promise<void> => Promise.resolve(void found.disposed++);
    return Promise.resolve({ dispose, inputs: [] } as unknown as OnnxSession);
  });
  await work().catch((error: unknown) => {
    expect(error).toBe(full);
    found.failed = true;
  });
  vi.restoreAllMocks();
  return found;
}

const works: Readonly<Record<string, () => Promise<unknown>>> = {
  'a step that all arrays cross to': async () => createStepDevice(stepSize(config), config, { device: 'cuda', threads: 1 }),
  'a step that the device keeps the state of': async () => createStepDevice(stepSize(config), config, { device: 'webgpu', threads: 1 }),
  'evaluations beside a run': async () => Judge.create({} as Sample, modelSize(config), { device: 'webgpu' }, config),
};

describe.each(Object.entries(works))('%s', (_, work) => {
  it('leaves nothing compiled whichever of its graphs cannot be', async () => {
    const { made: all, disposed, failed } = await compiled(work, Infinity);
    expect([disposed, failed]).toEqual([0, false]);
    expect(all).toBeGreaterThan(1);
    for (let good = 0; good < all; good++) expect(await compiled(work, good)).toEqual({ made: good, disposed: good, failed: true });
  });
});

it('says why a graph could not be compiled, even where the device cannot let go of the others', async () => {
  const stuck = { dispose: async (): Promise<void> => Promise.reject(new Error('The device is lost.')) };
  const work = allOrNone(async (made) => {
    made(stuck);
    return Promise.reject(full);
  });
  await expect(work).rejects.toBe(full);
});
