// Reads pickles as data. Python's own reader calls whatever function a file names; this one knows a closed list of names, builds plain
// values from them and refuses everything else. Nothing here recurses, and what a file can make is bounded by its own length.
import { AppError } from '../../shared/errors.ts';

/** Lists and tuples are arrays (tuples frozen), dictionaries are maps. `Made` is what the known names build. */
export type PickleValue<Made> =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue<Made>[]
  | readonly PickleValue<Made>[]
  | Map<PickleValue<Made>, PickleValue<Made>>
  | PickleName
  | { readonly made: Made };

/** A class or function that the file names, for instance `torch.FloatStorage`. */
export class PickleName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export interface PickleRules<Made> {
  /** Names that may occur. */
  readonly names: ReadonlySet<string>;
  /** What calling a name gives; undefined refuses the call. */
  call(name: string, values: readonly PickleValue<Made>[]): PickleValue<Made> | undefined;
  /** What a persistent reference stands for; undefined refuses it. */
  refer(value: PickleValue<Made>): PickleValue<Made> | undefined;
}

const mostMarks = 256;
const mostValues = 100_000;
const mostRemembered = 4_000_000;

type Stack<Made> = PickleValue<Made>[];

/** The value of a pickle. Throws `unsafe-file` when it asks for anything but plain values and the names of `rules`, `bad-checkpoint` when it is damaged. */
export function readPickle<Made>(bytes: Uint8Array, path: string, rules: PickleRules<Made>): PickleValue<Made> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const memo = new Map<number, PickleValue<Made>>();
  const below: Stack<Made>[] = [];
  let stack: Stack<Made> = [];
  let at = 0;

  const damaged = (problem: string): AppError =>
    new AppError('bad-checkpoint', `${path} cannot be used: ${problem}.`, 'Copy or download the file again.');
  const unsafe = (problem: string): AppError =>
    new AppError(
      'unsafe-file',
      `${path} was not opened: it ${problem}, and such a file can run any program when Python opens it.`,
      'Get the weights as safetensors, or ask their author for a file with nothing but tensors in it.',
    );
  const take = (length: number): number => {
    if (!(length >= 0 && length <= bytes.length - at)) throw damaged('its table of contents ends too early');
    at += length;
    return at - length;
  };
  const pop = (): PickleValue<Made> => {
    const value = stack.pop();
    if (value === undefined) throw damaged('its table of contents is damaged');
    return value;
  };
  const push = (value: PickleValue<Made>): void => {
    if (stack.length >= mostValues) throw unsafe('holds too many open values');
    stack.push(value);
  };
  const popMark = (): Stack<Made> => {
    const values = stack;
    const outer = below.pop();
    if (!outer) throw damaged('its table of contents is damaged');
    stack = outer;
    return values;
  };
  const top = (): PickleValue<Made> => {
    const value = stack.at(-1);
    if (value === undefined) throw damaged('its table of contents is damaged');
    return value;
  };
  const remember = (key: number): void => {
    if (memo.size >= mostRemembered) throw unsafe('remembers too many values');
    memo.set(key, top());
  };
  const recall = (key: number): void => {
    const value = memo.get(key);
    if (value === undefined) throw damaged('its table of contents refers to a value that is not there');
    push(value);
  };
  const text = (length: number): string => {
    const start = take(length);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.subarray(start, start + length));
    } catch {
      throw damaged('it holds text that is no text');
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw damaged('its table of contents ends too early');
    const value = text(end - at);
    at++;
    return value;
  };
  const long = (length: number): number | bigint => {
    const start = take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[start + i]!);
    value = BigInt.asIntN(8 * Math.max(1, length), value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  };
  const extend = (items: readonly PickleValue<Made>[]): void => {
    const list = top();
    if (!Array.isArray(list) || Object.isFrozen(list)) throw unsafe('appends to something that is no list');
    for (const item of items) list.push(item);
  };
  const setItems = (items: readonly PickleValue<Made>[]): void => {
    const map = top();
    if (!(map instanceof Map) || items.length % 2 !== 0) throw unsafe('sets entries of something that is no dictionary');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!;
      if (typeof key === 'object' && key !== null) throw unsafe('has a dictionary whose keys are no plain values');
      map.set(key, items[i + 1]!);
    }
  };
  const named = (name: string): PickleName => {
    if (!rules.names.has(name)) throw unsafe(`names ${JSON.stringify(name.slice(0, 80))}`);
    return new PickleName(name);
  };
  const tuple = (items: PickleValue<Made>[]): PickleValue<Made> => Object.freeze(items);
  const reduce = (): PickleValue<Made> => {
    const values = pop();
    const name = pop();
    if (!(name instanceof PickleName) || !Array.isArray(values)) throw unsafe('calls something that has no name');
    const made = rules.call(name.name, values);
    if (made === undefined) throw unsafe(`calls ${name.name} in an unknown way`);
    return made;
  };

  for (;;) {
    const code = bytes[take(1)]!;
    switch (String.fromCharCode(code)) {
      case '\x80': // PROTO
        if (bytes[take(1)]! > 5) throw damaged('its table of contents is of an unknown version');
        break;
      case '\x95': // FRAME: only a hint for reading ahead
        take(8);
        break;
      case '(': // MARK
        if (below.length >= mostMarks) throw unsafe('is nested too deeply');
        below.push(stack);
        stack = [];
        break;
      case '.': // STOP
        if (below.length > 0 || stack.length !== 1) throw damaged('its table of contents is damaged');
        return pop();
      case 'N':
        push(null);
        break;
      case '\x88':
        push(true);
        break;
      case '\x89':
        push(false);
        break;
      case 'J': // BININT
        push(view.getInt32(take(4), true));
        break;
      case 'K': // BININT1
        push(bytes[take(1)]!);
        break;
      case 'M': // BININT2
        push(view.getUint16(take(2), true));
        break;
      case '\x8a': // LONG1
        push(long(bytes[take(1)]!));
        break;
      case 'G': // BINFLOAT
        push(view.getFloat64(take(8)));
        break;
      case 'X': // BINUNICODE
        push(text(view.getUint32(take(4), true)));
        break;
      case '\x8c': // SHORT_BINUNICODE
        push(text(bytes[take(1)]!));
        break;
      case '\x8d': // BINUNICODE8
        push(text(Number(view.getBigUint64(take(8), true))));
        break;
      case '}':
        push(new Map());
        break;
      case ']':
        push([]);
        break;
      case ')':
        push(tuple([]));
        break;
      case '\x85':
        push(tuple([pop()]));
        break;
      case '\x86':
        push(tuple([pop(), pop()].reverse()));
        break;
      case '\x87':
        push(tuple([pop(), pop(), pop()].reverse()));
        break;
      case 't': {
        const items = popMark();
        push(tuple(items));
        break;
      }
      case 'a': // APPEND
        extend([pop()]);
        break;
      case 'e': // APPENDS
        extend(popMark());
        break;
      case 's': // SETITEM
        setItems([pop(), pop()].reverse());
        break;
      case 'u': // SETITEMS
        setItems(popMark());
        break;
      case 'q': // BINPUT
        remember(bytes[take(1)]!);
        break;
      case 'r': // LONG_BINPUT
        remember(view.getUint32(take(4), true));
        break;
      case '\x94': // MEMOIZE
        remember(memo.size);
        break;
      case 'h': // BINGET
        recall(bytes[take(1)]!);
        break;
      case 'j': // LONG_BINGET
        recall(view.getUint32(take(4), true));
        break;
      case 'c': // GLOBAL
        push(named(`${line()}.${line()}`));
        break;
      case '\x93': {
        // STACK_GLOBAL
        const [name, module] = [pop(), pop()];
        if (typeof name !== 'string' || typeof module !== 'string') throw unsafe('names something that is no text');
        push(named(`${module}.${name}`));
        break;
      }
      case 'R': // REDUCE
        push(reduce());
        break;
      case 'b': {
        // BUILD: torch hangs a version table on its dictionaries, which nothing here needs
        const state = pop();
        if (!(top() instanceof Map) || !(state instanceof Map)) throw unsafe('sets the state of an object');
        break;
      }
      case 'Q': {
        // BINPERSID
        const value = rules.refer(pop());
        if (value === undefined) throw unsafe('refers to something other than a tensor');
        push(value);
        break;
      }
      default:
        throw unsafe(`uses the instruction 0x${code.toString(16).padStart(2, '0')}`);
    }
  }
}
