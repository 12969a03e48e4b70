import { describe, expect, it } from 'vitest';
import type { DeviceReport } from '../../shared/devices.ts';
import { adviceFor } from './doctor.ts';

const memory = { memoryFree: 8e9, memoryTotal: 16e9 };
const cpu: DeviceReport = { id: 'cpu', state: 'ready', reason: 'It is always there.', matmulRate: 200 };
const card = { name: 'A card' };
const webgpu = (works: boolean, matmulRate: number): DeviceReport => ({
  id: 'webgpu',
  state: 'ready',
  reason: 'It computes right.',
  matmulRate: 2000,
  reduced: { precision: 'float16', works, reason: 'Tested.', matmulRate },
});

describe('what would make it faster', () => {
  it('is a card where there is none, and the memory that other programs hold', () => {
    expect(adviceFor({ ...memory, cards: [], devices: [cpu], chosen: 'cpu' })).toEqual([
      'No graphics card was found; with one, training is usually faster.',
    ]);
    expect(adviceFor({ memoryFree: 1e9, memoryTotal: 16e9, cards: [card], devices: [cpu, webgpu(false, 0)], chosen: 'cpu' })).toEqual([
      'Little memory is free: close other programs before a long run.',
    ]);
  });

  it('is what keeps a card from being used', () => {
    const failed: DeviceReport = { id: 'webgpu', state: 'failed', reason: 'It crashed.' };
    expect(adviceFor({ ...memory, cards: [card], devices: [cpu, failed], chosen: 'cpu' })).toEqual([
      'A graphics card is there, and cannot be used: WebGPU: It crashed.',
    ]);
  });

  it('is float16 where the device of runs is much faster in it and has passed its test', () => {
    const advice = (works: boolean, rate: number, chosen: 'cpu' | 'webgpu' = 'webgpu'): readonly string[] =>
      adviceFor({ ...memory, cards: [card], devices: [cpu, webgpu(works, rate)], chosen });
    expect(advice(true, 4000)).toEqual(['Products on WebGPU are 2.0 times as fast in float16: choose that for a run under "precision".']);
    expect([advice(true, 2200), advice(false, 4000), advice(true, 4000, 'cpu')]).toEqual([[], [], []]);
  });
});
