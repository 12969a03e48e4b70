import { describe, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import { evaluate } from '../tensor/reference.ts';
import { embed, embeddingWidth } from './embedding.ts';
import { encoderParameters, patchValues, tokenCount } from './model.ts';
import type { ModelSize } from './model.ts';
import { encoderInputs } from './transformer.ts';

const transformer = { width: 8, depth: 5, heads: 2, hidden: 12 };
const size: ModelSize = { encoder: transformer, predictor: transformer, patchSize: 2, grid: 3 };
const batch = 2;
const random = new Random(3, 'test');
const values = (count: number): Float32Array => Float32Array.from({ length: count }, () => random.between(-1, 1));
const feeds = {
  patches: values(batch * tokenCount(size) * patchValues(size)),
  ...Object.fromEntries(
    encoderParameters(size).map(({ name, shape }) => [`targetEncoder.${name}`, values(shape.reduce((a, b) => a * b, 1))]),
  ),
};

describe('an embedding', () => {
  it('is the mean of the final tokens', () => {
    const { tokens, embedding } = embed(encoderInputs('targetEncoder', size), size, batch, 'last');
    const [all, pooled] = evaluate([tokens, embedding], feeds) as [Float64Array, Float64Array];
    expect(pooled.length).toBe(batch * embeddingWidth(size, 'last'));
    for (let b = 0; b < batch; b++)
      for (let i = 0; i < 8; i++) {
        const column = Array.from({ length: 9 }, (_, n) => all[(b * 9 + n) * 8 + i]!);
        expect(pooled[b * 8 + i]).toBeCloseTo(column.reduce((a, c) => a + c) / 9, 6);
      }
  });

  it('of the last four layers ends with that of the last, and no two of its parts are equal', () => {
    const network = encoderInputs('targetEncoder', size);
    const outputs = (['last', 'last4'] as const).map((layer) => embed(network, size, batch, layer).embedding);
    const [last, last4] = evaluate(outputs, feeds) as [Float64Array, Float64Array];
    expect(last4.length).toBe(batch * embeddingWidth(size, 'last4'));
    const part = (b: number, k: number): number[] => [...last4.subarray(b * 32 + 8 * k, b * 32 + 8 * (k + 1))];
    for (let b = 0; b < batch; b++) {
      part(b, 3).forEach((value, i) => expect(value).toBeCloseTo(last[b * 8 + i]!, 12));
      for (const k of [0, 1, 2]) expect(part(b, k)).not.toEqual(part(b, k + 1));
    }
  });
});
