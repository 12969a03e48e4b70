import { describe, expect, it } from 'vitest';
import { imagesToJudge } from './judged-images.ts';
import type { SplitImage } from './studio.ts';

const image = (split: SplitImage['split'], name: string, label: string | undefined = 'cat'): SplitImage => ({
  path: `/pictures/${split}/${name}`,
  hash: `${split}${name}`,
  label,
  split,
});
const hashes = (images: readonly { readonly hash: string }[]): string[] => images.map(({ hash }) => hash);

describe('images that judge', () => {
  const all = [image('train', '1'), image('val', '1'), image('test', '1'), image(undefined, '1')];

  it('chooses on val and reports on test where there are both', () => {
    expect(hashes(imagesToJudge(all, 'choosing'))).toEqual(['train1', 'val1', 'undefined1']);
    expect(hashes(imagesToJudge(all, 'reporting'))).toEqual(['train1', 'test1', 'undefined1']);
    expect(imagesToJudge(all, 'choosing').map(({ split }) => split)).toEqual(['train', 'test', undefined]);
  });

  it('asks whichever there is otherwise', () => {
    for (const purpose of ['choosing', 'reporting'] as const) {
      expect(hashes(imagesToJudge([image('train', '1'), image('val', '1')], purpose))).toEqual(['train1', 'val1']);
      expect(hashes(imagesToJudge([image('train', '1'), image('test', '1')], purpose))).toEqual(['train1', 'test1']);
      // A split without labels cannot ask, so the other one must.
      const unlabelled = { ...image('val', '1'), label: undefined };
      expect(hashes(imagesToJudge([image('train', '1'), unlabelled, image('test', '1')], purpose))).toContain('test1');
    }
  });
});
