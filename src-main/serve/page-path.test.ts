import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pagePathOf } from './page-path.ts';

let place = '';
beforeEach(() => (place = mkdtempSync(join(tmpdir(), 'ijepa-page-path-'))));
afterEach(() => rmSync(place, { recursive: true }));

describe('the path of the page', () => {
  it('is long, one of each home, and the same at every start', () => {
    const homes = [join(place, 'a', 'home'), join(place, 'b')];
    const [one, two] = homes.map(pagePathOf);
    expect(one).toMatch(/^[\w-]{43}$/);
    expect(two).not.toBe(one);
    expect(homes.map(pagePathOf)).toEqual([one, two]);
  });

  it('is another one where the file says none, or a home is none', () => {
    writeFileSync(join(place, 'serve-path'), '../../');
    const made = pagePathOf(place);
    expect(made).toMatch(/^[\w-]{43}$/);
    expect(readFileSync(join(place, 'serve-path'), 'utf8')).toBe(`${made}\n`);
    expect(pagePathOf(join(place, 'serve-path'))).toMatch(/^[\w-]{43}$/);
  });

  it.skipIf(process.platform === 'win32')('can be read by its owner alone', () => {
    pagePathOf(place);
    expect(statSync(join(place, 'serve-path')).mode & 0o777).toBe(0o600);
  });
});
