// Assembles the search kernel's source. The bytes are committed in search-kernel.ts, so that the program needs no assembler.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import wabt from 'wabt';

/** The binary of search-kernel.wat as base64. */
export async function assembleSearchKernel(): Promise<string> {
  const source = await readFile(join(import.meta.dirname, '../search-kernel.wat'), 'utf8');
  const assembler = await wabt();
  const parsed = assembler.parseWat('search-kernel.wat', source, { simd: true, threads: true });
  try {
    return Buffer.from(parsed.toBinary({}).buffer).toString('base64');
  } finally {
    parsed.destroy();
  }
}
