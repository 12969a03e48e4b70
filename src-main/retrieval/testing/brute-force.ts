// The obvious search: float64 scores of every row, sorted. The oracle of the search's tests.
import type { Neighbours, SearchRequest } from '../vector-memory.ts';

export function bruteForce(vectors: Float32Array, dimension: number, request: SearchRequest): Neighbours[] {
  const { queries, k, minScore = Number.NEGATIVE_INFINITY, allowed, exclude = [] } = request;
  return Array.from({ length: queries.length / dimension }, (_, q) => {
    const scored = [];
    for (let row = 0; row < vectors.length / dimension; row++) {
      let score = 0;
      for (let i = 0; i < dimension; i++) score += queries[q * dimension + i]! * vectors[row * dimension + i]!;
      const isAllowed = allowed === undefined || (((allowed[row >> 5] ?? 0) >> (row % 32)) & 1) === 1;
      if (isAllowed && !exclude.includes(row) && score >= minScore) scored.push({ row, score });
    }
    scored.sort((a, b) => b.score - a.score || a.row - b.row);
    const best = scored.slice(0, k);
    return { rows: Uint32Array.from(best, ({ row }) => row), scores: Float64Array.from(best, ({ score }) => score) };
  });
}
