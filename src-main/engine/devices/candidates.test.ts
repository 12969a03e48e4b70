import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GraphicsCard } from '../../../shared/devices.ts';
import {
  candidates,
  cardOf,
  fitTensorflow,
  isOnProcessor,
  missingDriver,
  namedDevices,
  noCardUsed,
  updateDriver,
  withReasonOfCards,
} from './candidates.ts';

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

  it('is none that no driver runs', () => {
    const driverless: GraphicsCard = { name: 'NVIDIA GeForce RTX 3060', driverless: true };
    expect(cardOf('webgpu', [driverless, intel])).toBe(intel);
    for (const id of ['webgpu', 'cuda', 'tensorflow'] as const) expect(cardOf(id, [driverless])).toBeUndefined();
    expect(missingDriver([intel, driverless])).toMatch(/^No driver runs the NVIDIA GeForce RTX 3060: install NVIDIA's driver/);
    expect(missingDriver([nvidia, driverless])).toBeUndefined();
  });

  it('is not that of a library for one vendor', () => {
    expect(cardOf('tensorflow', [amd, nvidia])).toBe(nvidia);
    expect(cardOf('cuda', [amd])).toBeUndefined();
  });
});

describe('what is tried by itself, and what may be asked for', () => {
  it('is DirectML on Windows only where it can take no other card than the one that is planned with', () => {
    expect(candidates([amd], 'win32')).toContain('dml');
    expect(cardOf('dml', [amd])).toBe(amd);
    expect(candidates([intel, amd], 'win32')).not.toContain('dml');
    expect(cardOf('dml', [intel, amd])).toBeUndefined();
    expect(namedDevices([intel, amd], 'win32')).toContain('dml');
  });

  it('is Core ML on a Mac only by its name', () => {
    expect(candidates([intel], 'darwin')).toEqual(['webgpu']);
    expect(namedDevices([intel], 'darwin')).toEqual(['webgpu', 'coreml']);
    expect(namedDevices([intel], 'linux')).toEqual(['webgpu']);
  });

  it('counts as the processor where its test has found that it leaves the products to that', () => {
    const report = { id: 'coreml', state: 'ready', reason: 'It leaves matrix products to the processor.' } as const;
    expect(isOnProcessor('coreml', [intel], { ...report, onProcessor: true })).toBe(true);
    expect(isOnProcessor('coreml', [intel], report)).toBe(false);
    expect(isOnProcessor('coreml', [intel], undefined)).toBe(false);
    expect(noCardUsed('coreml')).toContain('which it leaves matrix products to');
  });
});

it('a card that WebGPU cannot use has its reason, and what is missing for it', () => {
  const failed = { id: 'webgpu', state: 'absent', reason: 'WebGPU finds no graphics card.' } as const;
  expect(withReasonOfCards(failed, [amd], ['Install it.', 'Log in again.']).reason).toBe(`${failed.reason} Install it. Log in again.`);
  expect(withReasonOfCards({ ...failed, state: 'ready' }, [amd], ['Install it.']).reason).toBe(failed.reason);
  expect(withReasonOfCards({ ...failed, id: 'dml' }, [amd], ['Install it.']).reason).toBe(failed.reason);
});

it('a TensorFlow without kernels for the card is not to be mended by a driver', () => {
  for (const advice of [updateDriver, fitTensorflow]) {
    const report = { id: 'tensorflow', state: 'failed', reason: `It took too long. ${advice}` } as const;
    const reason = (computeCapability: number): string => withReasonOfCards(report, [{ ...nvidia, computeCapability }]).reason;
    expect(reason(8.6)).toBe(report.reason);
    expect(reason(12)).toMatch(/^It took too long\. No published TensorFlow has kernels/);
  }
});
