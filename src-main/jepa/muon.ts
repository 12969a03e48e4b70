// Muon (Jordan et al. 2024): the matrices of the blocks move along their orthogonalised momentum, everything else by AdamW. Updates
// are scaled to the size that AdamW's have (Liu et al. 2025, "Muon is scalable"), so that one learning rate serves both.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { add, divide, multiply, sqrt, square, subtract } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { gemm, matmul } from '../tensor/products.ts';
import { concatenate, input, reshape, scalar, slice, sumAll } from '../tensor/structure.ts';
import type { ParameterSpec } from './model.ts';

/** Of the running gradient. */
export const muonMomentum = 0.95;
/** Root mean square of an update before the learning rate: about that of AdamW. */
const updateSize = 0.2;

/** Coefficients of the quintic iteration (Jordan et al. 2024): made five times, it ends with singular values within about 0.7–1.2. */
const [c1, c3, c5] = [3.4445, -4.775, 2.0315] as const;
/** How many iterations are made on the products of the smaller side alone before the matrix itself is taken again. */
const plain = [1, 1, 1, 1, 1] as const;
/** More in one go lose digits: each makes what was rounded off small singular values twelve times larger (c1²). */
const stretches = [3, 2] as const;
/** Beyond this ratio of sides fewer operations are needed that way: 4·long + 14·short products of short × short instead of 10·long + 5·short. */
const oblong = 1.5;

/** Matrices that a parameter holds side by side. */
const partsOf = (name: string): number => (name.endsWith('attention.qkv.weight') ? 3 : 1);

/**
 * Whether a parameter is moved by its orthogonalised momentum: the weights of the blocks and of convolutions after the first, not what
 * sees pixels, projects or normalises.
 */
export const isMuonMatrix = ({ name, shape }: Pick<ParameterSpec, 'name' | 'shape'>): boolean =>
  shape.length === 2 && /\.(blocks|patchEmbed\.[1-9]\d*)\./.test(name);

/** The parameters that are moved so, with these settings. */
export const muonMatrices = (specs: readonly ParameterSpec[], { optimiser }: Pick<TrainConfig, 'optimiser'>): readonly ParameterSpec[] =>
  optimiser === 'muon' ? specs.filter(isMuonMatrix) : [];

const isOblong = (rows: number, columns: number): boolean => Math.max(rows, columns) > oblong * Math.min(rows, columns);

/** Floating-point operations of a step's direction of a parameter. */
export function muonOperations({ name, shape }: Pick<ParameterSpec, 'name' | 'shape'>): number {
  const [rows, columns] = shape as [number, number];
  const each = columns / partsOf(name);
  const [short, long] = [Math.min(rows, each), Math.max(rows, each)];
  const [longs, shorts] = isOblong(rows, each) ? [4, 14] : [10, 5];
  return partsOf(name) * 2 * short ** 2 * (longs * long + shorts * short);
}

/**
 * Newton–Schulz iteration towards U·Vᵀ of x = U·Σ·Vᵀ, x [m, n]: y ← P·y with G = y·yᵀ and P = c1 + c3·G + c5·G², or from the right where
 * m > n. All of these commute, so for oblong matrices G ← P·P·G goes on without y, which the product of all P reaches at the end.
 */
export function orthogonalise(x: Tensor): Tensor {
  const [rows, columns] = x.shape as [number, number];
  const isTall = rows > columns;
  const gramOf = (y: Tensor): Tensor => matmul(y, y, isTall, !isTall);
  // A polynomial of G is kept without its multiple of the identity, which the next product adds.
  const ofGram = (gram: Tensor): Tensor => gemm(gram, gram, gram, c5, c3);
  const times = (polynomial: Tensor, other: Tensor): Tensor => gemm(polynomial, other, other, 1, c1);
  const reached = (polynomial: Tensor, identity: number, y: Tensor): Tensor =>
    isTall ? gemm(y, polynomial, y, 1, identity) : gemm(polynomial, y, y, 1, identity);
  let y = divide(x, add(sqrt(sumAll(square(x))), 1e-7));
  for (const count of isOblong(rows, columns) ? stretches : plain) {
    let gram = gramOf(y);
    let all = ofGram(gram);
    let [last, identity] = [all, c1 as number];
    for (let i = 1; i < count; i++) {
      gram = times(last, times(last, gram));
      last = ofGram(gram);
      all = add(times(last, all), multiply(last, identity));
      identity *= c1;
    }
    y = reached(all, identity, y);
  }
  return y;
}

/**
 * The direction of one step, of the parameter's shape, and the moved momentum. Queries, keys and values are three matrices of their
 * own in `attention.qkv.weight` [width, 3·width].
 */
export function muonDirection(name: string, gradient: Tensor, running: Tensor): { readonly direction: Tensor; readonly momentum: Tensor } {
  const momentum = add(running, multiply(subtract(gradient, running), scalar(1 - muonMomentum)));
  // Nesterov's: what the momentum will be if the gradient stays.
  const ahead = add(gradient, multiply(subtract(momentum, gradient), scalar(muonMomentum)));
  const [rows, columns] = gradient.shape as [number, number];
  const parts = partsOf(name);
  const each = columns / parts;
  const scaled = Array.from({ length: parts }, (_, i) =>
    multiply(orthogonalise(slice(ahead, 1, i * each, each)), updateSize * Math.sqrt(Math.max(rows, each))),
  );
  return { direction: reshape(concatenate(scaled, 1), gradient.shape), momentum };
}

/** The momentum of matrices moved by their gradients, and the directions that follow from it. */
export function muonDirections(matrices: readonly ParameterSpec[]): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    matrices.flatMap(({ name, shape }) => {
      const { direction, momentum } = muonDirection(name, input(`gradient.${name}`, shape), input(`moment1.${name}`, shape));
      return [
        [`moment1.${name}`, momentum],
        [`direction.${name}`, direction],
      ];
    }),
  );
}
