// Assembles update-kernel.wat; what is committed in update-kernel.ts is its result.
import { readFileSync } from 'node:fs';
import wabt from 'wabt';

/** The kernel's bytes as base64. */
export async function assembleUpdateKernel(): Promise<string> {
  const source = readFileSync(new URL('../update-kernel.wat', import.meta.url), 'utf8');
  const module = (await wabt()).parseWat('update-kernel.wat', source, { simd: true });
  const { buffer } = module.toBinary({});
  module.destroy();
  return Buffer.from(buffer).toString('base64');
}
