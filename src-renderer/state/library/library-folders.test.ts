import { describe, expect, it } from 'vitest';
import type { FolderSummary } from '../../../shared/contract-library.ts';
import type { Face } from '../../../shared/face.ts';
import { strings } from '../../strings/strings.ts';
import type { Studio } from '../studio.svelte.ts';
import { LibraryFolders, liesIn } from './library-folders.svelte.ts';

const folder = (id: number, path: string): FolderSummary => ({ id, path, name: path.split('/').at(-1) }) as FolderSummary;

/** A page with some folders, whose engine adds what it is asked to. */
function page(known: readonly FolderSummary[], face: Partial<Face> = {}) {
  const said: string[] = [];
  const asked: unknown[] = [];
  let folders = known;
  const studio = {
    face,
    client: { call: (channel: string, input: unknown) => Promise.resolve(void asked.push([channel, input])) },
    get folders() {
      return folders;
    },
    ask: (_channel: string, { path }: { path: string }) => {
      const id = folders.find((one) => one.path === path)?.id ?? folders.length + 1;
      if (id > folders.length) folders = [...folders, folder(id, path)];
      return Promise.resolve({ folder: id });
    },
    refreshFolders: () => Promise.resolve(),
    choose: () => {},
    router: { go: () => {} },
    notices: { say: (message: string) => said.push(message) },
  } as unknown as Studio;
  return { adding: new LibraryFolders(studio), said, asked };
}

describe('a folder that is added', () => {
  const { around, within } = strings.library.overlap;

  it('in a known one, or around one, is said to have its images in both', async () => {
    const inside = page([folder(1, '/data/pictures')]);
    await inside.adding.add('/data/pictures/cats');
    expect(inside.said).toEqual([around('cats', 'pictures')]);
    const outside = page([folder(1, '/data/pictures/cats'), folder(2, '/data/pictures/dogs'), folder(3, '/data/other')]);
    await outside.adding.add('/data/pictures');
    expect(outside.said).toEqual([within('pictures', ['cats', 'dogs'])]);
  });

  it('beside known ones, or known itself, is added without a word', async () => {
    const { adding, said } = page([folder(1, '/data/pictures')]);
    await adding.add('/data/pictures 2');
    await adding.add('/data/pictures');
    expect(said).toEqual([]);
  });

  it('lies in another only below it, on every system', () => {
    expect([liesIn('/a/b', '/a'), liesIn('/a/b', '/a/'), liesIn('/a', '/'), liesIn('C:\\a\\b', 'C:\\a')]).toEqual([true, true, true, true]);
    expect([liesIn('/a', '/a'), liesIn('/ab', '/a'), liesIn('/a', '/a/b')]).toEqual([false, false, false]);
  });
});

describe('a file that is asked for', () => {
  it('is chosen in the dialog of the system where there is one', async () => {
    const { adding } = page([], { chooseFile: () => Promise.resolve('/x.csv'), chooseFolder: () => Promise.resolve('/x') });
    expect(await adding.ask({ title: '', files: 'csv' })).toBe('/x.csv');
    expect(await adding.ask({ title: '' })).toBe('/x');
  });

  it('is looked for in the page itself elsewhere, by its kind', async () => {
    const { adding, asked } = page([]);
    const chosen = adding.ask({ title: '', files: 'csv' });
    await adding.list('/data');
    adding.answer('/data/labels.csv');
    expect(await chosen).toBe('/data/labels.csv');
    await adding.list(undefined);
    expect(asked).toEqual([
      ['system.folders', { path: '/data', files: 'csv' }],
      ['system.folders', {}],
    ]);
  });
});
