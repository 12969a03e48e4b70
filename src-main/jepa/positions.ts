// Fixed two-dimensional sine-cosine positions (Vaswani et al. 2017; He et al. 2022, MAE).

/** Where the places of a lattice `times` as fine lie between those of the lattice that it divides, along one side. */
const coordinateOf = (place: number, times: number): number => (place + 0.5) / times - 0.5;

/**
 * Positions of a `grid`×`grid` lattice in raster order, row-major [grid², width]. The first half of a row comes from the column x,
 * the second from the row y; each half holds the sines, then the cosines, of coordinate / 10000^(i / (width/4)).
 * `width` must be a multiple of 4. With `times` the lattice has as many places in each of its cells, along both sides: [(grid·times)², width].
 */
export function sineCosinePositions(width: number, grid: number, times = 1): Float32Array {
  const quarter = width / 4;
  const side = grid * times;
  const table = new Float32Array(side * side * width);
  for (let row = 0, at = 0; at < side * side; at++, row += width) {
    const [x, y] = [coordinateOf(at % side, times), coordinateOf(Math.floor(at / side), times)];
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
