import { describe, expect, it } from 'vitest';
import { VectorJobs } from './vector-jobs.svelte.ts';

type Studio = ConstructorParameters<typeof VectorJobs>[0];

/** A studio whose folder, jobs and answers the test sets. */
function studied() {
  const asked: Record<string, unknown>[] = [];
  const answers: Record<string, () => unknown> = { 'explore.embed': () => ({ job: 1 }), 'system.info': () => ({ devices: [] }) };
  const call = async (channel: string, input: Record<string, unknown>): Promise<unknown> => {
    if (channel === 'explore.embed') asked.push(input);
    return answers[channel]!();
  };
  const studio = {
    folder: { id: 1 } as { id: number } | undefined,
    runs: undefined as object[] | undefined,
    jobs: [] as object[],
    client: { call },
    ask: call,
  };
  return { studio, asked, answers, vectors: new VectorJobs(studio as unknown as Studio) };
}

describe('vectors that are computed', () => {
  it('are on the device that is chosen among those that are not absent, and on what the engine chooses where nothing is', async () => {
    const { vectors, asked, answers } = studied();
    answers['system.info'] = () => ({
      devices: [
        { id: 'cpu', state: 'ready' },
        { id: 'webgpu', state: 'untested' },
        { id: 'cuda', state: 'absent' },
      ],
    });
    await vectors.learnDevices();
    expect(vectors.devices).toEqual(['cpu', 'webgpu']);
    expect(await vectors.compute({ run: 'a', checkpoint: 'best', layer: 'last', device: 'webgpu' })).toBe(true);
    await vectors.compute({ run: 'a', checkpoint: '10', layer: 'last4' });
    expect(asked).toEqual([
      { folder: 1, run: 'a', checkpoint: 'best', layer: 'last', device: 'webgpu' },
      { folder: 1, run: 'a', checkpoint: '10', layer: 'last4', device: 'auto' },
    ]);
    answers['system.info'] = () => {
      throw new Error('The engine is away.');
    };
    await vectors.learnDevices();
    expect(vectors.devices).toEqual([]);
  });

  it('are not begun where that failed, or where there is no folder', async () => {
    const { studio, vectors, asked, answers } = studied();
    const choice = { run: 'a', checkpoint: 'best', layer: 'last' } as const;
    answers['explore.embed'] = () => undefined;
    expect(await vectors.compute(choice)).toBe(false);
    studio.folder = undefined;
    expect(await vectors.compute(choice)).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it('are those of the folder that have not ended, by encoders of runs that have one', () => {
    const { studio, vectors } = studied();
    expect([vectors.live, vectors.encoders]).toEqual([[], []]);
    const running = { id: 1, kind: 'embed', state: 'running', folder: 1 };
    studio.jobs = [
      running,
      { ...running, id: 2, folder: 2 },
      { ...running, id: 3, state: 'done' },
      { ...running, id: 4, kind: 'scan' },
      { ...running, id: 5, state: 'waiting' },
    ];
    studio.runs = [
      { name: 'a', checkpoints: [] },
      { name: 'b', checkpoints: [10] },
    ];
    expect(vectors.live.map(({ id }) => id)).toEqual([1, 5]);
    expect(vectors.encoders.map(({ name }) => name)).toEqual(['b']);
  });
});
