// Entry of a decoder process: one file after the other, until the parent is gone. Argument: the file of pixel-file.ts, if any.
import { decodeImage } from './decode.ts';
import { ranOutExit } from './decoder.ts';
import type { DecodedImage, DecodeFailure, DecodeLimits, DecodeRequest } from './decoder.ts';
import { pixelWriter } from './pixel-file.ts';
import type { PlacedPixels } from './pixel-file.ts';

export interface DecoderJob {
  readonly id: number;
  readonly request: DecodeRequest;
  readonly limits: DecodeLimits;
  /** Where pixels may be put; nobody else's until this job is answered. */
  readonly place: number;
}
export type DecoderResult =
  | { readonly ok: true; readonly image: Omit<DecodedImage, 'pixels'> & { readonly pixels: Uint8Array | PlacedPixels } }
  | { readonly ok: false; readonly failure: DecodeFailure };
export type DecoderAnswer =
  /** Comes once, when the libraries have been loaded: a process that ends before it is not to be blamed on a file. */
  | { readonly type: 'ready' }
  /** The bytes of the file are in memory: time that was lost before is the drive's fault. */
  | { readonly type: 'read' }
  | { readonly type: 'done'; readonly id: number; readonly result: DecoderResult };

const put = pixelWriter(process.argv[2]);
const say = (answer: DecoderAnswer): void => void process.send!(answer);

async function work({ id, request, limits, place }: DecoderJob): Promise<void> {
  const result = await decodeImage(request, limits, () => say({ type: 'read' }));
  const answer = result.ok
    ? { ok: true as const, image: { ...result.image, pixels: put(place, result.image.pixels) ?? result.image.pixels } }
    : result;
  say({ type: 'done', id, result: answer });
}

let queue: Promise<void> = Promise.resolve();

process.on('message', (job: DecoderJob) => {
  queue = queue.then(async () => work(job));
});
// Also when the parent is killed: nobody is left to decode for.
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches the whole group of processes; the engine decides what it means, and no file is to blame for it.
process.on('SIGINT', () => {});
// An error that no decode answers for, as libheif aborting where nothing waits for it: the file is not known to be the cause.
process.on('uncaughtException', () => process.exit(ranOutExit));
say({ type: 'ready' });
