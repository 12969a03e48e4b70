// An engine to be killed: trains on a cache through a trainer of its own, with decoders beside it, and says on stdout who works for
// it and how far it is.
import { DecoderPool } from '../../images/decoder-pool.ts';
import { plainDecoding as settings } from '../../images/testing/plain-decoding.ts';
import type { TrainJob } from '../protocol.ts';
import { Trainer } from '../trainer.ts';

const job = JSON.parse(process.argv[2]!) as TrainJob;
const decoders = new DecoderPool({ processes: 2 });
await Promise.all([1, 2].map(async () => decoders.decode({ path: process.argv[1]!, settings, shortSide: 8 })));
const trainer = new Trainer();
const done = trainer.run(job, (event) => {
  if (event.type === 'started') process.stdout.write(`${JSON.stringify({ pids: [trainer.pid, ...decoders.pids] })}\n`);
  if (event.type === 'step') process.stdout.write(`${JSON.stringify({ step: event.step })}\n`);
});
await done;
