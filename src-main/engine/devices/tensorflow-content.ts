// What archives of TensorFlow's native part hold: whether it is what is needed, and where it belongs.
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { tensorflowBinding } from '../../../shared/tensorflow.ts';
import { headerBytes, systemName, systemOfLibrary } from './library-system.ts';
import { firstBytes, partNames, wrongArchive } from './tensorflow-archive.ts';
import type { PartKind } from './tensorflow-archive.ts';
import type { NativePart } from './tensorflow-parts.ts';

/** Path of the first file of this name below a folder. */
function fileNamed(name: string, folder: string): string | undefined {
  const found = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find((path) => basename(path) === name);
  return found === undefined ? undefined : join(folder, found);
}

/** Where an archive is unpacked: what the library's holds stays there. */
export const unpackedIn = (aside: string, kind: PartKind): string => join(aside, { library: 'deps', binding: 'archive' }[kind]);
const bindingFile = 'tfjs_binding.node';

/** The file that a part is about, where its archive has it; on Windows the library lies in `lib` too. */
function fileOf(kind: PartKind, folder: string): string | undefined {
  if (kind === 'binding') return fileNamed(bindingFile, folder);
  const library = join(folder, 'lib', 'libtensorflow.so');
  return fileNamed('tensorflow.dll', folder) ?? (existsSync(library) ? library : undefined);
}

/** Throws `bad-file` for an archive that holds something else than the part, or the part for another system. */
export function requireContent(kind: PartKind, folder: string, name: string, system: string, part: NativePart): void {
  const file = fileOf(kind, folder);
  const other = kind === 'library' ? 'binding' : 'library';
  if (file === undefined && fileOf(other, folder) !== undefined)
    throw wrongArchive(`${name} is the ${partNames[other]} and not the ${partNames[kind]}.`, part);
  if (file === undefined)
    throw wrongArchive(`${name} is another archive: no ${kind === 'library' ? 'libtensorflow' : bindingFile} is in it.`, part);
  const built = systemOfLibrary(firstBytes(file, headerBytes));
  if (built === undefined) throw wrongArchive(`${name} is damaged: its ${basename(file)} is no program library.`, part);
  if (built !== system) throw wrongArchive(`${name} is for ${systemName(built)}, and this is ${systemName(system)}.`, part);
}

/** Puts what was unpacked where the binding looks for it. */
export function arrange(aside: string): void {
  const place = join(aside, tensorflowBinding);
  mkdirSync(dirname(place), { recursive: true });
  renameSync(fileOf('binding', unpackedIn(aside, 'binding'))!, place);
  const library = fileOf('library', unpackedIn(aside, 'library'))!;
  // Windows looks beside the binding.
  if (library.endsWith('.dll')) copyFileSync(library, join(dirname(place), basename(library)));
  rmSync(unpackedIn(aside, 'binding'), { recursive: true });
}
