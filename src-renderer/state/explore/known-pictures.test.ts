import { describe, expect, it, vi } from 'vitest';
import type { NeighbourRow } from '../../../shared/contract/contract-explore.ts';
import { ExploreMemory } from './explore-memory.svelte.ts';
import { KnownPictures } from './known-pictures.svelte.ts';

type Studio = ConstructorParameters<typeof KnownPictures>[0];

const found: readonly NeighbourRow[] = [{ rank: 1, score: 1, image: 3, path: 'a/3.png', label: 'cat', width: 1, height: 1 }];

function known(details: (image: number) => object | undefined) {
  const asked: number[] = [];
  const ask = async (_channel: string, { image }: { image: number }): Promise<unknown> => {
    asked.push(image);
    return details(image);
  };
  const memory = new ExploreMemory();
  return { asked, memory, pictures: new KnownPictures({ ask, explore: memory } as unknown as Studio) };
}

describe('pictures that are looked for', () => {
  it('are named by what a result said of them, else by the engine, which is asked once', async () => {
    const { asked, pictures } = known((image) => ({ path: `b/${image}.png`, label: null }));
    const query = { plus: [{ image: 3 }], minus: [{ image: 4 }] };
    pictures.learn(query, found);
    pictures.learn(query, []);
    expect(asked).toEqual([4]);
    expect([pictures.nameOf({ image: 3 }), pictures.labelOf({ image: 3 })]).toEqual(['a/3.png', 'cat']);
    expect(pictures.nameOf({ image: 4 })).toBe('Image 4');
    await vi.waitFor(() => expect(pictures.nameOf({ image: 4 })).toBe('b/4.png'));
    expect(pictures.labelOf({ image: 4 })).toBeUndefined();
    pictures.learn(query, []);
    expect(asked).toEqual([4]);
  });

  it('have a number where they are no more, and are not asked for again', async () => {
    const { asked, pictures } = known(() => undefined);
    pictures.learn({ plus: [{ image: 9 }], minus: [] }, found);
    await Promise.resolve();
    pictures.learn({ plus: [{ image: 9 }], minus: [] }, found);
    expect([asked, pictures.nameOf({ image: 9 })]).toEqual([[9], 'Image 9']);
  });

  it('have the name of their file when they are from outside', () => {
    const { asked, memory, pictures } = known(() => undefined);
    memory.keep(7, { name: 'holiday.jpg', width: 1, height: 1, bitmap: undefined });
    pictures.learn({ plus: [{ upload: 7 }], minus: [] }, found);
    expect([pictures.nameOf({ upload: 7 }), pictures.labelOf({ upload: 7 })]).toEqual(['holiday.jpg', 'from outside']);
    expect([pictures.nameOf({ upload: 8 }), asked]).toEqual(['Picture 8 from outside', []]);
  });
});
