import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { cardOf, updateDriver, withReasonOfCards } from './candidates.ts';

const intel: GraphicsCard = { name: 'Intel graphics (0x46a6)', inProcessor: true };
const amd: GraphicsCard = { name: 'AMD Radeon RX 7600', memory: 8e9, memoryFree: 7e9 };
/** With what it may take of the computer's memory. */
const amdInProcessor: GraphicsCard = { name: 'AMD Radeon 780M Graphics', memory: 16e9, inProcessor: true };
/** Windows tells of no memory from 4 GB on. */
const onWindows: GraphicsCard = { name: 'AMD Radeon RX 7800 XT' };
const nvidia: GraphicsCard = { name: 'NVIDIA GeForce GTX 1050', memory: 2e9 };

beforeEach(() => void vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

describe('the card of WebGPU', () => {
  it('is one with memory of its own, in whichever order the system names them', () => {
    for (const graphics of [intel, amdInProcessor])
      for (const card of [amd, onWindows, nvidia]) {
        expect(cardOf('webgpu', [graphics, card])).toBe(card);
        expect(cardOf('webgpu', [card, graphics])).toBe(card);
      }
  });

  it('is the one with most memory of several, and the first where all are alike', () => {
    expect(cardOf('webgpu', [nvidia, amd])).toBe(amd);
    expect(cardOf('webgpu', [nvidia, onWindows])).toBe(onWindows);
    expect(cardOf('webgpu', [amd, { ...amd }])).toBe(amd);
    expect(cardOf('webgpu', [intel, amdInProcessor])).toBe(intel);
    expect(cardOf('webgpu', [])).toBeUndefined();
  });

  it('is not that of a library for one vendor', () => {
    expect(cardOf('tensorflow', [amd, nvidia])).toBe(nvidia);
    expect(cardOf('cuda', [amd])).toBeUndefined();
  });
});

it('a TensorFlow without kernels for the card is not to be mended by a driver', () => {
  const report = { id: 'tensorflow', state: 'failed', reason: `It took too long. ${updateDriver}` } as const;
  const reason = (computeCapability: number): string => withReasonOfCards(report, [{ ...nvidia, computeCapability }]).reason;
  expect(reason(8.6)).toBe(report.reason);
  expect(reason(12)).toMatch(/^It took too long\. No published TensorFlow has kernels/);
});
