// Fixed two-dimensional sine-cosine positions (Vaswani et al. 2017; He et al. 2022, MAE).

/**
 * Positions of a `grid`×`grid` lattice in raster order, row-major [grid², width]. The first half of a row comes from the column x,
 * the second from the row y; each half holds the sines, then the cosines, of coordinate / 10000^(i / (width/4)).
 * `width` must be a multiple of 4.
 */
export function sineCosinePositions(width: number, grid: number): Float32Array {
  const quarter = width / 4;
  const table = new Float32Array(grid * grid * width);
  for (let y = 0; y < grid; y++) {
    for (let x = 0; x < grid; x++) {
      const row = (y * grid + x) * width;
      for (let i = 0; i < quarter; i++) {
        const frequency = 10000 ** (-i / quarter);
        table[row + i] = Math.sin(x * frequency);
        table[row + quarter + i] = Math.cos(x * frequency);
        table[row + 2 * quarter + i] = Math.sin(y * frequency);
        table[row + 3 * quarter + i] = Math.cos(y * frequency);
      }
    }
  }
  return table;
}
