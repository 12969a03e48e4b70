// Encoders on devices beside the same on the CPU.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeArguments } from '../../files/node-arguments.ts';
import { noSoftwareGpu, softwareGpuEnvironment } from '../../runtime/testing/software-gpu.ts';
import { noTensorflow } from '../../runtime/testing/tensorflow-here.ts';
import type { EncoderComparison } from '../testing/compare-encoders.ts';

/** Of vectors, over the largest of their numbers: that of the self-test. */
const tolerance = 1e-4;
const passes = process.env['IJEPA_LONG'] === '1' ? 500 : 40;

describe.each([
  ['webgpu', 'WebGPU', noSoftwareGpu, softwareGpuEnvironment],
  ['tensorflow', 'TensorFlow', noTensorflow, {}],
] as const)('encoders on %s', (device, name, absence, environment) => {
  it.skipIf(absence !== undefined)(
    `${name}: make the CPU's vectors, of whichever weights they hold, and take no more memory from pass to pass${absence ? `, ${absence}` : ''}`,
    () => {
      const script = join(import.meta.dirname, '../testing', 'compare-encoders.ts');
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        [...nodeArguments, '--expose-gc', script, JSON.stringify({ device, passes })],
        { encoding: 'utf8', env: { ...process.env, ...environment }, maxBuffer: 1e8 },
      );
      if (status !== 0) throw new Error(stderr);
      const { deviations, early, late, crossings, refused } = JSON.parse(stdout) as EncoderComparison;
      const { 'between the networks': apart, ...others } = deviations;
      expect(apart).toBeGreaterThan(0.01);
      expect(Object.keys(others)).toHaveLength(10);
      for (const [what, deviation] of Object.entries(others)) expect(deviation, what).toBeLessThan(tolerance);
      expect(late - early).toBeLessThan(20);
      // Weights cross when they are held, and stay until they are let go of.
      const { hold, calls, weights, patches, kept, differences } = crossings;
      const [same, other, again] = differences as [number, number, number];
      expect(same).toBe(0);
      expect(other).toBeGreaterThan(0.01);
      if (device === 'webgpu') {
        expect(again).toBe(0);
        expect(hold).toBe(weights);
        expect(calls).toEqual([patches, patches, patches, weights + patches]);
        const [some] = kept;
        expect(some).toBeGreaterThan(20);
        expect(kept).toEqual([some, some, some, 0, some, 0]);
      }
      // No part of a pass runs on the processor instead, unnoticed.
      if (device === 'webgpu') expect(refused).toMatch(/fallback to CPU/);
      else expect(refused).toBeUndefined();
    },
  );
});
