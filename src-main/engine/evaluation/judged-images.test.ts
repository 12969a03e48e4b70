import { describe, expect, it } from 'vitest';
import { planEvaluation } from '../../evaluation/protocol.ts';
import { assembleReport } from '../../evaluation/report.ts';
import { labelFingerprint } from '../../training/judging/label-fingerprint.ts';
import type { SplitImage } from '../folders/folder-images.ts';
import { imagesOfSplits, imagesToJudge } from './judged-images.ts';
import type { JudgedImages } from './judged-images.ts';

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
    expect(hashes(imagesToJudge(all, 'choosing').images)).toEqual(['train1', 'val1', 'undefined1']);
    expect(hashes(imagesToJudge(all, 'reporting').images)).toEqual(['train1', 'test1', 'undefined1']);
    expect(imagesToJudge(all, 'choosing').images.map(({ split }) => split)).toEqual(['train', 'test', undefined]);
  });

  it('asks whichever there is otherwise', () => {
    for (const purpose of ['choosing', 'reporting'] as const) {
      expect(hashes(imagesToJudge([image('train', '1'), image('val', '1')], purpose).images)).toEqual(['train1', 'val1']);
      expect(hashes(imagesToJudge([image('train', '1'), image('test', '1')], purpose).images)).toEqual(['train1', 'test1']);
      // A split without labels cannot ask, so the other one must.
      const unlabelled = { ...image('val', '1'), label: undefined };
      expect(hashes(imagesToJudge([image('train', '1'), unlabelled, image('test', '1')], purpose).images)).toContain('test1');
    }
  });

  const many = (split: SplitImage['split'], count: number): SplitImage[] =>
    ['cat', 'dog'].flatMap((label) => Array.from({ length: count }, (_, i) => image(split, `${label}${i}`, label)));
  const both = [...many('train', 30), ...many('val', 240), ...many('test', 250)];
  const one = [...many('train', 30), ...many('test', 250)];
  const asked = ({ images, queriesFor }: JudgedImages, purpose: 'choosing' | 'reporting'): { queries: number; note: string } => {
    const plan = planEvaluation(images, { purpose, queriesFor });
    if (plan.kind !== 'labels') throw new Error(plan.reason);
    return { queries: plan.queries.length, note: assembleReport(plan, []).notes[1]! };
  };
  const chosen = expect.stringContaining('These are validation queries') as string;
  const untouched = 'These are held-out queries: none helped choose the checkpoint.';

  it('asks all of test for a report where choices are made on val', () => {
    expect(asked(imagesToJudge(both, 'choosing'), 'choosing')).toEqual({ queries: 400, note: chosen });
    expect(asked(imagesToJudge(both, 'reporting'), 'reporting')).toEqual({ queries: 500, note: untouched });
    expect(asked(imagesToJudge(one, 'reporting'), 'reporting')).toEqual({ queries: 250, note: untouched });
  });

  it('says of named splits whether choices are made on them, whatever they are asked for', () => {
    const named = (images: readonly SplitImage[], queries: 'train' | 'val' | 'test', bank: 'train' | 'val' = 'train'): JudgedImages =>
      imagesOfSplits(images, '/pictures', { bank, queries });
    expect(asked(named(both, 'test'), 'choosing')).toEqual({ queries: 400, note: untouched });
    expect(asked(named(both, 'test'), 'reporting')).toEqual({ queries: 500, note: untouched });
    expect(asked(named(both, 'val'), 'choosing')).toEqual({ queries: 400, note: chosen });
    expect(asked(named(both, 'val'), 'reporting')).toEqual({ queries: 480, note: chosen });
    expect(asked(named(both, 'train', 'val'), 'choosing')).toEqual({ queries: 60, note: untouched });
    // A folder with test alone is chosen on one half of it.
    expect(asked(named(one, 'test'), 'choosing')).toEqual({ queries: 250, note: chosen });
    expect(asked(named(one, 'test'), 'reporting')).toEqual({ queries: 250, note: untouched });
    expect(() => named(one, 'val')).toThrow('split val');
  });

  it('looks held-out images up in all others where none of those has a split, as runs learn from them', () => {
    const held = [...many('test', 250), ...many(undefined, 30)];
    for (const purpose of ['choosing', 'reporting'] as const) {
      const { images, queriesFor } = imagesToJudge(held, purpose);
      const plan = planEvaluation(images, { purpose, queriesFor });
      if (plan.kind !== 'labels') throw new Error(plan.reason);
      expect([plan.split, plan.bank.length]).toEqual(['folders', 60]);
      expect(assembleReport(plan, []).notes[0]).toBe('Bank and queries are splits of the folder.');
    }
    const three = [...held, ...many('val', 240)];
    expect(asked(imagesToJudge(three, 'choosing'), 'choosing')).toEqual({ queries: 400, note: chosen });
    expect(asked(imagesToJudge(three, 'reporting'), 'reporting')).toEqual({ queries: 500, note: untouched });
    const named = (queries: 'train' | 'test', bank: 'train' | 'test'): (string | undefined)[] =>
      imagesOfSplits(held, '/pictures', { bank, queries }).images.map(({ split }) => split);
    expect(new Set(named('test', 'train'))).toEqual(new Set(['train', 'test']));
    expect(named('train', 'test').filter((split) => split === 'test')).toHaveLength(60);
  });

  it('leaves the labels of a folder without splits, or with train, as they are by their fingerprint', () => {
    const unchanged = [many(undefined, 30), [...many('train', 30), ...many('test', 30), ...many(undefined, 5)], many('test', 30)];
    for (const images of unchanged) {
      const before = images.map((one) => ({ ...one, split: one.split as 'train' | 'test' | undefined }));
      expect(labelFingerprint(imagesToJudge(images, 'choosing').images)).toBe(labelFingerprint(before));
    }
    const held = [...many(undefined, 30), ...many('test', 30)];
    const written = held.map((one) => ({ ...one, split: one.split ?? 'train' }));
    const [asIs, named] = [held, written].map((images) => labelFingerprint(imagesToJudge(images, 'choosing').images));
    expect(asIs).toBe(named);
  });
});
