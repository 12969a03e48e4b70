// Entry of a decoder process: one file after the other, until the parent is gone.
import { decodeImage } from './decode.ts';
import type { DecodeLimits, DecodeRequest, DecodeResult } from './decoder.ts';

export interface DecoderJob {
  readonly id: number;
  readonly request: DecodeRequest;
  readonly limits: DecodeLimits;
}
export interface DecoderAnswer {
  readonly id: number;
  readonly result: DecodeResult;
}

let queue: Promise<void> = Promise.resolve();

process.on('message', (job: DecoderJob) => {
  queue = queue.then(async () => {
    const result = await decodeImage(job.request, job.limits);
    process.send!({ id: job.id, result } satisfies DecoderAnswer);
  });
});
// Also when the parent is killed: nobody is left to decode for.
process.on('disconnect', () => process.exit(0));
