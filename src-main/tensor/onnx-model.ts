// Writes ONNX's ModelProto (onnx.proto, IR version 9) byte by byte: the few messages a graph needs, without a protobuf library.
import type { AttributeValue, Shape } from './graph.ts';
import { Message } from './protobuf.ts';

/** Codes of ONNX's TensorProto.DataType. */
export const onnxTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
/** What inputs and outputs may be. */
export type OnnxType = Exclude<keyof typeof onnxTypes, 'float16'>;

/** A size is fixed or a name such as `batch`. */
export type OnnxShape = readonly (number | string)[];
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: OnnxShape;
}
export interface OnnxNode {
  /** `Domain.Type` for anything outside ONNX itself, for instance `com.microsoft.FusedMatMul`. */
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}
export type InlineValues = Float32Array | Int32Array | BigInt64Array;
/** float32 values in a file beside the model; where the model is larger than protobuf's 2 GiB, or copies of it would be. */
export interface ExternalValues {
  /** Relative to the model. */
  readonly location: string;
  /** Bytes. */
  readonly offset: number;
  readonly length: number;
}
export interface OnnxTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly data: InlineValues | ExternalValues;
}
export interface OnnxModel {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: readonly OnnxTensor[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly documentation?: string;
}

function attributeMessage(name: string, value: AttributeValue): Message {
  const message = new Message().text(1, name);
  if (typeof value === 'string') return message.text(4, value).integer(20, 3);
  if (typeof value === 'boolean') return message.integer(3, Number(value)).integer(20, 2);
  if (typeof value === 'number') {
    return floatAttributes.has(name) ? message.float(2, value).integer(20, 1) : message.integer(3, value).integer(20, 2);
  }
  for (const one of value) message.integer(8, one);
  return message.integer(20, 7);
}

/** Attributes of ONNX that hold a float even when the number is whole. */
const floatAttributes = new Set(['alpha', 'beta', 'epsilon', 'scale']);

function valueMessage({ name, type, shape }: OnnxValue): Message {
  const dimensions = new Message();
  for (const size of shape) dimensions.message(1, typeof size === 'number' ? new Message().integer(1, size) : new Message().text(2, size));
  const tensor = new Message().integer(1, onnxTypes[type]).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensor));
}

function tensorMessage({ name, shape, data }: OnnxTensor): Message {
  const message = new Message();
  for (const size of shape) message.integer(1, size);
  if ('location' in data) {
    message.integer(2, onnxTypes.float32).text(8, name);
    for (const key of ['location', 'offset', 'length'] as const) message.message(13, new Message().text(1, key).text(2, String(data[key])));
    return message.integer(14, 1);
  }
  const type: OnnxType = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';
  return message
    .integer(2, onnxTypes[type])
    .text(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function nodeMessage({ type, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const name of inputs) message.text(1, name);
  for (const name of outputs) message.text(2, name);
  const dot = type.lastIndexOf('.');
  message.text(4, type.slice(dot + 1));
  for (const [name, value] of Object.entries(attributes)) message.message(5, attributeMessage(name, value));
  return dot < 0 ? message : message.text(7, type.slice(0, dot));
}

/** Bytes of an `.onnx` file (opset 20). Protobuf limits it to 2 GiB. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const graph = new Message();
  for (const node of model.nodes) graph.message(1, nodeMessage(node));
  graph.text(2, 'ijepa');
  for (const tensor of model.initialisers) graph.message(5, tensorMessage(tensor));
  for (const value of model.inputs) graph.message(11, valueMessage(value));
  for (const value of model.outputs) graph.message(12, valueMessage(value));
  const opset = (domain: string, version: number): Message => new Message().text(1, domain).integer(2, version);
  const file = new Message().integer(1, 9).text(2, 'ijepa-studio');
  if (model.documentation !== undefined) file.text(6, model.documentation);
  file.message(7, graph).message(8, opset('', 20));
  if (model.nodes.some((node) => node.type.startsWith('com.microsoft.'))) file.message(8, opset('com.microsoft', 1));
  for (const [key, value] of Object.entries(model.metadata ?? {})) file.message(14, new Message().text(1, key).text(2, value));
  return file.finish();
}
