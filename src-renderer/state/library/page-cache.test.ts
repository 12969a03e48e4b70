import { describe, expect, it } from 'vitest';
import { PageCache, pageSize } from './page-cache.ts';
import type { Page } from './page-cache.ts';

interface Asked {
  readonly offset: number;
  readonly signal: AbortSignal;
  readonly answer: (page: Page<number>) => void;
  readonly refuse: (error: unknown) => void;
}

/** A list of `total` numbers whose pages are answered by hand. */
function byHand(total = 100_000) {
  const asked: Asked[] = [];
  const errors: unknown[] = [];
  let changes = 0;
  const cache = new PageCache<number>(
    (offset, _limit, signal) => new Promise((answer, refuse) => asked.push({ offset, signal, answer, refuse })),
    { onChange: () => changes++, onError: (error) => errors.push(error) },
  );
  const answer = async (index: number, shift = 0): Promise<void> => {
    const { offset, answer: give } = asked[index]!;
    give({ total, rows: Array.from({ length: pageSize }, (_, i) => offset + i + shift) });
    await Promise.resolve();
    await Promise.resolve();
  };
  return { cache, asked, errors, answer, changes: () => changes };
}

describe('rows in pages', () => {
  it('asks once for each page in sight', async () => {
    const { cache, asked, answer } = byHand();
    cache.show(150, 420);
    cache.show(150, 421);
    expect(asked.map(({ offset }) => offset)).toEqual([0, 200, 400]);
    expect(cache.total).toBeUndefined();
    await answer(1);
    expect([cache.total, cache.row(250), cache.row(150)]).toEqual([100_000, 250, undefined]);
  });

  it('gives up pages that went out of sight, and takes no late answer of them', async () => {
    const { cache, asked, answer, changes } = byHand();
    cache.show(0, 10);
    cache.show(50_000, 50_010);
    expect(asked[0]!.signal.aborted).toBe(true);
    await answer(0);
    expect([cache.row(0), changes()]).toEqual([undefined, 0]);
    await answer(1);
    expect(cache.row(50_001)).toBe(50_001);
  });

  it('shows rows that are out of date until new ones are there, and never goes back to them', async () => {
    const { cache, asked, answer } = byHand();
    cache.show(0, 10);
    await answer(0);
    cache.renew();
    expect(cache.row(3)).toBe(3);
    cache.renew();
    expect(asked).toHaveLength(3);
    await answer(2, 1000);
    await answer(1, 500);
    expect(cache.row(3)).toBe(1003);
  });

  it('keeps the latest pages only', async () => {
    const { cache, asked, answer } = byHand();
    for (let page = 0; page < 70; page++) {
      cache.show(page * pageSize, page * pageSize);
      await answer(asked.length - 1);
    }
    expect(cache.row(0)).toBeUndefined();
    expect(cache.row(69 * pageSize)).toBe(69 * pageSize);
  });

  it('says errors, and asks again when the rows are shown again', async () => {
    const { cache, asked, errors } = byHand();
    cache.show(0, 10);
    asked[0]!.refuse(new Error('no'));
    await Promise.resolve();
    await Promise.resolve();
    expect(errors).toHaveLength(1);
    cache.show(0, 10);
    expect(asked).toHaveLength(2);
    cache.dispose();
    asked[1]!.refuse(new Error('late'));
    await Promise.resolve();
    expect(errors).toHaveLength(1);
  });
});
