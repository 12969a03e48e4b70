import { expect, it } from 'vitest';
import type { Face } from '../../shared/contract/face.ts';
import { mostDragged } from '../../shared/contract/limits.ts';
import { strings } from '../strings/strings.ts';
import { dragOutOf, revealOf } from './image-files.ts';
import { Selection } from './selection.svelte.ts';
import type { Studio } from './studio.svelte.ts';

function page(face: Partial<Face>) {
  const said: string[] = [];
  const studio = {
    face,
    selection: new Selection(),
    notices: { say: (message: string) => said.push(message) },
    ask: (_channel: string, { image }: { image: number }) => Promise.resolve(image === 0 ? undefined : { file: `/data/${image}.png` }),
  } as unknown as Studio;
  return { studio, said };
}

it('the file of an image is shown where the engine says that it lies, and none where it knows none', async () => {
  const shown: string[] = [];
  const { studio } = page({ reveal: (path) => shown.push(path) });
  const reveal = revealOf(studio)!;
  for (const image of [0, 7]) reveal(image);
  await new Promise((resolve) => setTimeout(resolve));
  expect(shown).toEqual(['/data/7.png']);
});

it('an image is dragged out alone, or with the selection that it is in', () => {
  const dragged: (readonly number[])[] = [];
  const { studio, said } = page({ dragOut: (images) => dragged.push(images) });
  studio.selection.set([3, 4, 5]);
  for (const image of [9, 4]) dragOutOf(studio)!(image);
  expect(dragged).toEqual([[9], [4, 3, 5]]);
  expect(said).toEqual([]);
});

it('of a selection that is too large as many are dragged out as can be, the one that was taken hold of among them, and it is said', () => {
  const dragged: (readonly number[])[] = [];
  const { studio, said } = page({ dragOut: (images) => dragged.push(images) });
  studio.selection.set(Array.from({ length: mostDragged + 1 }, (_, i) => i + 1));
  dragOutOf(studio)!(mostDragged + 1);
  expect([dragged[0]!.length, dragged[0]![0], new Set(dragged[0]).size]).toEqual([mostDragged, mostDragged + 1, mostDragged]);
  expect(said).toEqual([strings.common.tooManyDragged(mostDragged, mostDragged + 1)]);
});

it('a browser offers neither', () => {
  const { studio } = page({});
  expect([revealOf(studio), dragOutOf(studio)]).toEqual([undefined, undefined]);
});
