// WebAssembly as it is used here, where neither Node's types nor the language's declare it: kernels whose assembled bytes are committed as
// base64 beside their source, each with a memory that is made before it.

export interface KernelMemory<Buffer = ArrayBuffer> {
  /** Another one after `grow`. */
  readonly buffer: Buffer;
  /** By pages of 64 KiB. Throws `RangeError` where there is no memory for them. */
  grow(pages: number): number;
}
export type SharedKernelMemory = KernelMemory<SharedArrayBuffer>;

interface WebAssemblyGlobal {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean }) => object;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
  readonly RuntimeError: new (message: string) => Error;
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal };

export const pageBytes = 65_536;

/** What compiled code ends in that can go on no longer: a trap, or an abort of its own. */
export const { RuntimeError } = WebAssembly;

/** A memory of `initial` pages. Throws `RangeError` where there is none. */
export const kernelMemory = (initial: number): KernelMemory => new WebAssembly.Memory({ initial }) as KernelMemory;

/** The same, seen by all threads that it is sent to; it grows up to `maximum` pages. */
export const sharedKernelMemory = (initial: number, maximum: number): SharedKernelMemory =>
  new WebAssembly.Memory({ initial, maximum, shared: true }) as SharedKernelMemory;

/** What an assembled kernel exports, working in `memory`. */
export function kernelOf<Exports extends object>(base64: string, memory: KernelMemory | SharedKernelMemory): Exports {
  const module = new WebAssembly.Module(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
  return new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
}
