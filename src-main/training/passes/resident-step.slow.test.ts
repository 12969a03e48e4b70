import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeArguments } from '../../files/node-arguments.ts';
import { noSoftwareGpu, softwareGpuEnvironment } from '../../runtime/testing/software-gpu.ts';
import type { DeviceComparison } from '../testing/compare-devices.ts';
import type { RefusedFallback } from '../testing/refuse-fallback.ts';
import { deviceSettings } from '../testing/small-run.ts';

const distance = { agreement: 1, sigreg: 0.1, projectorWidth: 8 };
const contrast = { agreement: 1, agreementBy: 'contrast' };
const partly = { predictionStride: 4, maskedCrops: 'predicted' };
/** One change each: which of them is wrong where one of `together` is. Each costs a card in software some 20 seconds. */
const apart = {
  'micro-batches, whose gradients are carried': { microBatch: 2 },
  'losses over a batch in pieces, through a projector': { ...distance, microBatch: 2 },
  'a stem of convolutions, and Muon': { stem: 'convolutions', optimiser: 'muon' },
  'agreement by contrast, through a projector': { ...contrast, projectorWidth: 8, microBatch: 2 },
  'smaller crops first': { ...contrast, ...partly, smallFirst: 0.25 },
};
const together = {
  'the masked prediction in one pass': {},
  'pieces of a batch that agree by distance through a projector, a prediction of some crops, Muon': {
    ...distance,
    microBatch: 2,
    predictionStride: 4,
    optimiser: 'muon',
  },
  'smaller crops first, told apart in pieces through a projector': {
    ...contrast,
    ...partly,
    projectorWidth: 8,
    microBatch: 2,
    smallFirst: 0.25,
  },
  'a stem of convolutions and Muon, crops that are seen whole but for those that are predicted': {
    ...contrast,
    ...partly,
    stem: 'convolutions',
    optimiser: 'muon',
  },
};
const cases = process.env['IJEPA_LONG'] === '1' ? { ...apart, ...together } : together;

function child(script: string, ...given: readonly unknown[]): string {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [
      ...nodeArguments,
      '--expose-gc',
      join(import.meta.dirname, '../testing', script),
      ...given.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))),
    ],
    { encoding: 'utf8', env: { ...process.env, ...softwareGpuEnvironment }, maxBuffer: 1e8 },
  );
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe.skipIf(noSoftwareGpu !== undefined)(`a step on WebGPU${noSoftwareGpu ? `, ${noSoftwareGpu}` : ''}`, () => {
  it('has the losses, gradients and weights of the CPU, which goes on from there, and no part of it runs there', () => {
    const results = JSON.parse(
      child('compare-devices.ts', {
        device: 'webgpu',
        steps: 2,
        cases: Object.values(cases).map((extra) => ({ ...deviceSettings, ...extra })),
      }),
    ) as DeviceComparison[];
    results.forEach(({ cpu, device, after, worst }, i) => {
      const name = Object.keys(cases)[i];
      for (const [ours, theirs] of [
        [cpu, device],
        [after.cpu, after.device],
      ] as const) {
        expect(theirs).toHaveLength(ours.length);
        ours.forEach((expected, step) => {
          for (const figure of ['loss', 'gradientNorm'] as const)
            expect(theirs[step]![figure] / expected[figure], `${name}, step ${step}: ${figure}`).toBeCloseTo(1, 4);
        });
      }
      expect(worst.difference, `${name}: ${worst.name}`).toBeLessThan(1e-2);
    });
  });

  it('is refused where a part of any of its graphs would run on the processor, unnoticed', () => {
    // All the graphs that a step can have: those of losses over a batch in pieces too.
    const settings = { ...deviceSettings, ...distance, microBatch: 2 };
    const { graphs, refusals, alone } = JSON.parse(child('refuse-fallback.ts', { device: 'webgpu', settings })) as RefusedFallback;
    // Gradients, pooled contexts, their loss, the norm, at least one group of updates and one of copies.
    expect(graphs).toBeGreaterThanOrEqual(6);
    expect(refusals).toEqual(Array.from({ length: graphs }, () => expect.stringMatching(/fallback to CPU/) as string));
    expect(alone).toBeNull();
  });

  it('takes no more memory from step to step', () => {
    const steps = process.env['IJEPA_LONG'] === '1' ? 500 : 60;
    // What a step leaves behind if it forgets a state: 1.3 MB, and gradients of 0.3 MB twice.
    const settings = { width: 96, heads: 2, imageSize: 16, batchSize: 2, microBatch: 1 };
    const { early, late } = JSON.parse(child('measure-memory.ts', settings, 'webgpu', String(steps))) as Record<
      'early' | 'late',
      { readonly resident: number; readonly state: number }
    >;
    expect(late.state * (0.75 * steps)).toBeGreaterThan(50);
    expect(late.resident - early.resident).toBeLessThan(20);
  });
});
