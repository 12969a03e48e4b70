import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ImageFilter } from '../../../shared/contract/contract-library.ts';
import { ChosenFilter } from './chosen-filter.svelte.ts';

/** A filter, and each value that it told of. */
function chosen() {
  const told: ImageFilter[] = [];
  const filter: ChosenFilter = new ChosenFilter(() => told.push(filter.value));
  return { filter, told };
}
const rest = (): Promise<unknown> => vi.advanceTimersByTimeAsync(300);

describe('the filter that a person chooses', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('takes words without the spaces around them, and leaves the search field as it was typed', async () => {
    const { filter, told } = chosen();
    filter.set({ label: 'cat' });
    filter.type('red ');
    expect([filter.typed, told]).toEqual(['red ', [{ label: 'cat' }]]);
    await rest();
    expect([filter.value, filter.typed]).toEqual([{ label: 'cat', search: 'red' }, 'red ']);
    filter.type('  ');
    await rest();
    expect([filter.value, filter.typed]).toEqual([{ label: 'cat' }, '  ']);
  });

  it('is not told of where the words are the same when the typing rests', async () => {
    const { filter, told } = chosen();
    filter.type('red');
    await rest();
    filter.type('re');
    filter.type('red ');
    await rest();
    filter.type('');
    filter.type('red');
    await rest();
    expect(told).toEqual([{ search: 'red' }]);
  });

  it('gives up what is being typed when another is chosen', async () => {
    const { filter, told } = chosen();
    filter.type('red');
    filter.set({ search: 'blue' });
    filter.type('green');
    filter.takeAway('search');
    await rest();
    expect([filter.typed, filter.parts, told]).toEqual(['', [], [{ search: 'blue' }, {}]]);
  });

  it('is forgotten with what is being typed, and nobody is told', async () => {
    const { filter, told } = chosen();
    filter.toggle('tag', 'favourite');
    filter.type('red');
    filter.forget();
    await rest();
    expect([filter.typed, filter.value, told]).toEqual(['', {}, [{ tag: 'favourite' }]]);
  });
});
