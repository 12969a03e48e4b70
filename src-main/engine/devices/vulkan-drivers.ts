// The Vulkan drivers of a Linux, which are what computes on WebGPU there: which manifests there are, and what tells them from others.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { linuxFolders } from '../../files/library-finder.ts';

export interface VulkanPlaces {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where the settings of all programs lie. */
  readonly settings?: string;
}

const listed = (text: string | undefined): readonly string[] => (text ?? '').split(':').filter(Boolean);

const manifestsIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
};

/** Paths of the manifests that Vulkan's loader would read: those that the environment names, else those of the system and this person. */
export function vulkanManifests({ environment = process.env, settings = '/etc' }: VulkanPlaces = {}): readonly string[] {
  const named = listed(environment['VK_DRIVER_FILES'] || environment['VK_ICD_FILENAMES']);
  if (named.length > 0) return named.flatMap((path) => (path.endsWith('.json') ? path : manifestsIn(path)));
  const data = [environment['XDG_DATA_HOME'] || join(homedir(), '.local/share')];
  const shared = listed(environment['XDG_DATA_DIRS'] || '/usr/local/share:/usr/share');
  return [settings, ...data, ...shared].flatMap((folder) => manifestsIn(join(folder, 'vulkan/icd.d')));
}

/** Path, size and time of a file; nothing where it is not there. */
function factsOf(file: string): readonly (readonly [string, number, number])[] {
  try {
    const { size, mtimeMs } = statSync(file);
    return [[realpathSync(file), size, mtimeMs]];
  } catch {
    return [];
  }
}

/** Where the library of a manifest may lie: a path, beside the manifest where it is none from the root, or a name for the dynamic linker. */
function librariesOf(manifest: string, environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  try {
    const { ICD: driver } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly ICD?: { readonly library_path?: unknown } };
    const library = driver?.library_path;
    if (typeof library !== 'string') return [];
    if (library.includes('/')) return [resolve(dirname(manifest), library)];
    return [...listed(environment['LD_LIBRARY_PATH']), ...linuxFolders].map((folder) => join(folder, library));
  } catch {
    return [];
  }
}

/** A short digest of the manifests and of the libraries that they name: another one is another driver. */
export function vulkanStamp(places: VulkanPlaces = {}): string {
  const { environment = process.env } = places;
  const files = vulkanManifests(places).flatMap((manifest) => [
    ...factsOf(manifest),
    ...(librariesOf(manifest, environment)
      .map(factsOf)
      .find(({ length }) => length > 0) ?? []),
  ]);
  return createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
}
