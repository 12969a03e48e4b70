// A computation is a graph of nodes that point at their inputs: building an expression records it, nothing is computed.
// What an op is (shape rule, gradient, reference value, emissions) stands in its one entry; see ops.ts for the table.
import type { Precision } from '../../shared/devices.ts';
import type { TensorflowAttribute, TensorflowKernel } from './tensorflow-model.ts';

export type DataType = 'float32' | 'int32' | 'bool';
export type Shape = readonly number[];
export type AttributeValue = number | boolean | string | readonly number[] | Float32Array | Int32Array;
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface TensorType {
  readonly shape: Shape;
  readonly type: DataType;
}

/** One output of a node. */
export interface Tensor extends TensorType {
  readonly node: Node;
  readonly output: number;
}

export interface Node {
  /** Grows with creation, so that sorting by it is a topological order. */
  readonly id: number;
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes;
  readonly outputs: readonly Tensor[];
}

/** Writes ONNX nodes; made by lower-onnx.ts. */
export interface OnnxEmitter {
  /** Adds a node with one output and returns the output's name. */
  node(type: string, inputs: readonly string[], attributes?: Readonly<Record<string, AttributeValue>>): string;
  /** Adds a node with several outputs and returns their names. */
  nodes(type: string, inputs: readonly string[], outputs: number, attributes?: Readonly<Record<string, AttributeValue>>): string[];
  /**
   * What `write` makes of the operands of a matrix product with that many columns: in reduced precision they are rounded for it, and so is
   * its result, as on a card's matrix units. Products with a single column are row sums, which are bound by memory and gain nothing by it.
   */
  product(operands: readonly string[], columns: number, write: (operands: readonly string[]) => string): string;
  /** A scalar or tensor constant. */
  floats(values: Float32Array | readonly number[], shape: Shape): string;
  integers(values: readonly number[]): string;
  indices(values: Int32Array, shape: Shape): string;
  /** Whether only ONNX's own operators may be used, for runtimes other than onnxruntime. */
  readonly portable: boolean;
  /** Whether it is for onnxruntime's kernels on a processor. */
  readonly onProcessor: boolean;
  /** Whether anything needs this output: kernels without a gradient may stand in where the statistics are unused. */
  used(output: Tensor): boolean;
  /** Whether the leading size of values is known when the graph runs only. */
  readonly hasFreeBatch: boolean;
  /** The shape a reshape must state: with a dynamic batch its leading size is left to be inferred. */
  target(shape: Shape): string;
}

/** What each lowering has kernels for. */
export type OnnxPrecision = Exclude<Precision, 'bfloat16'>;
export type TensorflowPrecision = Exclude<Precision, 'float16'>;

/** Writes nodes of a TensorFlow function; made by lower-tensorflow.ts. */
export interface TensorflowEmitter {
  /** Adds a node and returns its first output. Attributes that TensorFlow has a default for may be left out. */
  node(type: TensorflowKernel, inputs: readonly string[], attributes: Readonly<Record<string, TensorflowAttribute>>): string;
  /** The graph's input of this name. */
  input(name: string): string;
  /** A scalar or tensor constant. */
  floats(values: Float32Array | readonly number[], shape: Shape): string;
  /** A list of sizes or axes. */
  integers(values: readonly number[]): string;
  indices(values: Int32Array, shape: Shape): string;
  readonly precision: TensorflowPrecision;
}

/** Methods, not properties, so that entries with narrower attributes fit one table. */
export interface Op<A extends Attributes = Attributes> {
  readonly name: string;
  /** Types of the outputs; throws where the inputs do not fit. */
  infer(inputs: readonly Tensor[], attributes: A): readonly TensorType[];
  /**
   * Cotangents of the inputs from the cotangent of the first output (`undefined` where none flows); further outputs are
   * statistics that no loss may depend on. Absent: constants, comparisons and inference-only kernels.
   */
  gradient?(node: Node, cotangent: Tensor, attributes: A): readonly (Tensor | undefined)[];
  /** The value in float64, row-major: the oracle of the emissions. */
  reference(inputs: readonly Float64Array[], node: Node, attributes: A): readonly Float64Array[];
  /** Names of the outputs in the ONNX graph. */
  onnx(emit: OnnxEmitter, inputs: readonly string[], node: Node, attributes: A): readonly string[];
  /** The outputs in the TensorFlow function. */
  tensorflow(emit: TensorflowEmitter, inputs: readonly string[], node: Node, attributes: A): readonly string[];
}

let created = 0;

/** Adds a node and returns its outputs. */
export function applyAll<A extends Attributes>(op: Op<A>, inputs: readonly Tensor[], attributes: A): readonly Tensor[] {
  const types = op.infer(inputs, attributes);
  const outputs: Tensor[] = [];
  const node: Node = { id: created++, op: op as unknown as Op, inputs, attributes, outputs };
  types.forEach((type, output) => outputs.push({ node, output, shape: type.shape, type: type.type }));
  return outputs;
}

/** Adds a node and returns its first output. */
export function apply<A extends Attributes>(op: Op<A>, inputs: readonly Tensor[], attributes: A): Tensor {
  return applyAll(op, inputs, attributes)[0]!;
}

export const sizeOf = (shape: Shape): number => shape.reduce((size, dimension) => size * dimension, 1);
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, axis) => size === b[axis]);

/** All nodes that the given tensors depend on, inputs before outputs. */
export function reachable(outputs: readonly Tensor[]): readonly Node[] {
  const seen = new Set<Node>();
  const stack = outputs.map((tensor) => tensor.node);
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    for (const input of node.inputs) stack.push(input.node);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** A fault in how a graph was built; the person cannot cause it. */
export function reject(op: string, problem: string): never {
  throw new TypeError(`${op}: ${problem}`);
}
