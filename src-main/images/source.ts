// A file that has been opened and not yet decoded, and the failures that opening it may end in.
import sharp from 'sharp';
import type { Metadata, Sharp, SharpInput } from 'sharp';
import type { FailureReason } from './decoder.ts';

/** What sharp is to decode. */
export interface Source {
  readonly input: SharpInput;
  /** Where `input` is bare pixels. */
  readonly raw?: { readonly width: number; readonly height: number; readonly channels: 4 };
  readonly format: string;
  readonly metadata: Metadata;
  /** Of a TIFF that says it: what its channels behind the colours are. */
  readonly extraSamples?: readonly number[];
  /** Of a TIFF that says it: the number in its channels where nothing is known. */
  readonly noData?: number;
}

/** The upright image. */
export function pipeline({ input, raw }: Source, options: { readonly ignoreIcc?: boolean } = {}): Sharp {
  return sharp(input, { failOn: 'warning', limitInputPixels: false, ...options, ...(raw && { raw }) }).autoOrient();
}

/** Why a file gives no image, where that is known. */
export class Failure extends Error {
  readonly reason: FailureReason;
  constructor(reason: FailureReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Throws a `Failure` for more pixels than the limit. */
export function checkSize(width: number, height: number, limit: number): void {
  if (width * height > limit) {
    const millions = (pixels: number): string => (pixels / 1e6).toFixed(pixels < 1e7 ? 1 : 0);
    throw new Failure(
      'too-large',
      `The image has ${width}×${height} = ${millions(width * height)} million pixels; the limit is ${millions(limit)}.`,
    );
  }
}
