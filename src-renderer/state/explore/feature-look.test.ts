import { describe, expect, it, vi } from 'vitest';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { RpcClient } from '../../../shared/contract/rpc-client.ts';
import { FeatureLook, pictureInSight, questionOf } from './feature-look.svelte.ts';
import type { FeatureQuestion } from './feature-look.svelte.ts';

const question = (image: number): FeatureQuestion => ({ folder: 1, run: 'a', step: 1, image: { image } });

/** A client whose answers the test gives, in any order. */
function waiting() {
  const calls: { given: FeatureQuestion; signal: AbortSignal; resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  const call = (channel: string, given: FeatureQuestion, { signal }: { signal: AbortSignal }) => {
    expect(channel).toBe('explore.features');
    return new Promise((resolve, reject) => calls.push({ given, signal, resolve, reject }));
  };
  return { calls, look: new FeatureLook({ call } as unknown as RpcClient<AppContract>) };
}

describe('the picture to look at', () => {
  const query = { plus: [{ upload: 7 }, { image: 3 }], minus: [{ image: 4 }] };

  it('is the selected one, where it is one alone, else the first that is looked for', () => {
    expect(pictureInSight(new Set([9]), query)).toEqual({ image: 9 });
    expect(pictureInSight(new Set([9, 8]), query)).toEqual({ upload: 7 });
    expect(pictureInSight(new Set(), query)).toEqual({ upload: 7 });
    expect(pictureInSight(new Set(), { ...query, plus: [] })).toBeUndefined();
  });

  it('is shown to the encoder whose vectors are looked through, once all of them are known', () => {
    const source = { run: 'a', step: 10, layer: 'last4', dimension: 8 } as const;
    expect(questionOf({ upload: 7 }, source, { id: 2 })).toEqual({ folder: 2, run: 'a', step: 10, image: { upload: 7 } });
    expect([questionOf(undefined, source, { id: 2 }), questionOf({ image: 1 }, undefined, { id: 2 })]).toEqual([undefined, undefined]);
    expect(questionOf({ image: 1 }, source, undefined)).toBeUndefined();
  });
});

describe('what the encoder sees', () => {
  it('is never that of another picture', async () => {
    const { calls, look } = waiting();
    look.follow(question(1));
    calls[0]!.resolve('one');
    await vi.waitFor(() => expect(look.view).toBe('one'));
    look.follow(question(2));
    expect([look.view, look.busy]).toEqual([undefined, true]);
    look.follow(question(3));
    expect(calls[1]!.signal.aborted).toBe(true);
    calls[2]!.resolve('three');
    calls[1]!.resolve('two');
    await vi.waitFor(() => expect(look.busy).toBe(false));
    expect(look.view).toBe('three');
    look.follow(undefined);
    expect([look.view, look.busy]).toEqual([undefined, false]);
  });

  it('is asked for once, and again on request', async () => {
    const { calls, look } = waiting();
    look.follow(question(1));
    look.follow(question(1));
    expect(calls).toHaveLength(1);
    calls[0]!.reject(new Error('no'));
    await vi.waitFor(() => expect(look.error).toEqual(new Error('no')));
    look.follow(question(1));
    expect(calls).toHaveLength(1);
    look.retry();
    expect([calls.length, look.error, look.busy]).toEqual([2, undefined, true]);
  });
});
