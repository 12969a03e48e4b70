// What a graph needs in memory at once, counted from its nodes: a value lives from where it is computed to its last use.
import { reachable, sizeOf } from './graph.ts';
import type { Node, Tensor } from './graph.ts';

export interface GraphMemory {
  /** Bytes of values between inputs and outputs that are alive at the same time, at most. */
  readonly peak: number;
  /** Bytes of the largest single value, inputs and outputs included. */
  readonly largest: number;
  readonly nodes: number;
}

const bytesOf = ({ type, shape }: Tensor): number => (type === 'bool' ? 1 : 4) * sizeOf(shape);
const isGiven = ({ op }: Node): boolean => op.name === 'input' || op.name === 'constant';
/** It hands its input on under another shape. */
const isView = ({ op }: Node): boolean => op.name === 'reshape';

/** Counts with the nodes run in the order of their making. Outputs count from where they are computed; inputs and constants do not. */
export function graphMemory(outputs: readonly Tensor[]): GraphMemory {
  const nodes = reachable(outputs);
  const viewed = new Map<Tensor, Tensor>();
  const ownerOf = (tensor: Tensor): Tensor => viewed.get(tensor) ?? tensor;
  const lastUse = new Map<Tensor, number>();
  nodes.forEach((node, i) => {
    for (const input of node.inputs) lastUse.set(ownerOf(input), i);
    if (isView(node)) viewed.set(node.outputs[0]!, ownerOf(node.inputs[0]!));
  });
  for (const output of outputs) lastUse.set(ownerOf(output), Infinity);
  let alive = 0;
  let peak = 0;
  nodes.forEach((node, i) => {
    if (isGiven(node) || isView(node)) return;
    // Statistics that nothing asks for are not made.
    alive += node.outputs.filter((output) => lastUse.has(output)).reduce((sum, output) => sum + bytesOf(output), 0);
    peak = Math.max(peak, alive);
    const ended = [...new Set(node.inputs.map(ownerOf))].filter((one) => !isGiven(one.node) && lastUse.get(one) === i);
    alive -= ended.reduce((sum, one) => sum + bytesOf(one), 0);
  });
  const largest = nodes.flatMap(({ outputs: made }) => made).reduce((most, output) => Math.max(most, bytesOf(output)), 0);
  return { peak, largest, nodes: nodes.length };
}
