// Fixed two-dimensional sine-cosine positions (Vaswani et al. 2017; He et al. 2022, MAE).

/**
 * Positions of a lattice of `side`×`side` places in raster order, row-major [side², width]. The first half of a row comes from the column
 * x, the second from the row y; each half holds the sines, then the cosines, of coordinate / 10000^(i / (width/4)). `width` must be a
 * multiple of 4. Places lie `spacing` apart: a lattice over the same square that is finer or coarser than the one with a place at each
 * whole number has its places in between.
 */
export function sineCosinePositions(width: number, side: number, spacing = 1): Float32Array {
  const quarter = width / 4;
  const coordinateOf = (place: number): number => (place + 0.5) * spacing - 0.5;
  const table = new Float32Array(side * side * width);
  for (let row = 0, at = 0; at < side * side; at++, row += width) {
    const [x, y] = [coordinateOf(at % side), coordinateOf(Math.floor(at / side))];
    for (let i = 0; i < quarter; i++) {
      const frequency = 10000 ** (-i / quarter);
      table[row + i] = Math.sin(x * frequency);
      table[row + quarter + i] = Math.cos(x * frequency);
      table[row + 2 * quarter + i] = Math.sin(y * frequency);
      table[row + 3 * quarter + i] = Math.cos(y * frequency);
    }
  }
  return table;
}
