// Evaluates a graph in float64 with the ops' reference column: slow, readable, and the oracle of every lowering.
import { reachable, reject, sizeOf } from './graph.ts';
import type { Tensor } from './graph.ts';

/** Values of `outputs`, row-major float64, given the values of the graph's inputs by name. Throws for a missing or wrong-sized input. */
export function evaluate(outputs: readonly Tensor[], inputs: Readonly<Record<string, ArrayLike<number>>>): readonly Float64Array[] {
  const values = new Map<Tensor, Float64Array>();
  for (const node of reachable(outputs)) {
    const name = node.op.name === 'input' ? String(node.attributes['name']) : undefined;
    const given = name === undefined ? undefined : inputs[name];
    if (given && given.length !== sizeOf(node.outputs[0]!.shape)) reject('evaluate', `${name} has ${given.length} values`);
    const results = given
      ? [Float64Array.from(given)]
      : node.op.reference(
          node.inputs.map((x) => values.get(x)!),
          node,
          node.attributes,
        );
    results.forEach((result, i) => values.set(node.outputs[i]!, result));
  }
  return outputs.map((tensor) => values.get(tensor)!);
}
