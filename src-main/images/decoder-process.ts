// Entry of a decoder process: one file after the other, until the parent is gone.
import { decodeImage } from './decode.ts';
import type { DecodeLimits, DecodeRequest, DecodeResult } from './decoder.ts';

export interface DecoderJob {
  readonly id: number;
  readonly request: DecodeRequest;
  readonly limits: DecodeLimits;
}
/** `ready` comes once, when the libraries have been loaded: a process that ends before it is not to be blamed on a file. */
export type DecoderAnswer = { readonly ready: true } | { readonly ready?: never; readonly id: number; readonly result: DecodeResult };

let queue: Promise<void> = Promise.resolve();

process.on('message', (job: DecoderJob) => {
  queue = queue.then(async () => {
    const result = await decodeImage(job.request, job.limits);
    process.send!({ id: job.id, result } satisfies DecoderAnswer);
  });
});
// Also when the parent is killed: nobody is left to decode for.
process.on('disconnect', () => process.exit(0));
process.send!({ ready: true } satisfies DecoderAnswer);
