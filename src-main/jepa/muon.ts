// Muon (Jordan et al. 2024): the matrices of the blocks move along their orthogonalised momentum, everything else by AdamW. Updates
// are scaled to the size that AdamW's have (Liu et al. 2025, "Muon is scalable"), so that one learning rate serves both.
import { add, divide, multiply, sqrt, square, subtract } from '../tensor/elementwise.ts';
import type { Tensor } from '../tensor/graph.ts';
import { gemm, matmul } from '../tensor/products.ts';
import { concatenate, reshape, scalar, slice, sumAll } from '../tensor/structure.ts';
import type { ParameterSpec } from './model.ts';

/** Of the running gradient. */
export const muonMomentum = 0.95;
/** Root mean square of an update before the learning rate: about that of AdamW. */
const updateSize = 0.2;

/** Coefficients of the quintic iteration and how often it is made (Jordan et al. 2024): singular values end within about 0.7–1.2. */
const [c1, c3, c5] = [3.4445, -4.775, 2.0315] as const;
const iterations = 5;

/**
 * Whether a parameter is moved by its orthogonalised momentum: the weights of the blocks and of convolutions after the first, not what
 * sees pixels, projects or normalises.
 */
export const isMuonMatrix = ({ name, shape }: Pick<ParameterSpec, 'name' | 'shape'>): boolean =>
  shape.length === 2 && /\.(blocks|patchEmbed\.[1-9]\d*)\./.test(name);

/** Newton–Schulz iteration towards U·Vᵀ of x = U·Σ·Vᵀ, x [m, n]: y ← c1·y + (c3·y·yᵀ + c5·(y·yᵀ)²)·y, or from the right where m > n. */
export function orthogonalise(x: Tensor): Tensor {
  const [rows, columns] = x.shape as [number, number];
  const isTall = rows > columns;
  let y = divide(x, add(sqrt(sumAll(square(x))), 1e-7));
  for (let i = 0; i < iterations; i++) {
    const gram = matmul(y, y, isTall, !isTall);
    const polynomial = gemm(gram, gram, gram, c5, c3);
    y = isTall ? gemm(y, polynomial, y, 1, c1) : gemm(polynomial, y, y, 1, c1);
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
  const parts = name.endsWith('attention.qkv.weight') ? 3 : 1;
  const each = columns / parts;
  const scaled = Array.from({ length: parts }, (_, i) =>
    multiply(orthogonalise(slice(ahead, 1, i * each, each)), updateSize * Math.sqrt(Math.max(rows, each))),
  );
  return { direction: reshape(concatenate(scaled, 1), gradient.shape), momentum };
}
