// Decodes one file, says the decoders' process numbers, and stays until it is killed.
import { DecoderPool } from '../decoder-pool.ts';
import { plainSettings } from './test-images.ts';

const pool = new DecoderPool({ processes: 2 });
const request = { path: process.argv[2]!, settings: plainSettings, shortSide: 32 };
await Promise.all([pool.decode(request), pool.decode(request)]);
process.stdout.write(JSON.stringify(pool.pids));
setInterval(() => undefined, 60_000);
