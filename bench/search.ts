// Exact search against summing the same bytes with the same instructions, on the same thread, in turns.
import { Random } from '../shared/random.ts';
import { normaliseRows } from '../src-main/evaluation/spaces.ts';
import { SearchIndex } from '../src-main/retrieval/search-index.ts';

const dimension = 384;
const blockRows = 4000;
const repeats = 15;

/** Normalised vectors in blocks; every block is the first with its columns turned by another amount, so that filling is quick. */
function* blocks(rows: number): Generator<Float32Array> {
  const random = new Random(1, 'test');
  const first = normaliseRows(
    Float32Array.from({ length: blockRows * dimension }, () => random.normal()),
    dimension,
  );
  for (let row = 0, shift = 0; row < rows; row += blockRows, shift++) {
    const block = new Float32Array(Math.min(blockRows, rows - row) * dimension);
    const at = (shift * 7) % dimension;
    block.set(first.subarray(at, block.length));
    block.set(first.subarray(0, at), block.length - at);
    yield block;
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** Median milliseconds of a search for the 100 nearest of 100,000 and of 1,000,000 vectors, of the sum, and their ratio. */
export async function benchSearch(sizes: readonly number[] = [100_000, 1_000_000]): Promise<{ rows: { name: string; value: string }[] }> {
  const rows: { name: string; value: string }[] = [];
  for (const size of sizes) {
    const index = await SearchIndex.create({ dimension });
    try {
      await index.load(blocks(size));
      const query = await index.vector(Math.floor(size / 2));
      for (let i = 0; i < 3; i++) await index.measure(query, 100);
      const times = [];
      for (let i = 0; i < repeats; i++) times.push(await index.measure(query, 100));
      const search = median(times.map((time) => time.search));
      const sum = median(times.map((time) => time.sum));
      const gigabytes = (size * dimension * 4) / 1e9;
      rows.push({
        name: `exact search, ${size.toLocaleString('en')} × ${dimension}, 100 best`,
        value: `${search.toFixed(1)} ms (${(gigabytes / (search / 1000)).toFixed(1)} GB/s), sum of the same bytes ${sum.toFixed(1)} ms, ratio ${(search / sum).toFixed(2)}`,
      });
    } finally {
      await index.dispose();
    }
  }
  return { rows };
}
