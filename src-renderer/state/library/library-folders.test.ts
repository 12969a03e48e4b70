import { describe, expect, it } from 'vitest';
import type { FolderSummary } from '../../../shared/contract/contract-library.ts';
import type { Face } from '../../../shared/contract/face.ts';
import { strings } from '../../strings/strings.ts';
import type { Studio } from '../studio.svelte.ts';
import { LibraryFolders, liesIn } from './library-folders.svelte.ts';

const folder = (id: number, path: string): FolderSummary => ({ id, path, name: path.split('/').at(-1) }) as FolderSummary;

/** A page with some folders, whose engine adds what it is asked to. */
function page(known: readonly FolderSummary[], face: Partial<Face> = {}) {
  const said: string[] = [];
  const asked: unknown[] = [];
  const shown: number[] = [];
  const taken: string[] = [];
  let folders = known;
  const studio = {
    face,
    client: { call: (channel: string, input: unknown) => Promise.resolve(void asked.push([channel, input])) },
    get folders() {
      return folders;
    },
    ask: (_channel: string, { path }: { path: string }) => {
      if (path === '/gone') return Promise.resolve(undefined);
      const id = folders.find((one) => one.path === path)?.id ?? folders.length + 1;
      if (id > folders.length) folders = [...folders, folder(id, path)];
      return Promise.resolve({ folder: id });
    },
    refreshFolders: () => Promise.resolve(),
    choose: (id: number) => shown.push(id),
    dropped: { add: (files: readonly { name: string }[]) => taken.push(...files.map(({ name }) => name)) },
    router: { go: () => {} },
    notices: { say: (message: string) => said.push(message), fail: ({ message }: Error) => said.push(message) },
  } as unknown as Studio;
  return { adding: new LibraryFolders(studio), said, asked, shown, taken, paths: () => folders.map(({ path }) => path) };
}

/** What a page is handed when folders (names without a dot) and files are dropped on it. */
const dropOf = (...names: readonly string[]): DataTransfer =>
  ({
    items: names.map((name) => ({
      kind: 'file',
      webkitGetAsEntry: () => ({ isDirectory: !name.includes('.') }),
      getAsFile: () => ({ name, type: name.endsWith('.png') ? 'image/png' : 'text/plain' }),
    })),
  }) as unknown as DataTransfer;

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

describe('what is dropped', () => {
  const words = strings.shell;
  const pathOf = (file: object): string => `/${(file as { name: string }).name}`;

  it('of several folders adds each, shows the first, and says which files beside them are left', async () => {
    const { adding, said, shown, taken, paths } = page([folder(1, '/known')], { pathOf });
    await adding.drop(dropOf('gone', 'a.png', 'cats', 'b.txt', 'dogs'));
    expect(paths()).toEqual(['/known', '/cats', '/dogs']);
    expect([shown, taken, adding.busy]).toEqual([[2], [], false]);
    expect(said).toEqual([words.besideFolders(2)]);
  });

  it('is asked for by name where the place does not tell where it lies', async () => {
    const { adding, paths } = page([]);
    const chosen = adding.drop(dropOf('cats', 'dogs'));
    await Promise.resolve();
    await Promise.resolve();
    expect(adding.request?.text).toBe(words.folderDropped(2));
    adding.answer('/data/cats');
    await chosen;
    expect(paths()).toEqual(['/data/cats']);
  });

  it('of images become queries, and what is no image is said', async () => {
    const { adding, said, taken } = page([], { pathOf });
    await adding.drop(dropOf('a.png', 'b.txt', 'c.png'));
    expect([taken, said]).toEqual([['a.png', 'c.png'], [words.someNoImages(1, 3)]]);
    await adding.drop(dropOf('b.txt'));
    expect(said.at(-1)).toBe(words.noImagesDropped);
  });
});

describe('a file that is asked for', () => {
  it('is chosen in the dialog of the system where there is one', async () => {
    const { adding } = page([], { chooseFile: (kind) => Promise.resolve(`/x.${kind}`), chooseFolder: () => Promise.resolve('/x') });
    expect(await adding.ask({ title: '', files: 'csv' })).toBe('/x.csv');
    expect(await adding.ask({ title: '', files: 'weights' })).toBe('/x.weights');
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
