// Reverse-mode differentiation: extends a graph by the nodes that compute its gradients.
import { add } from './elementwise.ts';
import { reachable, reject, sizeOf } from './graph.ts';
import type { Node, Tensor } from './graph.ts';
import { constant, expand } from './structure.ts';

/**
 * Gradients of a scalar (or of Σ value·cotangent) with respect to `parameters`, in their order; a parameter that the value does
 * not depend on gets zeros. Throws where the path goes through an op without a gradient.
 */
export function gradients(values: readonly Tensor[], parameters: readonly Tensor[], cotangents?: readonly Tensor[]): readonly Tensor[] {
  const wanted = new Set(parameters.map((tensor) => tensor.node));
  const nodes = reachable(values);
  const needed = new Set<Node>();
  for (const node of nodes) if (wanted.has(node) || node.inputs.some((x) => needed.has(x.node))) needed.add(node);

  const cotangentOf = new Map<Node, Tensor>();
  const accumulate = (tensor: Tensor, cotangent: Tensor): void => {
    if (tensor.output !== 0) reject(tensor.node.op.name, 'no gradient flows through a statistic');
    const known = cotangentOf.get(tensor.node);
    cotangentOf.set(tensor.node, known ? add(known, cotangent) : cotangent);
  };
  values.forEach((value, i) => {
    if (!cotangents && sizeOf(value.shape) !== 1) reject('gradients', `[${value.shape.join(', ')}] is no scalar`);
    accumulate(value, cotangents?.[i] ?? constant(new Float32Array([1]), value.shape));
  });

  for (const node of nodes.toReversed()) {
    const cotangent = cotangentOf.get(node);
    if (!cotangent || !needed.has(node) || wanted.has(node)) continue;
    if (!node.op.gradient) reject(node.op.name, 'has no gradient');
    const results = node.op.gradient(node, cotangent, node.attributes);
    node.inputs.forEach((x, i) => {
      const result = results[i];
      if (result && needed.has(x.node)) accumulate(x, result);
    });
  }
  return parameters.map((parameter) => cotangentOf.get(parameter.node) ?? zeros(parameter));
}

function zeros(like: Tensor): Tensor {
  return expand(
    constant(
      new Float32Array(1),
      like.shape.map(() => 1),
    ),
    like.shape,
  );
}
