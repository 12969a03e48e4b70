// What is said of TensorFlow before anything of it is fetched.
import { describe, expect, it } from 'vitest';
import type { GraphicsCard } from '../../../shared/devices.ts';
import { homeAt } from '../home.ts';
import { tensorflowLacks, tensorflowOffer } from './install-tensorflow.ts';

const nvidia: GraphicsCard = { name: 'NVIDIA GeForce RTX 3060', driver: '550.54.14', computeCapability: 8.6 };
const nouveau: GraphicsCard = { name: 'NVIDIA graphics (0x2504)', driver: 'nouveau, Linux 6.8' };
const all = { system: 'linux-x64', has: () => true, hasLibdevice: true };
const home = homeAt('/nowhere');

describe('TensorFlow is offered', () => {
  it('with the disk that it takes and what this computer lacks for it', () => {
    expect(tensorflowOffer(home, [nvidia], all)).toMatchObject({ version: '2.9.1', installed: false, space: 3e9, lacks: [] });
    const without = (part: string): readonly string[] =>
      tensorflowOffer(home, [nvidia], { ...all, has: (file) => !file.includes(part) })!.lacks;
    expect(without('cudnn')).toEqual([expect.stringContaining('needs cuDNN 8.1')]);
    expect(tensorflowOffer(home, [nvidia], { ...all, hasLibdevice: false })!.lacks).toEqual([expect.stringContaining('libdevice.10.bc')]);
    expect(without('cublas')).toEqual([expect.stringContaining('needs CUDA 11.2')]);
    expect(tensorflowOffer(home, [{ ...nvidia, driver: '440.1' }], all)!.lacks).toEqual([expect.stringContaining('update it')]);
  });

  it('where a card may use it alone: not under nouveau, newer than all of its kernels, of another vendor or on another system', () => {
    for (const cards of [[], [{ name: 'AMD Radeon' }], [nouveau], [{ ...nvidia, computeCapability: 12 }]])
      expect(tensorflowOffer(home, cards, all)).toBeUndefined();
    expect(tensorflowOffer(home, [nvidia], { ...all, system: 'darwin-arm64' })).toBeUndefined();
    expect(tensorflowOffer(home, [nouveau, nvidia], all)).toBeDefined();
  });
});

it('who installs it all the same is told what it could not use', () => {
  expect(tensorflowLacks([], all)).toEqual(['No graphics card of NVIDIA was found, and TensorFlow uses no other.']);
  expect(tensorflowLacks([nouveau], all)).toEqual([expect.stringContaining("Install NVIDIA's driver")]);
  expect(tensorflowLacks([nvidia], all)).toEqual([]);
});
