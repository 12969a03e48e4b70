import { expect, it } from 'vitest';
import { atOnce, inPieces } from '../files/in-pieces.ts';
import { withoutLookAlikes } from './look-alikes.ts';

const at = (degrees: number): number[] => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
const vectors = (...degrees: number[]): Float32Array => Float32Array.from(degrees.flatMap(at));
const kept = (...given: Parameters<typeof withoutLookAlikes>): boolean[] => atOnce(withoutLookAlikes(...given));
/** The cosine of an angle. */
const cos = (degrees: number): number => at(degrees)[0]!;

it('what is too much like one that stays above it is left out, chains do not count', () => {
  // 8° is near 0° and left out, so that 12°, near to 8° alone, stays.
  expect(kept(vectors(0, 8, 12, 90, 91, 180), 2, cos(10))).toEqual([true, false, true, true, false, true]);
});

it('what is like the query is left out too', () => {
  expect(kept(vectors(0, 30), 2, cos(10), vectors(5, 100))).toEqual([false, true]);
});

it('with a limit of 1 even equal vectors stay', () => {
  expect(kept(vectors(33, 33, 33), 2, 1)).toEqual([true, true, true]);
  expect(kept(vectors(33, 33.001), 2, 0.9999)).toEqual([true, false]);
});

it('many are compared in pieces, between which the search can be given up', async () => {
  // All different: each is compared with every one before it.
  const count = 1500;
  const different = new Float32Array(count ** 2);
  for (let i = 0; i < count; i++) different[i * count + i] = 1;
  let turns = 0;
  const turn = (): void => {
    if (++turns === 3) stop.abort();
    else setImmediate(turn);
  };
  const stop = new AbortController();
  setImmediate(turn);
  const given = inPieces(withoutLookAlikes(different, count, 0.9), stop.signal);
  await expect(given).rejects.toEqual(expect.objectContaining({ code: 'cancelled' }));
});
