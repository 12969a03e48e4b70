// Scans a folder with real decoders, a cache and a library, to its end unless it is killed.
// Arguments: folder, place of library and cache, and a file name at which decoding hangs (none without it).
import { join } from 'node:path';
import { DecodeCache } from '../../images/cache.ts';
import { DecoderPool } from '../../images/decoder-pool.ts';
import type { Decoder } from '../../images/decoder.ts';
import { plainSettings } from '../../images/testing/test-images.ts';
import { openLibrary } from '../library.ts';
import { scan } from '../scan.ts';

const [photos, place, hangsAt] = process.argv.slice(2) as [string, string, string?];
const pool = new DecoderPool({ processes: 2 });
const decoder: Decoder = {
  decode: async (request) => {
    if (hangsAt === undefined || !request.path.endsWith(hangsAt)) return pool.decode(request);
    process.stdout.write('hanging\n');
    return new Promise(() => undefined);
  },
  dispose: async () => pool.dispose(),
};
process.stdout.write('begun\n');
const library = openLibrary(join(place, 'library'));
const cache = new DecodeCache(join(place, 'cache'), { access: 'write' });
for await (const event of scan(library, photos, { decoder, cache, settings: plainSettings, shortSide: 64 }))
  if (event.type === 'finished') process.stdout.write(`finished ${JSON.stringify(event.counts)}\n`);
await decoder.dispose();
cache.dispose();
library.dispose();
