// The stand-in behaves as the engine where the page counts on it.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { InputOf } from '../../shared/contract/channel.ts';
import type { AppContract } from '../../shared/contract/contract.ts';
import { RpcClient } from '../../shared/contract/rpc-client.ts';
import { connectToFakeEngine } from './fake-engine.ts';

const engine = () => new RpcClient<AppContract>(connectToFakeEngine('full'));

describe('the exports of the fake engine', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => vi.useRealTimers());

  it('are told of at their target, and whether another would take their place', async () => {
    const client = engine();
    const { path: target } = await client.call('export.target', { folder: 1, run: 'stained-cells-1', checkpoint: 'best' });
    const other = await client.call('export.target', { folder: 2, run: 'stained-cells-1', checkpoint: 'best' });
    expect([target, other.path]).toEqual([
      '/home/ada/ijepa-studio-exports/stained-cells-1-step-12000-stained-cells-2026',
      '/home/ada/ijepa-studio-exports/stained-cells-1-step-12000-herbarium-sheets',
    ]);
    const vectors = {
      run: 'stained-cells-1',
      checkpoint: 'best',
      layer: 'last',
      space: 'whitened',
      vectorColumn: 'vector',
      neighbours: 0,
    } as const;
    const input = { ...vectors, folder: 1, formats: ['npy' as const], target };
    const write = async (more: Partial<InputOf<AppContract['export.start']>>): Promise<void> => {
      const { job } = await client.call('export.start', { ...input, ...more });
      await vi.advanceTimersByTimeAsync(5000);
      await client.call('jobs.wait', { job });
    };
    const earlier = async (more: Partial<InputOf<AppContract['export.start']>> = {}) =>
      (await client.call('export.preview', { ...input, ...more })).earlier;
    expect(await earlier()).toBeUndefined();
    await write({});
    expect(await earlier()).toMatchObject({ run: 'stained-cells-1', step: 12_000, folder: 'stained-cells-2026', replaced: false });
    for (const differs of [{ folder: 2 }, { space: 'raw' }, { layer: 'last4' }, { checkpoint: '500' }] as const)
      expect((await earlier(differs))?.replaced).toBe(true);
    expect(await earlier({ target: `${target} 2` })).toBeUndefined();
    // Weights stand beside any vectors of theirs, which stay.
    const weights = { formats: ['onnx' as const], folder: 2 };
    expect((await earlier(weights))?.replaced).toBe(false);
    await write(weights);
    expect((await earlier({ folder: 2 }))?.replaced).toBe(true);
  });
});

describe('the runs of the fake engine', () => {
  it('do not begin while their folder is read', async () => {
    const client = engine();
    const start = { folder: 1, settings: {}, name: 'new', usable: false };
    const { job } = await client.call('library.scan', { path: '/home/ada/plates/stained-cells-2026' });
    await expect(client.call('runs.start', start)).rejects.toMatchObject({
      code: 'locked',
      message: 'stained-cells-2026 is still being read, and what a run takes follows from all of its images.',
    });
    await client.call('runs.start', { ...start, folder: 2, name: 'beside' });
    await client.call('jobs.cancel', { job });
    expect((await client.call('runs.start', start)).run).toBe('new');
  });

  it('have no images of another folder pinned', async () => {
    const client = engine();
    await client.call('runs.pin', { run: 'stained-cells-1', images: [3] });
    const { run } = await client.call('runs.start', { folder: 2, settings: {}, name: 'sheets', usable: false });
    await expect(client.call('runs.pin', { run, images: [3] })).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('is not among the images of herbarium-sheets') as unknown,
    });
    await client.call('runs.pin', { run, images: [] });
  });
});
