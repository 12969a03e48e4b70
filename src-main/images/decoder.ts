// What the decoders answer. The pool that runs them in processes of their own is decoder-pool.ts.
import type { DecodeSettings } from '../../shared/config/preprocessing.ts';

/** An upright 8-bit sRGB image. */
export interface DecodedImage {
  readonly width: number;
  readonly height: number;
  /** Row-major, three bytes per pixel. */
  readonly pixels: Uint8Array;
  /** Size of the upright original, pixels. */
  readonly originalWidth: number;
  readonly originalHeight: number;
  /** `jpeg`, `png`, `heif`, … */
  readonly format: string;
  /** Lower-case hex SHA-256 of the very bytes that were decoded. */
  readonly contentHash: string;
  /** Gives the memory back for the next image, which spares the collector half of its work; `pixels` are not to be used any more. */
  readonly release?: () => void;
}

/** Why a file gave no image, closed so that lists can be grouped and translated. */
export type FailureReason =
  | 'not-an-image'
  | 'truncated'
  | 'damaged'
  | 'too-large'
  | 'too-slow'
  | 'empty'
  | 'unreadable'
  | 'changed-while-reading'
  | 'unsupported'
  | 'crashed-the-decoder';

export interface DecodeFailure {
  readonly reason: FailureReason;
  /** One sentence that a person understands. */
  readonly message: string;
}

export interface DecodeRequest {
  readonly path: string;
  readonly settings: DecodeSettings;
  /** The shorter side after decoding, pixels; a smaller original keeps its size. */
  readonly shortSide: number;
}

export interface DecodeLimits {
  /** Pixels of the original, from its header, above which it is refused as `too-large`. */
  readonly maxPixels: number;
  /** Milliseconds after which the reading of a file, or its decode, is given up and its process replaced. */
  readonly timeoutMs: number;
}

export const defaultLimits: DecodeLimits = { maxPixels: 1_000_000_000, timeoutMs: 60_000 };

/**
 * How a decoder process ends that can go on no longer, its own memory being used up or in disorder: its file is tried again in a new
 * process before it is blamed.
 */
export const ranOutExit = 75;

export type DecodeResult = { readonly ok: true; readonly image: DecodedImage } | { readonly ok: false; readonly failure: DecodeFailure };

/** Decodes untrusted files. Never rejects for a bad file: that is a result. */
export interface Decoder {
  decode(request: DecodeRequest): Promise<DecodeResult>;
  dispose(): Promise<void>;
}
