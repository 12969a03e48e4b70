import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withTemporary } from '../testing/small-run.ts';
import { changeAppFile, readAppFile } from './app-file.ts';

const hash = 'ab'.repeat(32);

describe('what the app adds to a run', () => {
  it('is kept, changed in parts, and taken away', () =>
    withTemporary((run) => {
      expect(readAppFile(run)).toEqual({ note: '', pinned: [] });
      changeAppFile(run, { note: 'Größe 2', active: { usable: true, deaths: 1 } });
      changeAppFile(run, { pinned: [hash], problem: 'It ended.' });
      expect(readAppFile(run)).toEqual({ note: 'Größe 2', pinned: [hash], problem: 'It ended.', active: { usable: true, deaths: 1 } });
      changeAppFile(run, { active: { usable: true, deaths: 1, paused: true, device: 'cpu' } });
      expect(readAppFile(run).active).toEqual({ usable: true, deaths: 1, paused: true, device: 'cpu' });
      changeAppFile(run, { embedded: [4, 32], held: [8] });
      expect(readAppFile(run)).toMatchObject({ embedded: [4, 32], held: [8] });
      changeAppFile(run, { usable: false });
      expect(readAppFile(run)).toMatchObject({ usable: false, active: { usable: true } });
      changeAppFile(run, { usable: undefined, active: undefined, problem: undefined, embedded: undefined, held: undefined });
      expect(readAppFile(run)).toEqual({ note: 'Größe 2', pinned: [hash] });
      expect(Object.keys(JSON.parse(readFileSync(join(run, 'app.json'), 'utf8')) as object)).toEqual(['note', 'pinned']);
    }));

  it('is what can be read of a damaged file', () =>
    withTemporary((run) => {
      for (const [text, expected] of [
        ['', { note: '', pinned: [] }],
        ['null', { note: '', pinned: [] }],
        [JSON.stringify({ note: 7, usable: 1, pinned: ['../x', 3, hash], active: { usable: 'yes' } }), { note: '', pinned: [hash] }],
        [
          JSON.stringify({ note: 'a', pinned: {}, active: { usable: false, paused: 'yes', device: 'abacus' }, problem: [] }),
          { note: 'a', pinned: [], active: { usable: false, deaths: 0 } },
        ],
      ] as const) {
        writeFileSync(join(run, 'app.json'), text);
        expect(readAppFile(run)).toEqual(expected);
      }
    }));

  it('of a run that is gone cannot be written', () =>
    withTemporary((run) => {
      expect(() => changeAppFile(join(run, 'none'), { note: 'a' })).toThrow(expect.objectContaining({ code: 'not-found' }) as Error);
    }));
});
