// What was made of the rows of a store and lies beside them, named by their numbers: spaces, maps, pairs of look-alikes.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const made = /^(space|map|pairs)-.*\.safetensors$/;

/** Removes it: rows were lost, and their numbers will be those of other images. */
export function forgetMade(folder: string): void {
  for (const name of readdirSync(folder)) if (made.test(name)) rmSync(join(folder, name), { force: true });
}
