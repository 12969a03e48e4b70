// Writes TensorFlow's SavedModel byte by byte: the few messages that a graph of functions needs, without a protobuf library. Numbers of
// fields and types are those of tensorflow/core/framework/{types,tensor,tensor_shape,attr_value,node_def,op_def,function,graph}.proto and
// tensorflow/core/protobuf/{saved_model,meta_graph}.proto.
import { Message } from './protobuf.ts';

type Shape = readonly number[];

/** DataType of types.proto. */
const typeCodes = { float32: 1, int32: 3, bool: 10, bfloat16: 14, resource: 20 } as const;
export type TensorflowType = keyof typeof typeCodes;

/** What an attribute of a node may be; a plain string names a type. */
export type TensorflowAttribute =
  | TensorflowType
  | number
  | boolean
  | { readonly text: string }
  | { readonly types: readonly TensorflowType[] }
  | { readonly shape: Shape }
  | { readonly function: string }
  | { readonly values: Float32Array | Int32Array; readonly shape: Shape };

/** TensorFlow's ops that are written, and the name of the output that is used (its `ops.pbtxt`): inside functions outputs go by name. */
export const kernelOutputs = {
  ...outputs('z', ['AddV2', 'Sub', 'Mul', 'RealDiv', 'Minimum', 'Maximum', 'Equal', 'Less']),
  ...outputs('y', ['Neg', 'Exp', 'Log', 'Sqrt', 'Rsqrt', 'Sin', 'Cos', 'Abs', 'Erf', 'Cast', 'Transpose']),
  ...outputs('output', ['Const', 'Bitcast', 'Reshape', 'BroadcastTo', 'Sum', 'Mean', 'Slice', 'ConcatV2', 'GatherV2']),
  ...outputs('output', ['SelectV2', 'ClipByValue', 'BatchMatMulV2', 'Pad']),
  ...outputs('product', ['MatMul']),
  ...outputs('softmax', ['Softmax']),
  ...outputs('value', ['ReadVariableOp']),
} as const;
export type TensorflowKernel = keyof typeof kernelOutputs;

function outputs<K extends string>(output: string, kernels: readonly K[]): Record<K, string> {
  return Object.fromEntries(kernels.map((kernel) => [kernel, output])) as Record<K, string>;
}

export interface TensorflowNode {
  readonly name: string;
  readonly type: string;
  /** In the graph `node:0`, in a function `node:output:0` or the argument's name; `^node` only waits. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, TensorflowAttribute>>;
}

export interface TensorflowFunction {
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly type: TensorflowType }[];
  readonly outputs: readonly { readonly name: string; readonly type: TensorflowType; readonly from: string }[];
  readonly nodes: readonly TensorflowNode[];
  /** Nodes that run although no output needs them, in any order. */
  readonly effects: readonly string[];
  /** Whether XLA has to compile it. */
  readonly compiled: boolean;
}

/** The tag under which the model is loaded. */
export const modelTag = 'serve';

function shapeMessage(shape: Shape): Message {
  const message = new Message();
  for (const size of shape) message.message(2, new Message().integer(1, size));
  return message;
}

function tensorMessage(values: Float32Array | Int32Array, shape: Shape): Message {
  return new Message()
    .integer(1, values instanceof Float32Array ? typeCodes.float32 : typeCodes.int32)
    .message(2, shapeMessage(shape))
    .bytes(4, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

function attributeMessage(value: TensorflowAttribute): Message {
  const message = new Message();
  if (typeof value === 'number') return message.integer(3, value);
  if (typeof value === 'boolean') return message.integer(5, Number(value));
  if (typeof value === 'string') return message.integer(6, typeCodes[value]);
  if ('text' in value) return message.text(2, value.text);
  if ('function' in value) return message.message(10, new Message().text(1, value.function));
  if ('values' in value) return message.message(8, tensorMessage(value.values, value.shape));
  if ('shape' in value) return message.message(7, shapeMessage(value.shape));
  const codes = new Message();
  for (const type of value.types) codes.varint(typeCodes[type]);
  return message.message(1, new Message().message(6, codes));
}

/** One entry of a protobuf map. */
const entry = (key: string, value: Message | string): Message =>
  typeof value === 'string' ? new Message().text(1, key).text(2, value) : new Message().text(1, key).message(2, value);

function nodeMessage({ name, type, inputs, attributes }: TensorflowNode): Message {
  const message = new Message().text(1, name).text(2, type);
  for (const from of inputs) message.text(3, from);
  for (const [key, value] of Object.entries(attributes)) message.message(5, entry(key, attributeMessage(value)));
  return message;
}

function functionMessage({ name, inputs, outputs, nodes, effects, compiled }: TensorflowFunction): Message {
  const signature = new Message().text(1, name);
  const argument = (one: { readonly name: string; readonly type: TensorflowType }): Message =>
    new Message().text(1, one.name).integer(3, typeCodes[one.type]);
  for (const one of inputs) signature.message(2, argument(one));
  for (const one of outputs) signature.message(3, argument(one));
  // is_stateful, so that a call is neither dropped nor merged with another.
  if (effects.length > 0) signature.integer(17, 1);
  for (const node of effects) signature.text(20, node);
  const message = new Message().message(1, signature);
  for (const node of nodes) message.message(3, nodeMessage(node));
  for (const one of outputs) message.message(4, entry(one.name, one.from));
  if (compiled) message.message(5, entry('_XlaMustCompile', attributeMessage(true)));
  for (const node of effects) message.message(6, entry(node, node));
  return message;
}

/** GraphDef version of the first TensorFlow that this is written for (2.9); later ones read it. */
const producer = 1087;

/** Bytes of a `saved_model.pb`. Protobuf limits it to 2 GiB. */
export function encodeSavedModel(nodes: readonly TensorflowNode[], functions: readonly TensorflowFunction[]): Uint8Array {
  const library = new Message();
  for (const one of functions) library.message(1, functionMessage(one));
  const graph = new Message();
  for (const node of nodes) graph.message(1, nodeMessage(node));
  graph.message(2, library).message(4, new Message().integer(1, producer));
  const metaGraph = new Message().message(1, new Message().text(4, modelTag)).message(2, graph);
  return new Message().integer(1, 1).message(2, metaGraph).finish();
}
