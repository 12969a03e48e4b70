import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Roots } from '../roots.ts';
import { defaultTarget } from './export-target.ts';

let person = '';
beforeEach(() => {
  person = realpathSync(mkdtempSync(join(tmpdir(), 'export-target-')));
  for (const name of ['HOME', 'USERPROFILE']) vi.stubEnv(name, person);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(person, { recursive: true });
});

/** The default with these folders catalogued, and these given to a page; relative to the folder of the person. */
async function target(originals: readonly string[], given?: readonly string[], images = 'pets'): Promise<string> {
  const at = (names: readonly string[]): string[] => names.map((name) => join(person, name));
  const exports = join(person, '.ijepa-studio', 'exports');
  const roots = new Roots(given && at(given), () => at(originals), [exports]);
  const path = await defaultTarget(
    { studio: { originals: at(originals), home: { exports } }, roots },
    { run: 'cats', step: 7, root: join(person, images) },
  );
  expect(await roots.writable(path)).toBe(path);
  return path.slice(person.length + 1).replaceAll('\\', '/');
}

describe('where an export goes when nothing is chosen', () => {
  it('is in the documents of the person, or in their folder where there are none', async () => {
    expect(await target(['Pictures'])).toBe('ijepa-studio-exports/cats-step-7-pets');
    mkdirSync(join(person, 'Documents'));
    expect(await target(['Pictures'])).toBe('Documents/ijepa-studio-exports/cats-step-7-pets');
  });

  it('is named by the run alone where weights alone are exported', async () => {
    const roots = new Roots(undefined, () => [], []);
    const surroundings = { studio: { originals: [], home: { exports: person } }, roots };
    const path = await defaultTarget(surroundings, { run: 'cats', step: 7, root: undefined });
    expect(path).toBe(join(person, 'ijepa-studio-exports', 'cats-step-7'));
  });

  it('is another one for each folder of images, by as much of its name as every disk takes', async () => {
    expect(await target(['Pictures'], undefined, 'Wild birds')).toBe('ijepa-studio-exports/cats-step-7-Wild birds');
    expect(await target(['Pictures'], undefined, `${'ü'.repeat(39)}. and more`)).toBe(`ijepa-studio-exports/cats-step-7-${'ü'.repeat(39)}`);
  });

  it('is not that of another folder of the same name, in whatever letters, nor of one that only the end of a long name tells apart', async () => {
    const marked = /^ijepa-studio-exports\/cats-step-7-(.*)-([0-9a-f]{6})$/;
    const twins = ['2024/pets', '2025/Pets', 'birds'];
    const [first, second] = [await target(twins, undefined, '2024/pets'), await target(twins, undefined, '2025/Pets')];
    expect([marked.exec(first)?.[1], marked.exec(second)?.[1]]).toEqual(['pets', 'Pets']);
    expect(marked.exec(first)?.[2]).not.toBe(marked.exec(second)?.[2]);
    expect(await target(twins, undefined, '2024/pets')).toBe(first);
    expect(await target(twins, undefined, 'birds')).toBe('ijepa-studio-exports/cats-step-7-birds');
    const long = ['a', 'b'].map((end) => `${'x'.repeat(40)}${end}`);
    expect(await target(long, undefined, long[0])).not.toBe(await target(long, undefined, long[1]));
  });

  it.each(['Documents', '.', 'Documents/ijepa-studio-exports'])(
    'is in the home of the program where %s is a folder of images',
    async (images) => {
      mkdirSync(join(person, 'Documents'));
      expect(await target([images])).toBe('.ijepa-studio/exports/cats-step-7-pets');
    },
  );

  it('is in the first folder that a page may use and that holds no originals, else in the home of the program, which it may use for this', async () => {
    expect(await target(['photos'], ['data', 'photos'])).toBe('data/ijepa-studio-exports/cats-step-7-pets');
    expect(await target(['photos'], ['photos', 'data'])).toBe('data/ijepa-studio-exports/cats-step-7-pets');
    expect(await target(['photos'], ['photos'])).toBe('.ijepa-studio/exports/cats-step-7-pets');
  });
});
