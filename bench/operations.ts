// Floating-point operations of a graph, counted from its nodes: products alone, a multiplication and an addition each.
import { reachable, sizeOf } from '../src-main/tensor/graph.ts';
import type { Node, Tensor } from '../src-main/tensor/graph.ts';

const counts: Readonly<Record<string, (node: Node) => number>> = {
  matmul: ({ inputs: [a], outputs: [y], attributes }) => 2 * sizeOf(y!.shape) * a!.shape.at(attributes['transposeA'] === true ? -2 : -1)!,
  linear: ({ inputs: [x], outputs: [y] }) => 2 * sizeOf(y!.shape) * x!.shape.at(-1)!,
  gemm: ({ inputs: [a], outputs: [y] }) => 2 * sizeOf(y!.shape) * a!.shape[1]!,
  // Scores and their product with the values.
  attention: ({ outputs: [y] }) => 4 * sizeOf(y!.shape) * y!.shape[1]!,
};

export const operationsOf = (outputs: readonly Tensor[]): number =>
  reachable(outputs).reduce((total, node) => total + (counts[node.op.name]?.(node) ?? 0), 0);
