import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vulkanManifests, vulkanStamp } from './vulkan-drivers.ts';
import type { VulkanPlaces } from './vulkan-drivers.ts';

let folder: string;
let places: VulkanPlaces & { readonly environment: Record<string, string | undefined> };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ijepa-vulkan-'));
  const environment = { XDG_DATA_HOME: join(folder, 'own'), XDG_DATA_DIRS: `${join(folder, 'local')}:${join(folder, 'share')}` };
  places = { environment, settings: join(folder, 'etc') };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function driver(place: string, name: string, library: string): string {
  const icd = join(folder, place, 'vulkan/icd.d');
  mkdirSync(icd, { recursive: true });
  const file = join(icd, `${name}_icd.json`);
  writeFileSync(file, JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library, api_version: '1.3.0' } }));
  return file;
}

describe('the Vulkan drivers of a Linux', () => {
  it('are those of the system and the person, or those that the environment names', () => {
    const found = [driver('etc', 'a', 'a.so'), driver('share', 'b', 'b.so'), driver('share', 'c', 'c.so')];
    expect(vulkanManifests(places)).toEqual(found);
    const named = { ...places, environment: { VK_ICD_FILENAMES: `${found[1]!}:${join(folder, 'etc/vulkan/icd.d')}` } };
    expect(vulkanManifests(named)).toEqual([found[1], found[0]]);
    expect(vulkanManifests({ environment: { XDG_DATA_HOME: folder, XDG_DATA_DIRS: folder }, settings: folder })).toEqual([]);
  });

  it('are others once a library, whichever way it is named, or a manifest is another', () => {
    const [absolute, beside, named] = ['one.so', 'share/vulkan/icd.d/two.so', 'libraries/three.so'].map((name) => join(folder, name));
    driver('share', 'one', absolute!);
    driver('share', 'two', './two.so');
    driver('share', 'three', 'three.so');
    driver('share', 'four', 'not-there.so');
    places.environment['LD_LIBRARY_PATH'] = join(folder, 'libraries');
    mkdirSync(join(folder, 'libraries'));
    const stamps = [vulkanStamp(places)];
    for (const library of [absolute!, beside!, named!]) {
      writeFileSync(library, 'a driver');
      stamps.push(vulkanStamp(places));
      utimesSync(library, 1e9, 1e9);
      stamps.push(vulkanStamp(places));
    }
    driver('local', 'five', absolute!);
    stamps.push(vulkanStamp(places));
    expect(new Set(stamps).size).toBe(stamps.length);
    expect(vulkanStamp(places)).toBe(stamps.at(-1));
    writeFileSync(join(folder, 'share/vulkan/icd.d/six.json'), 'no JSON');
    expect(vulkanStamp(places)).not.toBe(stamps.at(-1));
  });
});
