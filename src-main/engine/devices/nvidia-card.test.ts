import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cardsOfNvidia } from '../../../shared/nvidia-smi.ts';
import { cardOf } from './candidates.ts';
import { computeOnOne, nvidiaCardOf } from './nvidia-card.ts';

const cards = cardsOfNvidia(
  [
    'NVIDIA GeForce GTX 1050, 550.54.14, 2048, 1900, 0, GPU-1aaa0000-0000-0000-0000-000000000000, 6.1',
    'NVIDIA GeForce RTX 3090, 550.54.14, 24576, 24000, 1, GPU-2bbb0000-0000-0000-0000-000000000000, 8.6',
    'NVIDIA GeForce RTX 3060, 550.54.14, 12288, 12000, 2, GPU-2ccc0000-0000-0000-0000-000000000000, 8.6',
  ].join('\n'),
);
const [small, large, middle] = cards as [(typeof cards)[0], (typeof cards)[0], (typeof cards)[0]];

beforeEach(() => void vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined));
afterEach(() => vi.unstubAllEnvs());

describe('one of several cards of NVIDIA', () => {
  it('is the one with the most memory, in whichever order they are named', () => {
    expect(nvidiaCardOf(cards, {})).toBe(large);
    expect(nvidiaCardOf([middle, large, small], {})).toBe(large);
    expect(nvidiaCardOf([{ name: 'AMD Radeon RX 7600', memory: 64e9 }, small], {})).toBe(small);
    expect(nvidiaCardOf([{ name: 'AMD Radeon RX 7600' }], {})).toBeUndefined();
  });

  it('is the one that a person has named first, by its number in the order of the bus or by its uuid', () => {
    const seen = (first: string, order?: string): unknown =>
      nvidiaCardOf(cards, { CUDA_VISIBLE_DEVICES: first, ...(order !== undefined && { CUDA_DEVICE_ORDER: order }) });
    expect(seen('2,0')).toBe(middle);
    expect(seen(' 0')).toBe(small);
    expect(seen('GPU-2ccc')).toBe(middle);
    expect(seen('2', 'PCI_BUS_ID')).toBe(middle);
    // Which one is the second fastest is CUDA's to say.
    expect(seen('2', 'FASTEST_FIRST')).toBeUndefined();
    for (const none of ['', '-1', '7', 'MIG-1234']) expect(seen(none), none).toBeUndefined();
  });

  it('is what is planned with and what is computed on, unless a person has said so', () => {
    const environment: Record<string, string | undefined> = {};
    computeOnOne(cards, environment);
    expect(environment).toEqual({ CUDA_VISIBLE_DEVICES: large.uuid });
    expect(nvidiaCardOf(cards, environment)).toBe(large);
    for (const device of ['cuda', 'tensorflow'] as const) expect(cardOf(device, cards)).toBe(large);
    const set = { CUDA_VISIBLE_DEVICES: '2' };
    computeOnOne(cards, set);
    expect(set).toEqual({ CUDA_VISIBLE_DEVICES: '2' });
    const alone = {};
    computeOnOne([large], alone);
    expect(alone).toEqual({});
  });
});
