import { describe, expect, it } from 'vitest';
import { mostFilesShown, placesOf } from '../../../shared/contract/duplicate-terms.ts';
import { atOnce } from '../../files/in-pieces.ts';
import type { FolderFile } from '../../library/folder-files.ts';
import { duplicateLines, keptOf, shownOf } from './duplicate-list.ts';
import { duplicateGroups, rather } from './duplicates.ts';
import type { DuplicateGroup, GroupingRules } from './duplicates.ts';
import type { SimilarPictures } from './similar-pictures.ts';

const file = (image: number, hash: string, more: Partial<FolderFile> = {}): FolderFile => ({
  image,
  path: `p/${String(image).padStart(2, '0')}.jpg`,
  hash,
  width: 100,
  height: 80,
  bytes: 5000,
  modified: 1000 * image,
  ...more,
});

/** a = a (twice the file) = b, smaller; a ~ c; d has a copy and no vector; e ~ f; g is alone. */
const files = [
  file(1, 'a'),
  file(2, 'a', { modified: 1 }),
  file(3, 'b', { width: 50, height: 40 }),
  file(4, 'c'),
  file(5, 'd'),
  file(6, 'd'),
  file(7, 'e'),
  file(8, 'f'),
  file(9, 'g'),
];
const pictures: SimilarPictures = {
  pairs: {
    floor: 0.8,
    first: Uint32Array.of(0, 0, 4, 1),
    second: Uint32Array.of(1, 2, 5, 2),
    cosines: Float64Array.of(0.995, 0.99, 0.97, 0.85),
  },
  same: Uint8Array.of(1, 2, 2, 0),
  unseen: 1,
  hashOf: new Map([
    [0, 'a'],
    [1, 'b'],
    [2, 'c'],
    [4, 'e'],
    [5, 'f'],
  ]),
};
const groupsOf = (level: GroupingRules['level'], similarity = 0.98, given: SimilarPictures | undefined = pictures): DuplicateGroup[] =>
  atOnce(duplicateGroups(files, given, { level, similarity }));
const told = (groups: readonly DuplicateGroup[]): string[] =>
  groups.map((group) => group.map(({ image, relation, similarity }) => `${image} ${relation} ${similarity}`).join(', '));

describe('groups of duplicates', () => {
  it('of the same file are those that the catalogue knows, with or without vectors', () => {
    const expected = ['2 file 1, 1 file 1', '5 file 1, 6 file 1'];
    expect(told(groupsOf('file'))).toEqual(expected);
    for (const level of ['file', 'picture', 'similar'] as const)
      expect(told(atOnce(duplicateGroups(files, undefined, { level, similarity: 0.5 })))).toEqual(expected);
  });

  it('of the same picture have what the pixels say, whatever the similarity asked for', () => {
    expect(told(groupsOf('picture', 0.999))).toEqual(['2 file 1, 1 file 1, 3 picture 0.995', '5 file 1, 6 file 1']);
  });

  it('of what is similar have what the vectors say beside it, each with what it is', () => {
    expect(told(groupsOf('similar', 0.98))).toEqual(['2 file 1, 1 file 1, 4 similar 0.99, 3 picture 0.995', '5 file 1, 6 file 1']);
    expect(told(groupsOf('similar', 0.96))).toContain('7 file 1, 8 similar 0.97');
    expect(told(groupsOf('similar', 0.99))).toEqual(['2 file 1, 1 file 1, 3 picture 0.995', '5 file 1, 6 file 1']);
    // Exactly as alike is not more alike, as where a search hides duplicates.
    expect(told(groupsOf('similar', 0.97))).not.toContain('7 file 1, 8 similar 0.97');
    // The same picture is in it whatever the vectors say.
    for (const similarity of [0.995, 1]) expect(told(groupsOf('similar', similarity))).toEqual(told(groupsOf('picture')));
  });

  it('have what is best kept first: most pixels, then bytes, then the oldest, then the first by path', () => {
    const sorted = [
      file(1, 'x', { width: 10 }),
      file(2, 'x'),
      file(3, 'x', { modified: 0 }),
      file(4, 'x', { bytes: 6000 }),
      file(5, 'x', { height: 90 }),
      file(6, 'x', { modified: 0 }),
    ].sort(rather);
    expect(sorted.map(({ image }) => image)).toEqual([5, 4, 3, 6, 2, 1]);
  });
});

describe('the list of duplicates', () => {
  it('says of each file its group, its place, and whether it is kept', () => {
    const lines = atOnce(duplicateLines('/photos', groupsOf('picture'), placesOf([3])))
      .trimEnd()
      .split('\r\n');
    expect(lines).toEqual([
      'group,file,keep,relation,similarity,width,height,bytes,modified',
      '1,/photos/p/02.jpg,other,same file,1.0000,100,80,5000,1970-01-01T00:00:00.001Z',
      '1,/photos/p/01.jpg,other,same file,1.0000,100,80,5000,1970-01-01T00:00:01.000Z',
      '1,/photos/p/03.jpg,keep,same picture,0.9950,50,40,5000,1970-01-01T00:00:03.000Z',
      '2,/photos/p/05.jpg,keep,same file,1.0000,100,80,5000,1970-01-01T00:00:05.000Z',
      '2,/photos/p/06.jpg,other,same file,1.0000,100,80,5000,1970-01-01T00:00:06.000Z',
    ]);
  });

  it('keeps what was chosen last, and of a large group answers it in any case', () => {
    const group = Array.from({ length: 80 }, (_, i) => ({ ...file(i + 1, 'x'), relation: 'file', similarity: 1 }) as const);
    const shown = shownOf(group, placesOf([3, 65, 70]));
    expect([shown.length, shown.at(-1)!.image, keptOf(group, placesOf([3, 65, 70]))]).toEqual([mostFilesShown, 70, 70]);
    expect(keptOf(group, placesOf([65, 70, 3]))).toBe(3);
    expect(shownOf(group, placesOf([65, 70, 3])).map(({ image }) => image)).toEqual(
      group.slice(0, mostFilesShown).map(({ image }) => image),
    );
  });

  it('keeps the best unless another of the group was chosen', () => {
    const [group] = groupsOf('picture');
    expect(keptOf(group!, placesOf([]))).toBe(2);
    expect(keptOf(group!, placesOf([5, 99]))).toBe(2);
    expect(keptOf(group!, placesOf([1]))).toBe(1);
  });
});
