// Messages as bytes, for carriers that know no objects: JSON with every typed array taken out and appended as it is, so that
// thumbnails, masks and vectors are never text. Layout: length of the JSON (uint32, little-endian) · JSON · arrays, each from a multiple of 8.
import { AppError } from '../errors.ts';

const kinds = { Uint8Array, Int32Array, Uint32Array, Float32Array, Float64Array } as const;
type Kind = keyof typeof kinds;
type Bulk = InstanceType<(typeof kinds)[Kind]>;

/** The key that stands for an array in the JSON; an own key of this name in a message is refused. */
const placeholder = '$array';
/** Arrays of one message at most; none of this program has as many. */
const mostArrays = 10_000;
const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** The kind of an array; those that other programs derive from it, as Node's Buffer, are of the kind that they are made of. */
const kindOf = (array: ArrayBufferView): Kind | undefined => (Object.keys(kinds) as Kind[]).find((kind) => array instanceof kinds[kind]);

/** The message as one frame. Throws `internal` for a value that holds the reserved key. */
export function encodeFrame(message: unknown): Uint8Array<ArrayBuffer> {
  const arrays: { readonly array: Bulk; readonly offset: number }[] = [];
  let end = 0;
  const text = JSON.stringify(message, function (this: Record<string, unknown>, key, value: unknown) {
    // As it was before a `toJSON` of its own.
    const given = this[key];
    const kind = ArrayBuffer.isView(given) ? kindOf(given) : undefined;
    if (kind !== undefined) {
      const array = given as Bulk;
      const offset = end;
      arrays.push({ array, offset });
      end = aligned(offset + array.byteLength);
      return { [placeholder]: [kind, offset, array.length] };
    }
    if (typeof value === 'object' && value !== null && Object.hasOwn(value, placeholder))
      throw new AppError(
        'internal',
        `A message holds the reserved key ${placeholder}.`,
        'This is a fault of the program: please report it.',
      );
    return value;
  });
  const json = new TextEncoder().encode(text);
  const start = aligned(4 + json.length);
  const frame = new Uint8Array(start + end);
  new DataView(frame.buffer).setUint32(0, json.length, true);
  frame.set(json, 4);
  for (const { array, offset } of arrays) frame.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), start + offset);
  return frame;
}

function malformed(what: string): never {
  throw new AppError('bad-input', `This is not a message of this program: ${what}.`, 'Reload the page.');
}

/** The message of a frame; its arrays are copies. Throws `bad-input` for anything that `encodeFrame` could not have made. */
export function decodeFrame(frame: Uint8Array): unknown {
  if (frame.length < 4) malformed('it is too short');
  const length = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0, true);
  const start = aligned(4 + length);
  if (start > frame.length) malformed('it ends early');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(4, 4 + length));
  } catch {
    return malformed('it is no text');
  }
  // `encodeFrame` writes one behind the other: where they may lie over each other, a small frame asks for any amount of memory.
  let [end, arrays] = [start, 0];
  const revive = (_key: string, value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, placeholder)) return value;
    const described = (value as Record<string, unknown>)[placeholder];
    if (!Array.isArray(described) || described.length !== 3) return malformed('an array is not described');
    const [kind, offset, count] = described as unknown[];
    if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind)) return malformed('an array is of an unknown kind');
    const make = kinds[kind as Kind];
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(count)) return malformed('an array has no place');
    const [from, bytes] = [start + (offset as number), (count as number) * make.BYTES_PER_ELEMENT];
    if ((offset as number) < 0 || (count as number) < 0 || from + bytes > frame.length) return malformed('an array ends early');
    if (from < end) return malformed('its arrays lie over each other');
    if (++arrays > mostArrays) return malformed('it has too many arrays');
    end = from + bytes;
    // A copy in memory of its own: the frame may be a part of something larger, and its arrays need not be aligned there.
    const copy = new Uint8Array(bytes);
    copy.set(frame.subarray(from, from + bytes));
    return new make(copy.buffer);
  };
  try {
    return JSON.parse(text, revive);
  } catch (error) {
    if (error instanceof AppError) throw error;
    return malformed('it is no JSON');
  }
}
