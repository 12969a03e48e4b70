import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../shared/config/config.ts';
import { drawMasks } from './masks.ts';
import { readJson } from './testing/reference-values.ts';

interface Statistics {
  grid: number;
  batch: number;
  batches: number;
  context_scale: [number, number];
  target_scale: [number, number];
  aspect_ratio: [number, number];
  target_blocks: number;
  min_keep: number;
  mean_context_tokens: number;
  std_context_tokens: number;
  target_tokens_histogram: Record<string, number>;
  context_coverage_by_row: number[];
  target_coverage_by_row: number[];
  context_coverage_by_column: number[];
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: readonly number[]): number => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

describe('the published sampler', () => {
  it.each(readJson<Statistics[]>('masks.json'))(
    '$grid×$grid, batch $batch: paper-exact has its statistics within three standard errors',
    (expected) => {
      const { grid, batch, batches } = expected;
      const config = {
        ...defaultConfig,
        masking: 'paper-exact',
        imageSize: grid,
        patchSize: 1,
        minKeep: expected.min_keep,
        targetCount: expected.target_blocks,
        targetScale: expected.target_scale,
        targetAspect: expected.aspect_ratio,
        contextScale: expected.context_scale,
      } as const;
      const drawn = Array.from({ length: batches }, (_, step) => drawMasks(config, 3, step, batch, 0));
      const contexts = drawn.map((masks) => masks[0]!.context.length);
      // Both sides are samples of 300 batches, so the difference of two means has √2 of one standard error.
      const error = (spread: number): number => (3 * Math.SQRT2 * spread) / Math.sqrt(batches);
      expect(Math.abs(mean(contexts) - expected.mean_context_tokens)).toBeLessThan(error(expected.std_context_tokens));

      const histogram = new Map<string, number>();
      for (const masks of drawn) {
        const key = String(masks[0]!.targets[0]!.length);
        histogram.set(key, (histogram.get(key) ?? 0) + 1);
      }
      expect(
        [...histogram.keys()].filter((key) => !(key in expected.target_tokens_histogram) && histogram.get(key)! > batches / 50),
      ).toEqual([]);
      for (const [key, count] of Object.entries(expected.target_tokens_histogram)) {
        const share = count / batches;
        expect(Math.abs((histogram.get(key) ?? 0) / batches - share)).toBeLessThan(error(Math.sqrt(share * (1 - share))) + 0.005);
      }

      const coverage = (
        lists: (masks: ReturnType<typeof drawMasks>) => readonly Int32Array[],
        position: (patch: number) => number,
      ): { average: number[]; spread: number[] } => {
        const perBatch = drawn.map((masks) => {
          const counts = Array.from<number>({ length: grid }).fill(0);
          const all = lists(masks);
          for (const list of all) for (const patch of list) counts[position(patch)]! += 1 / (all.length * grid);
          return counts;
        });
        const rows = Array.from({ length: grid }, (_, row) => perBatch.map((counts) => counts[row]!));
        return { average: rows.map(mean), spread: rows.map(deviation) };
      };
      const compare = ({ average, spread }: { average: number[]; spread: number[] }, reference: number[]): void =>
        reference.forEach((value, row) => expect(Math.abs(average[row]! - value), `row ${row}`).toBeLessThan(error(spread[row]!) + 2e-3));
      compare(
        coverage(
          (masks) => masks.map((one) => one.context),
          (patch) => Math.floor(patch / grid),
        ),
        expected.context_coverage_by_row,
      );
      compare(
        coverage(
          (masks) => masks.map((one) => one.context),
          (patch) => patch % grid,
        ),
        expected.context_coverage_by_column,
      );
      compare(
        coverage(
          (masks) => masks.flatMap((one) => one.targets),
          (patch) => Math.floor(patch / grid),
        ),
        expected.target_coverage_by_row,
      );
    },
  );
});
