// Assembles a kernel's source. The bytes are committed beside it, so that the program needs no assembler.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import wabt from 'wabt';

/** The binary of a `.wat` file as base64. */
export async function assembled(source: URL): Promise<string> {
  const module = (await wabt()).parseWat(basename(source.pathname), await readFile(source, 'utf8'), { simd: true, threads: true });
  try {
    return Buffer.from(module.toBinary({}).buffer).toString('base64');
  } finally {
    module.destroy();
  }
}
