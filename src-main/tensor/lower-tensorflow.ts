// Lowering 2: graphs become functions of a TensorFlow SavedModel that share variables. What a function reads and writes of the state stays
// in the device's memory: nothing of it crosses in a call. Each op emits itself; here are only names, constants, inputs and variables.
import { reachable, reject, sameShape } from './graph.ts';
import type { DataType, Node, Shape, Tensor, TensorflowEmitter, TensorflowPrecision } from './graph.ts';
import { encodeSavedModel, kernelOutputs } from './tensorflow-model.ts';
import type { TensorflowAttribute, TensorflowFunction, TensorflowKernel, TensorflowNode, TensorflowType } from './tensorflow-model.ts';

export interface FunctionSource {
  /** By name; those that the state has too are assigned to it instead of being returned. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Of matrix products; float32 when absent. */
  readonly precision?: TensorflowPrecision;
  /** False leaves it to TensorFlow's own kernels, one by one: for functions that only move values. */
  readonly compiled?: boolean;
}

export interface TensorflowValue {
  readonly name: string;
  readonly type: DataType;
  readonly shape: Shape;
}

export interface LoweredFunction {
  readonly inputs: readonly TensorflowValue[];
  readonly outputs: readonly TensorflowValue[];
}

export interface LoweredTensorflow {
  readonly bytes: Uint8Array;
  readonly functions: Readonly<Record<string, LoweredFunction>>;
  /** Of all functions. */
  readonly nodes: number;
}

/** Name of the node that calls a function; its outputs are `call:0`, … */
export const callOf = (name: string): string => `${name}/call`;
/** Name of the node that takes an input of a function. */
export const placeholderOf = (name: string, input: string): string => `${name}/${input}`;
const variableOf = (name: string): string => `state/${name}`;

class Emitter implements TensorflowEmitter {
  readonly nodes: TensorflowNode[] = [];
  readonly precision: TensorflowPrecision;
  readonly #constants = new Map<string, string>();
  readonly #inputOf: (emit: Emitter, name: string) => string;

  constructor(precision: TensorflowPrecision, inputOf: (emit: Emitter, name: string) => string) {
    this.precision = precision;
    this.#inputOf = inputOf;
  }

  /** Adds a node and returns its name. */
  add(type: string, inputs: readonly string[], attributes: Readonly<Record<string, TensorflowAttribute>>): string {
    const name = `n${this.nodes.length}`;
    this.nodes.push({ name, type, inputs, attributes });
    return name;
  }

  node(type: TensorflowKernel, inputs: readonly string[], attributes: Readonly<Record<string, TensorflowAttribute>>): string {
    return `${this.add(type, inputs, attributes)}:${kernelOutputs[type]}:0`;
  }

  input(name: string): string {
    return this.#inputOf(this, name);
  }

  #constant(dtype: 'float32' | 'int32', values: Float32Array | Int32Array, shape: Shape): string {
    const key = values.length <= 16 ? `${dtype} ${shape.join('x')} ${values.join()}` : undefined;
    const known = key === undefined ? undefined : this.#constants.get(key);
    if (known !== undefined) return known;
    const made = this.node('Const', [], { dtype, value: { values, shape } });
    if (key !== undefined) this.#constants.set(key, made);
    return made;
  }

  floats(values: Float32Array | readonly number[], shape: Shape): string {
    return this.#constant('float32', Float32Array.from(values), shape);
  }

  integers(values: readonly number[]): string {
    return this.#constant('int32', Int32Array.from(values), [values.length]);
  }

  indices(values: Int32Array, shape: Shape): string {
    return this.#constant('int32', values, shape);
  }
}

/** The graph's inputs by name; throws where two of one name differ. */
function inputsOf(nodes: readonly Node[]): Map<string, Tensor> {
  const inputs = new Map<string, Tensor>();
  for (const node of nodes) {
    if (node.op.name !== 'input') continue;
    const name = String(node.attributes['name']);
    const tensor = node.outputs[0]!;
    const known = inputs.get(name);
    if (known && (!sameShape(known.shape, tensor.shape) || known.type !== tensor.type))
      throw new TypeError(`input '${name}' has two shapes`);
    inputs.set(name, tensor);
  }
  return inputs;
}

interface Written {
  readonly function: TensorflowFunction;
  readonly signature: LoweredFunction;
  /** Names of the variables, in the order of the arguments, which follow those of the inputs. */
  readonly variables: readonly string[];
}

function writeFunction(name: string, { outputs, precision = 'float32', compiled = true }: FunctionSource, state: State): Written {
  const nodes = reachable(Object.values(outputs));
  const all = inputsOf(nodes);
  for (const [key, tensor] of [...all, ...Object.entries(outputs)])
    if (state[key] && !sameShape(state[key], tensor.shape))
      reject(name, `'${key}' is [${tensor.shape.join(', ')}], not [${state[key].join(', ')}]`);
  const given = [...all].filter(([key]) => !state[key]);
  const assigned = Object.entries(outputs).filter(([key]) => state[key]);
  const returned = Object.entries(outputs).filter(([key]) => !state[key]);
  const variables = [...new Set([...[...all.keys()].filter((key) => state[key]), ...assigned.map(([key]) => key)])];
  const argumentOf = new Map([...given.map(([key]) => key), ...variables].map((key, i) => [key, `a${i}`]));
  const reads = new Map<string, string>();

  const emit = new Emitter(precision, (emitter, key) => {
    const known = reads.get(key);
    if (known !== undefined) return known;
    const argument = argumentOf.get(key)!;
    const { type } = all.get(key)!;
    let value = argument;
    if (state[key]) value = emitter.node('ReadVariableOp', [argument], { dtype: type });
    // Arrays of floats would cross three times, those of integers once.
    else if (type === 'float32') value = emitter.node('Bitcast', [argument], { T: 'int32', type });
    reads.set(key, value);
    return value;
  });
  const values = new Map<Tensor, string>();
  for (const node of nodes) {
    const inputs = node.inputs.map((x) => values.get(x)!);
    node.op.tensorflow(emit, inputs, node, node.attributes).forEach((value, i) => values.set(node.outputs[i]!, value));
  }
  const effects = assigned.map(([key, tensor]) => {
    const read = reads.get(key);
    // What is read of a variable is what it was before the call.
    const after = read === undefined ? [] : [`^${read.split(':')[0]!}`];
    return emit.add('AssignVariableOp', [argumentOf.get(key)!, values.get(tensor)!, ...after], { dtype: tensor.type });
  });
  const results = returned.map(([, tensor], i) => ({ name: `r${i}`, type: tensor.type, from: values.get(tensor)! }));
  // Something has to be asked for.
  if (results.length === 0) results.push({ name: 'r0', type: 'int32', from: emit.indices(Int32Array.of(0), []) });
  const describe = ([key, { type, shape }]: readonly [string, Tensor]): TensorflowValue => ({ name: key, type, shape });
  const handles = variables.map((key) => ({ name: argumentOf.get(key)!, type: 'resource' as const }));
  return {
    function: {
      name,
      inputs: [...given.map(([key]) => ({ name: argumentOf.get(key)!, type: 'int32' as const })), ...handles],
      outputs: results,
      nodes: emit.nodes,
      effects,
      compiled,
    },
    signature: { inputs: given.map(describe), outputs: returned.map(describe) },
    variables,
  };
}

/** Name → shape of float32 variables. */
export type State = Readonly<Record<string, Shape>>;

/**
 * Lowers functions over a common state. Inputs and outputs keep their names; an input that the state has is read from it. Throws if two
 * inputs of one name differ in shape, or one differs from the state's.
 */
export function lowerTensorflow(functions: Readonly<Record<string, FunctionSource>>, state: State = {}): LoweredTensorflow {
  const written = Object.entries(functions).map(([name, source]) => writeFunction(name, source, state));
  const nodes: TensorflowNode[] = Object.entries(state).map(([key, shape]) => ({
    name: variableOf(key),
    type: 'VarHandleOp',
    inputs: [],
    attributes: { dtype: 'float32', shape: { shape }, shared_name: { text: key } },
  }));
  const typesOf = (all: readonly { readonly type: TensorflowType }[]): TensorflowAttribute => ({ types: all.map(({ type }) => type) });
  for (const { function: one, signature, variables } of written) {
    for (const { name, shape } of signature.inputs)
      nodes.push({
        name: placeholderOf(one.name, name),
        type: 'Placeholder',
        inputs: [],
        attributes: { dtype: 'int32', shape: { shape } },
      });
    nodes.push({
      name: callOf(one.name),
      type: 'StatefulPartitionedCall',
      inputs: [...signature.inputs.map(({ name }) => placeholderOf(one.name, name)), ...variables.map(variableOf)],
      attributes: {
        Tin: typesOf(one.inputs),
        Tout: typesOf(one.outputs),
        f: { function: one.name },
        ...(one.compiled && { _XlaMustCompile: true }),
      },
    });
  }
  return {
    bytes: encodeSavedModel(
      nodes,
      written.map((one) => one.function),
    ),
    functions: Object.fromEntries(written.map(({ function: { name }, signature }) => [name, signature])),
    nodes: written.reduce((count, one) => count + one.function.nodes.length, 0),
  };
}
