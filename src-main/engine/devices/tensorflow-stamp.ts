// What tells the native part of TensorFlow that lies here from another, without loading it.
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tensorflowBinding, tensorflowVariable } from '../../../shared/tensorflow.ts';

/** Names, sizes and times of the files of a folder; none where it is not there. Times are those of the copy here, which archives do not set. */
function filesIn(folder: string): readonly (readonly [string, number, number])[] {
  try {
    return readdirSync(folder).map((name) => {
      const { size, ctimeMs } = statSync(join(folder, name));
      return [name, size, ctimeMs] as const;
    });
  } catch {
    return [];
  }
}

/** A short digest of the files in the place that the environment names; empty where it names none or nothing is there. */
export function tensorflowStamp(place = process.env[tensorflowVariable]): string {
  if (!place) return '';
  const files = [dirname(tensorflowBinding), 'deps/lib'].map((folder) => filesIn(join(place, folder)));
  if (files.every(({ length }) => length === 0)) return '';
  return createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
}
