// Muon (Jordan et al. 2024): the matrices of the blocks move along their orthogonalised momentum, everything else by AdamW. Updates
// are scaled to the size that AdamW's have (Liu et al. 2025, "Muon is scalable"), so that one learning rate serves both.
import { add, divide, multiply, sqrt, square, subtract } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { gemm, matmul } from '../tensor/products.ts';
import { concatenate, input, reshape, scalar, slice, sumAll } from '../tensor/structure.ts';
import type { ParameterSpec } from './model.ts';

/** Of the running gradient. */
export const muonMomentum = 0.95;
/** Root mean square of an update before the learning rate: about that of AdamW. */
const updateSize = 0.2;

/**
 * Quintics c1·σ + c3·σ³ + c5·σ⁵ that bring singular values from 0.01 on to within 0.27 of 1, one after the other: each is the best on what
 * the one before leaves (Amsel et al. 2025, "The Polar Express"; found by Remez exchange). The same quintic five times (Jordan et al. 2024)
 * reaches 0.7–1.2 by two thirds more operations.
 */
export const quintics = [
  [8.093368512548258, -23.62043032882427, 17.446151749836243],
  [3.6365855542590406, -2.7219267466089083, 0.5365462883273614],
  [2.6612999857770987, -1.977154521884625, 0.4526164069964009],
] as const;
type Quintic = (typeof quintics)[number];

/**
 * Beyond this ratio of sides fewer operations are needed on the products of the smaller side alone: 2·long + 9·short products of
 * short × short instead of 6·long + 3·short.
 */
const oblong = 1.5;

/**
 * Whether a parameter is moved by its orthogonalised momentum: the weights of the blocks and of convolutions after the first, not what
 * sees pixels, projects or normalises.
 */
export const isMuonMatrix = ({ name, shape }: Pick<ParameterSpec, 'name' | 'shape'>): boolean =>
  shape.length === 2 && /\.(blocks|patchEmbed\.[1-9]\d*)\./.test(name);

/**
 * Newton–Schulz iteration towards U·Vᵀ of x = U·Σ·Vᵀ, x [m, n]: y ← P·y with G = y·yᵀ and P = c1 + c3·G + c5·G², or from the right where
 * m > n. All of these commute, so for oblong matrices G ← P·P·G goes on without y, which the product of all P reaches at the end. What
 * comes of it is multiplied by `size`.
 */
export function orthogonalise(x: Tensor, size = 1): Tensor {
  const [rows, columns] = x.shape as [number, number];
  const isTall = rows > columns;
  const gramOf = (y: Tensor): Tensor => matmul(y, y, isTall, !isTall);
  // A polynomial of G is kept without its multiple of the identity, which the next product adds.
  const ofGram = (gram: Tensor, [, c3, c5]: Quintic): Tensor => gemm(gram, gram, gram, c5, c3);
  const times = (polynomial: Tensor, other: Tensor, identity: number): Tensor => gemm(polynomial, other, other, 1, identity);
  const reached = (polynomial: Tensor, identity: number, y: Tensor, by = 1): Tensor =>
    isTall ? gemm(y, polynomial, y, by, by * identity) : gemm(polynomial, y, y, by, by * identity);
  const scaled = divide(x, add(sqrt(sumAll(square(x))), 1e-7));
  if (Math.max(rows, columns) <= oblong * Math.min(rows, columns))
    return quintics.reduce(
      (y, quintic, i) => reached(ofGram(gramOf(y), quintic), quintic[0], y, i === quintics.length - 1 ? size : 1),
      scaled,
    );
  const [first, ...others] = quintics;
  let gram = gramOf(scaled);
  let last = ofGram(gram, first);
  let c1: number = first[0];
  let [all, identity] = [last, c1];
  for (const quintic of others) {
    gram = times(last, times(last, gram, c1), c1);
    last = ofGram(gram, quintic);
    [c1] = quintic;
    all = add(times(last, all, c1), multiply(last, identity));
    identity *= c1;
  }
  return reached(all, identity, scaled, size);
}

/**
 * The direction of one step, of the parameter's shape, and the moved momentum. Queries, keys and values are three matrices of their
 * own in `attention.qkv.weight` [width, 3·width].
 */
export function muonDirection(name: string, gradient: Tensor, running: Tensor): { readonly direction: Tensor; readonly momentum: Tensor } {
  const momentum = add(running, multiply(subtract(gradient, running), scalar(1 - muonMomentum)));
  // Nesterov's, what the momentum will be if the gradient stays; its length is of no account, so one product is enough.
  const ahead = add(momentum, multiply(gradient, scalar((1 - muonMomentum) / muonMomentum)));
  const [rows, columns] = gradient.shape as [number, number];
  const parts = name.endsWith('attention.qkv.weight') ? 3 : 1;
  const each = columns / parts;
  const scaled = Array.from({ length: parts }, (_, i) =>
    orthogonalise(slice(ahead, 1, i * each, each), updateSize * Math.sqrt(Math.max(rows, each))),
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
