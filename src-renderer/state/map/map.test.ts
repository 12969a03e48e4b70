import { describe, expect, it, vi } from 'vitest';
import type { EmbeddingSource } from '../../../shared/contract/contract-explore.ts';
import type { MapView } from '../../../shared/contract/contract-map.ts';
import { ExploreMemory } from '../explore/explore-memory.svelte.ts';
import type { Studio } from '../studio.svelte.ts';
import { HoveredImage } from './hovered-image.svelte.ts';
import { MapState } from './map.svelte.ts';

const source = (run: string): EmbeddingSource => ({ run, step: 10, layer: 'last', dimension: 8, embedded: 3, images: 3 });
const view = (...labels: string[]): MapView => ({
  images: Int32Array.of(1, 2, 3),
  places: new Float32Array(6),
  labels,
  labelOf: Uint16Array.of(0, 1, 1),
  missing: 0,
});

/** A studio whose answers the test sets. */
function mapped() {
  const asked: string[] = [];
  const answers: Record<string, (input: Record<string, unknown>) => unknown> = {
    'explore.sources': () => [source('b'), source('a')],
    'map.view': ({ run }) => (run === 'b' ? view('cat', 'dog') : null),
    'map.draw': () => ({ job: 5 }),
  };
  const call = async (channel: string, input: Record<string, unknown>): Promise<unknown> => {
    asked.push([channel, input['run'], input['space']].filter((part) => typeof part === 'string').join(' '));
    return answers[channel]!(input);
  };
  const studio = {
    engine: 'ready',
    folder: { id: 1, scannedAt: 5 },
    jobs: [] as object[],
    runs: [],
    router: { view: 'map', aboutOf: () => ({}) },
    explore: new ExploreMemory(),
    client: { call },
    ask: call,
  };
  return { studio, map: new MapState(studio as unknown as Studio), asked, answers };
}
/** As the view does: whenever something changes. */
async function followed({ map }: ReturnType<typeof mapped>): Promise<void> {
  for (let i = 0; i < 4; i++) {
    map.follow();
    await Promise.resolve();
    await Promise.resolve();
  }
}

describe('the map', () => {
  it('is that of the vectors that Explore looks through, asked for once', async () => {
    const one = mapped();
    await followed(one);
    await followed(one);
    expect(one.asked).toEqual(['explore.sources', 'map.view b whitened']);
    expect(one.map.view?.labels).toEqual(['cat', 'dog']);
    one.map.choose(source('a'));
    await followed(one);
    expect(one.map.view).toBeNull();
    expect(one.studio.explore.settings.sources[0]?.run).toBe('a');
    one.map.chooseSpace('raw');
    await followed(one);
    expect(one.asked.slice(2)).toEqual(['map.view a whitened', 'map.view a raw']);
  });

  it('is looked at again once it was drawn; until then the one before is shown', async () => {
    const one = mapped();
    await followed(one);
    await one.map.draw();
    const job = { id: 5, kind: 'map', folder: 1, run: 'b', map: { step: 10, layer: 'last', space: 'whitened' }, state: 'running' };
    one.studio.jobs = [job];
    await followed(one);
    expect(one.map.drawing).toBe(job);
    expect(one.map.view).not.toBeNull();
    one.answers['map.view'] = () => view('cat', 'dog', 'owl');
    one.studio.jobs = [{ ...job, state: 'done' }];
    await followed(one);
    expect(one.map.drawing).toBeUndefined();
    expect(one.map.view?.labels).toEqual(['cat', 'dog', 'owl']);
    // Of another space, and forgotten by the list: neither is a reason to ask again, which would move what a person looks at.
    const asked = one.asked.length;
    one.studio.jobs = [{ ...job, id: 6, map: { ...job.map, space: 'raw' }, state: 'done' }];
    await followed(one);
    one.studio.jobs = [];
    await followed(one);
    expect(one.asked).toHaveLength(asked);
    // Another space that is drawn meanwhile is not this one.
    one.studio.jobs = [{ ...job, id: 7, map: { ...job.map, space: 'raw' } }];
    expect(one.map.drawing).toBeUndefined();
  });

  it('takes no answer for another question, and says what failed until it is asked again', async () => {
    const one = mapped();
    const slow = Promise.withResolvers<unknown>();
    one.answers['map.view'] = ({ space }) => (space === 'whitened' ? slow.promise : view('late'));
    await followed(one);
    one.map.chooseSpace('raw');
    await followed(one);
    slow.resolve(view('early'));
    await followed(one);
    expect(one.map.view?.labels).toEqual(['late']);
    one.answers['map.view'] = () => Promise.reject(new Error('gone'));
    one.map.chooseSpace('centred');
    await followed(one);
    expect(one.map.viewProblem).toMatchObject({ message: 'gone' });
    // News of the folder's vectors do not take it away.
    one.studio.folder = { id: 1, scannedAt: 6 };
    await followed(one);
    expect(one.map.viewProblem).toMatchObject({ message: 'gone' });
    one.answers['map.view'] = () => null;
    one.map.retry();
    await followed(one);
    expect([one.map.viewProblem, one.map.view]).toEqual([undefined, null]);
  });

  it('hides labels, shows one alone, and all again', async () => {
    const one = mapped();
    await followed(one);
    const { map } = one;
    map.toggle(0);
    expect([...map.hidden]).toEqual([0]);
    map.isolate(0, [0, 1, 65_535]);
    expect([...map.hidden]).toEqual([1, 65_535]);
    map.isolate(0, [0, 1, 65_535]);
    expect(map.hidden.size).toBe(0);
    map.toggle(1);
    map.toggle(1);
    expect(map.hidden.size).toBe(0);
    map.toggle(1);
    map.showAll();
    expect(map.hidden.size).toBe(0);
    // Another map may have other labels.
    map.toggle(1);
    one.answers['map.view'] = () => view('owl');
    map.chooseSpace('raw');
    await followed(one);
    expect(map.hidden.size).toBe(0);
  });

  it('asks for nothing while another view is shown, and again after the engine came back', async () => {
    const one = mapped();
    one.studio.router.view = 'library';
    await followed(one);
    expect(one.asked).toEqual([]);
    one.studio.router.view = 'map';
    await followed(one);
    one.studio.engine = 'crashed';
    await followed(one);
    one.studio.engine = 'ready';
    await followed(one);
    expect(one.asked.filter((question) => question === 'explore.sources')).toHaveLength(2);
  });
});

describe('the image under the pointer', () => {
  it('is asked for once the pointer rests on it, and once only', async () => {
    vi.useFakeTimers();
    try {
      const asked: number[] = [];
      const call = async (_channel: string, { image }: { image: number }): Promise<unknown> => {
        asked.push(image);
        return { path: `${image}.png`, label: null, width: 3, height: 2 };
      };
      const hovered = new HoveredImage({ call } as never);
      for (const image of [1, 2, 3]) hovered.follow(image, { x: image, y: 0 });
      await vi.advanceTimersByTimeAsync(100);
      expect(asked).toEqual([3]);
      expect(hovered.details?.path).toBe('3.png');
      hovered.forget();
      expect([hovered.image, hovered.details]).toEqual([undefined, undefined]);
      hovered.follow(3, { x: 0, y: 0 });
      await vi.advanceTimersByTimeAsync(100);
      expect(asked).toEqual([3]);
      expect(hovered.captionOf(3)).toEqual({ name: '3.png', facts: '3 × 2' });
      expect(hovered.captionOf(4).name).toBe('Image 4');
    } finally {
      vi.useRealTimers();
    }
  });
});
