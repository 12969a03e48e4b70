import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { uploadLimit } from '../../../shared/contract/limits.ts';
import { ExploreMemory } from './explore-memory.svelte.ts';
import { OutsidePictures } from './outside-pictures.svelte.ts';

type Studio = ConstructorParameters<typeof OutsidePictures>[0];

const file = (name: string, size = 4): File => ({ name, size, arrayBuffer: async () => new ArrayBuffer(4) }) as unknown as File;

/** An engine that numbers what it is given, but cannot read what is called "broken". */
function taking() {
  const said: string[] = [];
  let uploads = 0;
  const call = async (_channel: string, { name }: { name: string }): Promise<unknown> => {
    if (name.startsWith('broken')) throw new Error(`${name} is no picture.`);
    return { upload: ++uploads, width: 640, height: 480 };
  };
  const studio = {
    client: { call },
    explore: new ExploreMemory(),
    notices: { fail: (error: Error) => said.push(error.message), say: (text: string) => said.push(text) },
  };
  return { said, memory: studio.explore, outside: new OutsidePictures(studio as unknown as Studio) };
}

describe('pictures from outside', () => {
  beforeEach(() => void vi.stubGlobal('createImageBitmap', async () => ({ close: () => {} })));
  afterEach(() => void vi.unstubAllGlobals());

  it('are handed over one by one, those that cannot be read are told of, and no more are taken than a query has room for', async () => {
    const { said, memory, outside } = taking();
    const others = Array.from({ length: 9997 }, (_, i) => file(`${i}.png`));
    const read = outside.read([file('huge.png', uploadLimit + 1), file('broken.png'), file('good.png'), ...others]);
    expect(outside.reading).toBe(32);
    const parts = await read;
    expect(said).toEqual([
      'The first 32 of 10,000 pictures are looked up.',
      'huge.png is larger than 64 MiB.',
      'broken.png is no picture.',
    ]);
    expect(parts).toEqual(Array.from({ length: 30 }, (_, i) => ({ upload: i + 1 })));
    expect(outside.reading).toBe(0);
    expect(memory.uploads.get(1)).toMatchObject({ name: 'good.png', width: 640, height: 480 });
  });

  it('are looked for also where the browser cannot show their format', async () => {
    vi.stubGlobal('createImageBitmap', () => Promise.reject(new Error('What is HEIC?')));
    const { said, memory, outside } = taking();
    expect(await outside.read([file('phone.heic')])).toEqual([{ upload: 1 }]);
    expect([said, memory.uploads.get(1)?.bitmap]).toEqual([[], undefined]);
  });
});
