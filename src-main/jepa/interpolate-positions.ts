// Learned positions on a grid of another size, to train on from there or to look closer (Dosovitskiy et al. 2021, §3.2).

/** Keys' cubic convolution (1981) with a = −0.75, as PyTorch's bicubic interpolation has it. */
const sharpness = -0.75;
function cubic(distance: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return (sharpness + 2) * d ** 3 - (sharpness + 3) * d ** 2 + 1;
  return d < 2 ? sharpness * (d ** 3 - 5 * d ** 2 + 8 * d - 4) : 0;
}

/** Weights [to, from] of the old places along one side in each new place; centres of patches are aligned, edges repeat. */
function weightsOf(from: number, to: number): Float64Array {
  const weights = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    const at = ((i + 0.5) * from) / to - 0.5;
    const first = Math.floor(at) - 1;
    for (let tap = first; tap < first + 4; tap++) {
      const place = Math.min(from - 1, Math.max(0, tap));
      weights[i * from + place]! += cubic(at - tap);
    }
  }
  return weights;
}

/** A table of positions [from², width] in raster order → [to², width]. */
export function interpolatePositions(table: Float32Array, from: number, to: number, width: number): Float32Array {
  if (table.length !== from * from * width) throw new RangeError(`${table.length} values for a grid of ${from}×${from} and width ${width}`);
  if (from === to) return table.slice();
  const weights = weightsOf(from, to);
  const across = new Float64Array(from * to * width);
  for (let y = 0; y < from; y++)
    for (let x = 0; x < to; x++)
      for (let k = 0; k < from; k++) {
        const weight = weights[x * from + k]!;
        if (weight === 0) continue;
        for (let i = 0; i < width; i++) across[(y * to + x) * width + i]! += weight * table[(y * from + k) * width + i]!;
      }
  const result = new Float32Array(to * to * width);
  const line = new Float64Array(to * width);
  for (let y = 0; y < to; y++) {
    line.fill(0);
    for (let k = 0; k < from; k++) {
      const weight = weights[y * from + k]!;
      if (weight === 0) continue;
      for (let i = 0; i < line.length; i++) line[i]! += weight * across[k * line.length + i]!;
    }
    result.set(line, y * line.length);
  }
  return result;
}
