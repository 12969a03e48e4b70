import { describe, expect, it } from 'vitest';
import type { GridImage } from '../../../shared/contract/contract-library.ts';
import { Selection } from '../selection.svelte.ts';
import { LibraryKeys } from './library-keys.svelte.ts';

/** Keys on a list of `total` rows, of which the first twenty are there; row 0 is of image 1. Ids come when `answer` is called. */
function keysOn(total: number | undefined) {
  const waiting: (() => void)[] = [];
  const late = <T>(value: T): Promise<T> => new Promise((resolve) => waiting.push(() => resolve(value)));
  const ids = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, place) => from + place + 1);
  const rows = {
    total,
    at: (index: number) => (index < Math.min(20, rows.total ?? 0) ? ({ id: index + 1 } as GridImage) : undefined),
    idsOf: (from: number, to: number) => late<readonly number[] | undefined>(ids(from, to)),
    allIds: () => late<Int32Array | undefined>(Int32Array.from(ids(0, (rows.total ?? 0) - 1))),
  };
  const selection = new Selection();
  const moves: number[] = [];
  const keys: LibraryKeys = new LibraryKeys(rows, selection, () => moves.push(keys.active));
  const answer = async (...works: readonly Promise<void>[]): Promise<void> => {
    for (const one of waiting.splice(0)) one();
    await Promise.all(works);
  };
  return { rows, keys, selection, moves, answer, selected: () => [...selection.images] };
}
const alone = { range: false, add: false };
const add = { range: false, add: true };
const range = { range: true, add: false };

describe('the keys of the library', () => {
  it('stay in the list, also when it becomes shorter, and select nothing by moving', () => {
    const { rows, keys, selection, moves } = keysOn(10);
    keys.moveTo(-1);
    expect([keys.active, keys.image?.id]).toEqual([0, 1]);
    keys.moveTo(12);
    expect([keys.active, keys.image?.id]).toEqual([9, 10]);
    rows.total = 4;
    expect([keys.active, keys.image?.id]).toEqual([3, 4]);
    expect([selection.size, moves]).toEqual([0, [0, 9]]);
    const none = keysOn(undefined).keys;
    none.moveTo(3);
    expect([none.active, none.image]).toEqual([0, undefined]);
  });

  it('select a range from where one was selected last, on either side, in place of what is selected or beside it', async () => {
    const { keys, answer, selected } = keysOn(100);
    await keys.go(5, alone);
    keys.moveTo(9);
    await answer(keys.go(7, range));
    expect(selected()).toEqual([6, 7, 8]);
    await answer(keys.go(3, range));
    expect(selected()).toEqual([4, 5, 6]);
    await keys.go(10, add);
    await answer(keys.go(12, { range: true, add: true }));
    expect(selected()).toEqual([4, 5, 6, 11, 12, 13]);
    await keys.go(10, add);
    expect(selected()).toEqual([4, 5, 6, 12, 13]);
  });

  it('stand on a row that is not there yet, and leave what is selected', async () => {
    const { keys, answer, selected, moves } = keysOn(100);
    await keys.go(2, alone);
    await keys.go(50, alone);
    expect([keys.active, keys.image, selected(), moves]).toEqual([50, undefined, [3], [2, 50]]);
    await answer(keys.go(51, range));
    expect(selected()).toEqual([51, 52]);
  });

  it('forget what they select as soon as something else is selected, or another list begins', async () => {
    const { keys, answer, selected } = keysOn(100);
    const before = keys.go(30, range);
    await keys.go(4, alone);
    await answer(before);
    expect(selected()).toEqual([5]);
    const [all, shorter] = [keys.selectAll(), keys.go(6, range)];
    await answer(all, shorter);
    expect(selected()).toEqual([5, 6, 7]);
    const left = [keys.selectAll(), keys.go(8, range)];
    keys.begin();
    await answer(...left);
    expect(selected()).toEqual([5, 6, 7]);
    await answer(keys.selectAll());
    expect(selected()).toHaveLength(100);
  });

  it('are put on an image that was found: ranges begin there, and the grid shows it instead of where it was left', async () => {
    const { keys, answer, selected, moves } = keysOn(100);
    keys.scrollTop = 900;
    keys.put(60, 61);
    expect([keys.active, selected(), keys.scrollTop, moves]).toEqual([60, [61], 0, [60]]);
    const all = keys.selectAll();
    keys.put(60, 61);
    await answer(all);
    expect(selected()).toEqual([61]);
    await answer(keys.go(62, range));
    expect(selected()).toEqual([61, 62, 63]);
  });

  it('begin at the top of another list, of which there are no rows to tell', async () => {
    const { keys, answer, selected, moves } = keysOn(100);
    keys.put(60, 61);
    keys.scrollTop = 900;
    keys.begin();
    expect([keys.active, keys.scrollTop, moves]).toEqual([0, 0, [60]]);
    await answer(keys.go(1, range));
    expect(selected()).toEqual([1, 2]);
  });
});
