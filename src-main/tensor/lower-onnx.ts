// Lowering 1: a graph becomes an ONNX model. Each op emits itself; here are only names, constants and what stands around them.
import { reachable, sameShape } from './graph.ts';
import type { AttributeValue, Node, OnnxEmitter, OnnxPrecision, Shape, Tensor } from './graph.ts';
import { encodeOnnx, onnxTypes } from './onnx-model.ts';
import type { ExternalValues, InlineValues, OnnxNode, OnnxShape, OnnxTensor, OnnxValue } from './onnx-model.ts';

export interface Lowered {
  readonly bytes: Uint8Array;
  readonly inputs: readonly OnnxValue[];
  /** `key` is the name that the caller gave; `name` differs where an input has that name, as for state that is read and written. */
  readonly outputs: readonly (OnnxValue & { readonly key: string })[];
  readonly nodes: number;
}

export interface LowerOptions {
  /** The traced leading size that stands for any batch: inputs and outputs that begin with it get a free dimension of this name. */
  readonly dynamicBatch?: { readonly traced: number; readonly name: string };
  readonly metadata?: Readonly<Record<string, string>>;
  readonly documentation?: string;
  /** Values that become part of the file instead of inputs, by name, or that it takes from a file beside it. */
  readonly weights?: Readonly<Record<string, Float32Array | ExternalValues>>;
  /** Uses only ONNX's own operators, none of onnxruntime's. */
  readonly portable?: boolean;
  /** Of matrix products; onnxruntime has no kernels for bfloat16. */
  readonly precision?: OnnxPrecision;
  /**
   * For onnxruntime's kernels on a processor. They turn operands slowly, and there are none in reduced precision: it computes in float32
   * there and takes the casts before and after away, unless something stands between them.
   */
  readonly onProcessor?: boolean;
}

class Emitter implements OnnxEmitter {
  readonly nodesOut: OnnxNode[] = [];
  readonly initialisers = new Map<string, OnnxTensor>();
  readonly #consumed: Set<Tensor>;
  readonly #batch: number | undefined;
  readonly portable: boolean;
  readonly onProcessor: boolean;
  readonly #isReduced: boolean;
  /** Values by their name, rounded: what a forward pass has rounded its backward pass uses again. */
  readonly #rounded = new Map<string, string>();
  #names = 0;

  constructor(consumed: Set<Tensor>, { dynamicBatch, portable = false, precision = 'float32', onProcessor = false }: LowerOptions) {
    this.#consumed = consumed;
    this.#batch = dynamicBatch?.traced;
    this.portable = portable;
    this.#isReduced = precision === 'float16';
    this.onProcessor = onProcessor;
  }

  node(type: string, inputs: readonly string[], attributes: Readonly<Record<string, AttributeValue>> = {}): string {
    return this.nodes(type, inputs, 1, attributes)[0]!;
  }

  nodes(type: string, inputs: readonly string[], outputs: number, attributes: Readonly<Record<string, AttributeValue>> = {}): string[] {
    const names = Array.from({ length: outputs }, () => `t${this.#names++}`);
    this.nodesOut.push({ type, inputs, outputs: names, attributes });
    return names;
  }

  #round(name: string): string {
    const known = this.#rounded.get(name) ?? this.#kept(this.node('Cast', [name], { to: onnxTypes.float16 }));
    this.#rounded.set(name, known);
    return known;
  }

  /** A copy in float16, which every device has. */
  #kept(name: string): string {
    return this.onProcessor ? this.node('Concat', [name], { axis: 0 }) : name;
  }

  product(operands: readonly string[], columns: number, write: (operands: readonly string[]) => string): string {
    if (!this.#isReduced || columns === 1) return write(operands);
    return this.node('Cast', [this.#kept(write(operands.map((name) => this.#round(name))))], { to: onnxTypes.float32 });
  }

  #constant(kind: string, data: InlineValues, shape: Shape): string {
    const key = data.length <= 16 ? `${kind}_${shape.join('x')}_${[...data].join('_')}` : `${kind}${this.initialisers.size}`;
    if (!this.initialisers.has(key)) this.initialisers.set(key, { name: key, shape, data });
    return key;
  }

  floats(values: Float32Array | readonly number[], shape: Shape): string {
    return this.#constant('f', Float32Array.from(values), shape);
  }

  integers(values: readonly number[]): string {
    return this.#constant('i', BigInt64Array.from(values, BigInt), [values.length]);
  }

  indices(values: Int32Array, shape: Shape): string {
    return this.#constant('n', values, shape);
  }

  get hasFreeBatch(): boolean {
    return this.#batch !== undefined;
  }

  used(output: Tensor): boolean {
    return this.#consumed.has(output);
  }

  target(shape: Shape): string {
    return this.integers(this.#batch !== undefined && shape[0]! % this.#batch === 0 ? [-1, ...shape.slice(1)] : shape);
  }
}

/** Lowers named outputs. The graph's inputs keep their names; throws if two inputs of one name differ in shape. */
export function lowerOnnx(outputs: Readonly<Record<string, Tensor>>, options: LowerOptions = {}): Lowered {
  const nodes = reachable(Object.values(outputs));
  const consumed = new Set<Tensor>([...Object.values(outputs), ...nodes.flatMap((node) => node.inputs)]);
  const batch = options.dynamicBatch?.traced;
  const emit = new Emitter(consumed, options);
  const names = new Map<Tensor, string>();
  const inputs = new Map<string, Tensor>();
  for (const node of nodes) {
    if (node.op.name === 'input') registerInput(inputs, node);
    const emitted = node.op.onnx(
      emit,
      node.inputs.map((x) => names.get(x)!),
      node,
      node.attributes,
    );
    emitted.forEach((name, i) => names.set(node.outputs[i]!, name));
  }
  const freeShape = (shape: Shape): OnnxShape =>
    batch !== undefined && shape[0] === batch ? [options.dynamicBatch!.name, ...shape.slice(1)] : shape;
  const describe = (name: string, { type, shape }: Tensor): OnnxValue => ({ name, type, shape: freeShape(shape) });
  const weights = Object.entries(options.weights ?? {});
  const inputValues = [...inputs]
    .filter(([name]) => !options.weights || !(name in options.weights))
    .map(([name, tensor]) => describe(name, tensor));
  const nameOf = (key: string): string => (inputs.has(key) ? `${key}.next` : key);
  const outputValues = Object.entries(outputs).map(([key, tensor]) => ({ ...describe(nameOf(key), tensor), key }));
  const aliases = Object.entries(outputs).map(([key, tensor]) => ({
    type: 'Identity',
    inputs: [names.get(tensor)!],
    outputs: [nameOf(key)],
    attributes: {},
  }));
  const allNodes = renameOutputs(emit.nodesOut, aliases);
  const initialisers = [
    ...emit.initialisers.values(),
    ...weights.filter(([name]) => inputs.has(name)).map(([name, data]) => ({ name, data, shape: inputs.get(name)!.shape })),
  ];
  const bytes = encodeOnnx({
    inputs: inputValues,
    outputs: outputValues,
    nodes: allNodes,
    initialisers,
    ...(options.metadata && { metadata: options.metadata }),
    ...(options.documentation !== undefined && { documentation: options.documentation }),
  });
  return { bytes, inputs: inputValues, outputs: outputValues, nodes: allNodes.length };
}

function registerInput(inputs: Map<string, Tensor>, node: Node): void {
  const name = String(node.attributes['name']);
  const tensor = node.outputs[0]!;
  const known = inputs.get(name);
  if (known && (!sameShape(known.shape, tensor.shape) || known.type !== tensor.type)) throw new TypeError(`input '${name}' has two shapes`);
  inputs.set(name, tensor);
}

/** Gives an output its public name where the node that makes it is free to take it, so that no copy is made. */
function renameOutputs(nodes: readonly OnnxNode[], aliases: readonly OnnxNode[]): OnnxNode[] {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const kept: OnnxNode[] = [];
  for (const alias of aliases) {
    const [from, to] = [alias.inputs[0]!, alias.outputs[0]!];
    if (made.has(from) && !renamed.has(from)) renamed.set(from, to);
    else kept.push({ ...alias, inputs: [renamed.get(from) ?? from] });
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  return [...nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) })), ...kept];
}
