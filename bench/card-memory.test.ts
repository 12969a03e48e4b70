import { expect, it } from 'vitest';
import { atOnce } from '../src-main/files/in-pieces.ts';
import { cardMemoryInPieces } from '../src-main/training/plan/memory-plan.ts';
import { cardMemoryRow, withCardMemory } from './card-memory.ts';
import { smallestConfig } from './shape.ts';

it('what work takes of a card is what was free before, less the least that was free meanwhile', async () => {
  let free = 8e9;
  const looked: number[] = [];
  const look = async (): Promise<number> => {
    looked.push(free);
    return Promise.resolve(free);
  };
  /** Until a look has seen what is taken now. */
  const seen = async (bytes: number): Promise<void> => {
    free = bytes;
    while (looked.at(-1) !== bytes) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const work = async (): Promise<string> => {
    await seen(5e9);
    await seen(7e9);
    return 'made';
  };
  expect(await withCardMemory(look, work, 1)).toEqual({ result: 'made', taken: 3e9 });
});

it('is not known where the system does not tell, and work that fails is not looked at any longer', async () => {
  expect(
    await withCardMemory(
      async () => Promise.resolve(undefined),
      async () => Promise.resolve('made'),
    ),
  ).toEqual({ result: 'made' });
  let looks = 0;
  const look = async (): Promise<number> => Promise.resolve(++looks);
  await expect(withCardMemory(look, async () => Promise.reject(new Error('It failed.')), 1)).rejects.toThrow('It failed.');
  const before = looks;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(looks).toBe(before);
});

it('is set beside the plan of a run that is not judged', () => {
  const config = { ...smallestConfig(1), evaluateImages: 500 };
  const { total } = atOnce(cardMemoryInPieces({ ...config, evaluateImages: 0 }));
  expect(cardMemoryRow('A card: it', config, 2 * total)).toMatchObject({ figure: 2, goal: '0.85–1.15' });
});
