// Decodes a file of the catalogue, whatever its name.
import { open } from 'node:fs/promises';
import type { Decoder, DecodeRequest, DecodeResult } from '../images/decoder.ts';
import { nativePath } from './file-names.ts';

/** Decoders take paths as strings: a name that is no string is handed over as an open file (Linux only). Rejects with the system's error. */
export async function decodeFile(
  decoder: Decoder,
  root: string,
  path: string,
  { settings, shortSide }: Omit<DecodeRequest, 'path'>,
): Promise<DecodeResult> {
  const native = nativePath(root, path);
  if (typeof native === 'string') return decoder.decode({ path: native, settings, shortSide });
  const file = await open(native, 'r');
  try {
    return await decoder.decode({ path: `/proc/${process.pid}/fd/${file.fd}`, settings, shortSide });
  } finally {
    await file.close();
  }
}
