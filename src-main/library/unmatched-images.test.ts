import fc from 'fast-check';
import { expect, it } from 'vitest';
import { UnmatchedImages } from './unmatched-images.ts';
import type { OldImage } from './unmatched-images.ts';

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

it('finds what a look at every image would: the same path, else the same name, else the first of the content', () => {
  const facts = {
    folder: fc.constantFrom('a', 'b', 'c'),
    name: fc.constantFrom('1', '2', '3'),
    size: fc.constantFrom(7, 8),
    hash: fc.constantFrom('x', 'y'),
  };
  const files = fc.uniqueArray(fc.record(facts), { selector: ({ folder, name }) => `${folder}/${name}`, maxLength: 9 });
  fc.assert(
    fc.property(files, fc.array(fc.record(facts), { maxLength: 12 }), (old, found) => {
      const images = old.map(({ folder, name, ...rest }, i) => ({ id: i, path: `${folder}/${name}`, modified: 0, ...rest }));
      const index = new UnmatchedImages(images);
      let left: OldImage[] = [...images];
      for (const { folder, name, size, hash } of found) {
        const path = `${folder}/${name}`;
        const same = left.filter((one) => one.size === size && one.hash === hash);
        const best = same.find((one) => one.path === path) ?? same.find((one) => nameOf(one.path) === name) ?? same[0];
        expect(index.hasSize(size)).toBe(left.some((one) => one.size === size));
        expect(index.at(path, size)).toBe(left.find((one) => one.size === size && one.path === path));
        expect(index.best(path, size, hash)).toBe(best);
        if (best) index.take(best);
        left = left.filter((one) => one !== best);
      }
    }),
  );
});

it('looks at each of many images a few times, also where all share their size, their content and their name', () => {
  const count = 2000;
  let looks = 0;
  const images = Array.from({ length: count }, (_, i): OldImage => {
    const path = `${i}/same.png`;
    return {
      get id() {
        looks++;
        return i;
      },
      get path() {
        looks++;
        return path;
      },
      size: 5,
      modified: 0,
      get hash() {
        looks++;
        return 'x';
      },
    };
  });
  const index = new UnmatchedImages(images);
  // The last first, and none at its former path.
  for (let i = 0; i < count; i++) {
    expect(index.at(`${i}/other.png`, 5)).toBeUndefined();
    index.take(index.best(i % 2 === 0 ? `${count - 1 - i}/same.png` : 'elsewhere/same.png', 5, 'x')!);
  }
  expect(index.hasSize(5)).toBe(false);
  expect(looks).toBeLessThan(20 * count);
});
