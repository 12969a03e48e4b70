import { describe, expect, it } from 'vitest';
import type { GridImage, ImageFilter } from '../../../shared/contract/contract-library.ts';
import { AppError } from '../../../shared/errors.ts';
import type { Studio } from '../studio.svelte.ts';
import { LibraryRows } from './library-rows.svelte.ts';

const count = 450;
const locked = new AppError('locked', 'The catalogue is in use.', 'Try again.');

/** Rows of an engine that has the images 1 … 450 in every folder. Channels that are put in `failing` fail. */
function rowsOf() {
  const asked: { readonly channel: string; readonly input: unknown }[] = [];
  const said: unknown[] = [];
  const failing = new Set<string>();
  let changes = 0;
  const answers: Record<string, (input: { offset: number; limit: number; image: number }) => unknown> = {
    'library.page': ({ offset, limit }) => ({
      total: count,
      rows: Array.from({ length: Math.min(limit, count - offset) }, (_, place) => ({ id: offset + place + 1 }) as GridImage),
    }),
    'library.ids': () => ({ ids: Int32Array.from({ length: count }, (_, place) => place + 1) }),
    'library.position': ({ image }) => ({ index: image <= count ? image - 1 : -1 }),
  };
  const call = async (channel: string, input: never): Promise<unknown> => {
    asked.push({ channel, input });
    if (failing.has(channel)) throw locked;
    return answers[channel]!(input);
  };
  const fail = (error: unknown): number => said.push(error);
  const ask = (channel: string, input: never): Promise<unknown> => call(channel, input).catch((error: unknown) => void fail(error));
  const studio = { client: { call }, ask, notices: { fail } } as unknown as Studio;
  const rows = new LibraryRows(studio, () => changes++);
  const times = (channel: string): number => asked.filter((one) => one.channel === channel).length;
  return { rows, said, failing, asked, times, changes: () => changes };
}
const answered = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

describe('the rows of the library', () => {
  it('give a reason in their place until there are some, and stay when newer ones cannot be had', async () => {
    const { rows, said, failing, changes } = rowsOf();
    failing.add('library.page');
    rows.begin(1, {});
    expect([rows.total, rows.error]).toEqual([undefined, undefined]);
    await answered();
    expect([rows.total, rows.error?.message, said, changes()]).toEqual([undefined, locked.message, [], 0]);
    failing.clear();
    rows.retry();
    expect(rows.error).toBeUndefined();
    await answered();
    expect([rows.total, rows.at(1)?.id, changes()]).toEqual([count, 2, 1]);
    failing.add('library.page');
    rows.renew();
    await answered();
    expect([rows.total, rows.at(1)?.id, rows.error, said]).toEqual([count, 2, undefined, [locked]]);
    rows.begin(2, {});
    await answered();
    expect(rows.error?.message).toBe(locked.message);
    failing.clear();
    // As while a folder is read: the reason stays until the rows are there.
    rows.renew();
    expect(rows.error?.message).toBe(locked.message);
    await answered();
    expect([rows.total, rows.error]).toEqual([count, undefined]);
  });

  it('are asked for with the folder and the filter of their list, and those of another are not shown', async () => {
    const { rows, asked, changes } = rowsOf();
    const filter: ImageFilter = { tag: 'favourite' };
    rows.begin(1, filter);
    rows.begin(2, {});
    expect(asked.map(({ input }) => input)).toMatchObject([
      { folder: 1, filter },
      { folder: 2, filter: {} },
    ]);
    await answered();
    expect([rows.total, changes()]).toEqual([count, 1]);
    rows.begin(undefined, {});
    await answered();
    expect([rows.total, rows.at(0), await rows.allIds(), await rows.positionOf(3), asked.length]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      2,
    ]);
  });

  it('let what failed beside them be said once they are there, and never of a list that was left', async () => {
    const { rows, said, failing } = rowsOf();
    rows.begin(1, {});
    rows.failBeside('facets');
    expect(said).toEqual([]);
    await answered();
    expect(said).toEqual(['facets']);
    rows.renew();
    await answered();
    rows.failBeside('changes');
    expect(said).toEqual(['facets', 'changes']);
    failing.add('library.page');
    rows.begin(2, {});
    rows.failBeside('of folder 2');
    await answered();
    expect(said).toHaveLength(2);
    failing.clear();
    rows.begin(3, {});
    await answered();
    expect(said).toHaveLength(2);
  });

  it('tell ids at hand without a question, and ask once for those beyond', async () => {
    const { rows, times } = rowsOf();
    rows.begin(1, {});
    await answered();
    expect([await rows.idsOf(3, 5), times('library.ids')]).toEqual([[4, 5, 6], 0]);
    expect([...(await rows.idsOf(198, 201))!]).toEqual([199, 200, 201, 202]);
    expect(await rows.allIds()).toHaveLength(count);
    expect(times('library.ids')).toBe(1);
    rows.renew();
    await rows.allIds();
    rows.begin(1, {});
    await rows.allIds();
    expect(times('library.ids')).toBe(3);
  });

  it('ask again for ids that could not be had, and say so', async () => {
    const { rows, failing, said } = rowsOf();
    rows.begin(1, {});
    failing.add('library.ids');
    expect([await rows.idsOf(0, 300), said]).toEqual([undefined, [locked]]);
    failing.clear();
    expect(await rows.idsOf(0, 300)).toHaveLength(301);
  });

  it('are others after a tag only where the list is that of a tag; ids are asked for again in any', async () => {
    const { rows, times } = rowsOf();
    for (const [filter, pages] of [
      [{ split: 'val' }, 1],
      [{ tag: 'favourite' }, 3],
    ] as const) {
      rows.begin(1, filter);
      await rows.allIds();
      const before = times('library.ids');
      rows.tagged();
      await rows.allIds();
      expect([times('library.page'), times('library.ids')]).toEqual([pages, before + 1]);
    }
  });

  it('know where an image is, that the filter hides it, or that this is not known', async () => {
    const { rows, failing, asked } = rowsOf();
    rows.begin(1, { label: 'cat' });
    expect([await rows.positionOf(7), await rows.positionOf(count + 1)]).toEqual([6, -1]);
    expect(asked.at(-1)?.input).toEqual({ folder: 1, filter: { label: 'cat' }, image: count + 1 });
    failing.add('library.position');
    expect(await rows.positionOf(7)).toBeUndefined();
  });
});
