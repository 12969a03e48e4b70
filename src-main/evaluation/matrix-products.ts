// Dense products of row-major float32 matrices, accumulated in float64. Rows are packed four by four, so that one pass of the kernel's
// inner loop does sixteen multiplications for six loads, two at a time.
import { AppError } from '../../shared/errors.ts';
import { multiplyTiles, tileRows as tile } from './product-kernel.ts';

/** Rows of a matrix, interleaved `tile` by `tile`: element k of row r lies at (⌊r/tile⌋·depth + k)·tile + r mod tile. */
export interface PackedRows {
  readonly rows: number;
  readonly depth: number;
  readonly values: Float64Array;
}

/** Packs rows [from, from + count) of `matrix` [·, depth], after subtracting `mean` [depth] when given. */
export function packRows(matrix: Float32Array | Float64Array, depth: number, from: number, count: number, mean?: Float64Array): PackedRows {
  const values = new Float64Array(Math.ceil(count / tile) * tile * depth);
  for (let row = 0; row < count; row++) {
    const source = (from + row) * depth;
    const target = Math.floor(row / tile) * tile * depth + (row % tile);
    if (mean) for (let k = 0; k < depth; k++) values[target + k * tile] = matrix[source + k]! - mean[k]!;
    else for (let k = 0; k < depth; k++) values[target + k * tile] = matrix[source + k]!;
  }
  return { rows: count, depth, values };
}

/** Packs columns [from, from + count) of `matrix` [rows, columns] as if they were rows of depth `rows`. */
export function packColumns(matrix: Float32Array | Float64Array, columns: number, rows: number, from: number, count: number): PackedRows {
  const values = new Float64Array(Math.ceil(count / tile) * tile * rows);
  for (let k = 0; k < rows; k++) {
    for (let column = 0; column < count; column++) {
      values[(Math.floor(column / tile) * rows + k) * tile + (column % tile)] = matrix[k * columns + from + column]!;
    }
  }
  return { rows: count, depth: rows, values };
}

/**
 * out[row + i, column + j] = Σₖ a[i, k]·b[j, k], or adds to it when `add`; `out` has `stride` values per row. With `upper`, tiles that lie
 * wholly below the diagonal of `out` are left alone.
 */
export function productOfPacked(
  a: PackedRows,
  b: PackedRows,
  out: Float32Array | Float64Array,
  stride: number,
  place: { readonly row?: number; readonly column?: number; readonly add?: boolean; readonly upper?: boolean } = {},
): void {
  const depth = a.depth;
  if (b.depth !== depth) {
    throw new AppError('internal', `Product of depths ${depth} and ${b.depth}.`, 'This is a fault of the program.');
  }
  const { row = 0, column = 0, add = false, upper = false } = place;
  const all = Math.ceil(a.rows / tile);
  // Of a tile of b's rows only tiles that begin at or above its last row.
  const wanted = (j: number): number => (upper ? Math.min(all, Math.max(0, Math.floor((column + j + tile - 1 - row) / tile) + 1)) : all);
  multiplyTiles(a.values, b.values, depth, wanted, (j, sums) => {
    const columnsHere = Math.min(tile, b.rows - j);
    const rowsHere = Math.min(tile * wanted(j), a.rows);
    for (let y = 0; y < rowsHere; y++) {
      const base = (row + y) * stride + column + j;
      for (let x = 0; x < columnsHere; x++) out[base + x] = add ? out[base + x]! + sums[y * tile + x]! : sums[y * tile + x]!;
    }
  });
}

/**
 * A·Bᵀ in blocks of rows of A, so that only `blockRows` × rowsB products are held at once: calls `visit` with the first row of
 * the block, the number of its rows and the products [rows, rowsB] (reused for the next block).
 */
export function forEachProductBlock(
  a: Float32Array,
  b: Float32Array,
  depth: number,
  visit: (firstRow: number, rows: number, products: Float64Array) => void,
  blockRows = 96,
): void {
  const rowsA = rowCount(a, depth);
  const rowsB = rowCount(b, depth);
  const packed: PackedRows[] = [];
  const chunk = 768;
  for (let from = 0; from < rowsB; from += chunk) packed.push(packRows(b, depth, from, Math.min(chunk, rowsB - from)));
  const products = new Float64Array(blockRows * rowsB);
  for (let first = 0; first < rowsA; first += blockRows) {
    const rows = Math.min(blockRows, rowsA - first);
    const left = packRows(a, depth, first, rows);
    for (const [index, right] of packed.entries()) {
      productOfPacked(left, right, products, rowsB, { column: index * chunk });
    }
    visit(first, rows, products);
  }
}

/** Rows of a row-major matrix. Throws `bad-input` when its length is no multiple of its depth. */
export function rowCount(matrix: Float32Array | Float64Array, depth: number): number {
  if (!Number.isInteger(depth) || depth < 1 || matrix.length % depth !== 0) {
    throw new AppError(
      'bad-input',
      `${matrix.length} numbers cannot be vectors of ${depth} dimensions.`,
      'Check that the vectors and their dimension belong together.',
    );
  }
  return matrix.length / depth;
}

/** Mean over rows [depth], in float64. */
export function meanOfRows(matrix: Float32Array, depth: number): Float64Array {
  const rows = rowCount(matrix, depth);
  const mean = new Float64Array(depth);
  for (let row = 0; row < rows; row++) for (let k = 0; k < depth; k++) mean[k]! += matrix[row * depth + k]!;
  for (let k = 0; k < depth; k++) mean[k]! /= Math.max(1, rows);
  return mean;
}

/** Σ over rows of (x − mean)(x − mean)ᵀ as a full symmetric matrix [depth, depth]; no mean is removed when none is given. */
export function scatterMatrix(matrix: Float32Array, depth: number, mean?: Float64Array): Float64Array {
  const rows = rowCount(matrix, depth);
  const scatter = new Float64Array(depth * depth);
  const chunk = 512;
  const band = 192;
  for (let from = 0; from < rows; from += chunk) {
    const count = Math.min(chunk, rows - from);
    const centred = new Float64Array(count * depth);
    for (let row = 0; row < count; row++) {
      for (let k = 0; k < depth; k++) centred[row * depth + k] = matrix[(from + row) * depth + k]! - (mean?.[k] ?? 0);
    }
    const bands: PackedRows[] = [];
    for (let k = 0; k < depth; k += band) bands.push(packColumns(centred, depth, count, k, Math.min(band, depth - k)));
    for (const [i, left] of bands.entries()) {
      for (let j = i; j < bands.length; j++) {
        productOfPacked(left, bands[j]!, scatter, depth, { row: i * band, column: j * band, add: true, upper: true });
      }
    }
  }
  mirrorUpper(scatter, depth);
  return scatter;
}

/** Gram matrix of the rows, [rows, rows]: (x − mean)·(y − mean). */
export function gramMatrix(matrix: Float32Array, depth: number, mean?: Float64Array): Float64Array {
  const rows = rowCount(matrix, depth);
  const gram = new Float64Array(rows * rows);
  const band = 192;
  const bands: PackedRows[] = [];
  for (let from = 0; from < rows; from += band) {
    bands.push(packRows(matrix, depth, from, Math.min(band, rows - from), mean));
  }
  for (const [i, left] of bands.entries()) {
    for (let j = i; j < bands.length; j++) {
      productOfPacked(left, bands[j]!, gram, rows, { row: i * band, column: j * band, upper: true });
    }
  }
  mirrorUpper(gram, rows);
  return gram;
}

function mirrorUpper(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) matrix[i * size + j] = matrix[j * size + i]!;
}
