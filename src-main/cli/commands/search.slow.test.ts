import { expect, it, vi } from 'vitest';
import type * as Search from '../../engine/vectors/search.ts';
import { nameText } from '../../library/file-names.ts';
import { Output } from '../output.ts';
import type * as RunContext from '../run-context.ts';
import { searchCommand } from './search.ts';

const strange = nameText(Buffer.from([0x2f, 0xe9, 0x2e, 0x70]));
const drawSheet = vi.hoisted(() => vi.fn());
vi.mock('../../engine/vectors/sheet.ts', () => ({ checkSheetTarget: async () => Promise.resolve(), drawSheet }));
vi.mock('../../engine/vectors/search.ts', async (original) => ({
  ...(await original<typeof Search>()),
  FolderSearch: {
    open: async () =>
      Promise.resolve({
        size: 1,
        byFiles: async () => Promise.resolve([{ rank: 1, score: 1, path: strange, hash: '', label: strange }]),
        dispose: async () => Promise.resolve(),
      }),
  },
}));
vi.mock('../run-context.ts', async (original) => ({
  ...(await original<typeof RunContext>()),
  withRun: async (_output: Output, _options: unknown, _folder: unknown, work: (context: object) => Promise<number>) => work({}),
}));

it('spells out names that are no text, draws their files, and says how many it has left out', async () => {
  const output = new Output(false);
  const [said, events]: [string[], unknown[]] = [[], []];
  vi.spyOn(output, 'say').mockImplementation((text) => void said.push(text));
  vi.spyOn(output, 'event').mockImplementation((event) => void events.push(event));
  const searched = async (leftOut: number): Promise<number> => {
    drawSheet.mockResolvedValueOnce(leftOut);
    return searchCommand(output, { image: ['/a'], count: '9', space: 'raw', sheet: 's.png' });
  };
  expect(await searched(2)).toBe(0);
  expect(said.slice(1)).toEqual([
    String.raw`   1  1.0000  /\xE9.p  [/\xE9.p]`,
    'Drawn in s.png, without 2 pictures that cannot be read any more.',
  ]);
  const [neighbours, sheet] = events;
  expect(neighbours).toMatchObject({ type: 'neighbours', neighbours: [{ path: String.raw`/\xE9.p` }] });
  expect(sheet).toEqual({ type: 'sheet', sheet: 's.png', leftOut: 2 });
  expect(drawSheet.mock.lastCall![2]).toMatchObject([{ neighbours: [{ path: strange }] }]);
  await searched(0);
  expect([said.at(-1), events]).toEqual(['Drawn in s.png.', [neighbours, sheet, neighbours]]);
});
