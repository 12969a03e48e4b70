import { expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { fitSpace } from '../evaluation/spaces.ts';
import { fitSpaceAside } from './fit-space.ts';

const random = new Random(3, 'test');
const vectors = (rows: number, dimension: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: rows * dimension }, () => random.uniform() - 0.3);

it('gives the space that is fitted here, on a thread where it is much work', async () => {
  for (const [rows, dimension] of [
    [40, 8],
    [600, 224],
  ] as const) {
    const bank = vectors(rows, dimension);
    const expected = fitSpace('whitened', bank.slice(), dimension);
    expect(await fitSpaceAside('whitened', bank.slice(), dimension)).toEqual(expected);
  }
  expect((await fitSpaceAside('centred', vectors(5, 4), 4)).kind).toBe('centred');
});

it('hands an error on with its code', async () => {
  const bank = vectors(600, 224);
  bank[7] = Number.NaN;
  await expect(fitSpaceAside('whitened', bank, 224)).rejects.toMatchObject({ code: 'non-finite' });
});
