import { describe, expect, it } from 'vitest';
import type { EvaluationImage } from './evaluation-image.ts';
import { bankSize, planEvaluation, splitOfPath, tooFew, withoutRows } from './protocol.ts';
import type { CropProtocol, ProtocolOptions } from './protocol.ts';
import { assembleReport } from './report.ts';
import { image, many } from './testing/images.ts';

describe('planEvaluation', () => {
  it('takes the first of train and the first of test', () => {
    const images = [
      ...many('test', 'dog', 30),
      ...many('train', 'dog', 9),
      ...many('train', 'cat', 12),
      ...many('test', 'cat', 40),
    ].reverse();
    const options = { bankPerClass: 10, queriesPerClass: 25 };
    const choosing = planEvaluation(images, options);
    const reporting = planEvaluation(images, { ...options, purpose: 'reporting' });
    if (choosing.kind !== 'labels') throw new Error(choosing.reason);
    expect(choosing.classes).toEqual(['cat', 'dog']);
    const names = [...choosing.bank].map((row) => images[row]!.path);
    expect(names.slice(0, 2)).toEqual(['train/cat/0000.jpg', 'train/cat/0001.jpg']);
    expect(names).toHaveLength(19);
    expect(choosing.queries).toHaveLength(50);
    expect(images[choosing.queries[24]!]!.path).toBe('test/cat/0024.jpg');
    // Half of 70 is too few to ask with, so the report asks the same images and says so.
    if (reporting.kind !== 'labels') throw new Error(reporting.reason);
    expect([reporting.queries.length, reporting.shared]).toEqual([70, 2]);
    expect(assembleReport(reporting, []).notes[1]).toContain('in 2 of 2 classes');
    // Whoever has not learned from a folder has made no choice there.
    const elsewhere = assembleReport(reporting, [], { learned: 'elsewhere' }).notes.join(' ');
    expect(elsewhere).toContain('was not trained on the images of this folder');
    expect(elsewhere).not.toMatch(/training has seen|in 2 of 2 classes/);
    const unknown = assembleReport(reporting, [], { learned: 'unknown' }).notes.join(' ');
    expect(unknown).toContain('is not known');
    expect(unknown).not.toMatch(/training has seen|was not trained|held-out/);
  });

  it.each([60, 150, 1000])('never reports what may have been chosen on, with %i test images of a class', (count) => {
    const images = [...many('train', 'a', 9), ...many('train', 'b', 9), ...many('test', 'a', count), ...many('test', 'b', count)];
    const asked = (purpose: 'choosing' | 'reporting', queriesPerClass: number): number[] => {
      const found = planEvaluation(images, { purpose, queriesPerClass });
      if (found.kind !== 'labels') throw new Error(found.reason);
      return [...found.queries];
    };
    const chosenOn = new Set(asked('choosing', 100_000));
    for (const queriesPerClass of [30, 200, 500]) {
      const reported = asked('reporting', queriesPerClass);
      expect(reported.filter((row) => chosenOn.has(row))).toEqual([]);
      expect(reported.length + chosenOn.size).toBe(2 * count);
    }
    expect(chosenOn.size).toBe(2 * Math.min(200, count / 2));
  });

  it('splits by hash where the folder has no split, the same for any order, no content on both sides', () => {
    const images = [...many('a', 'x', 300), ...many('a', 'y', 300), image('a/y/copy.jpg', 'y', 'a/y/0000.jpg'), ...many('a', 'few', 3)];
    const plan = (list: EvaluationImage[], purpose: 'choosing' | 'reporting'): Set<string>[] => {
      const found = planEvaluation(list, { purpose });
      if (found.kind !== 'labels') throw new Error(found.reason);
      expect([found.split, found.leftOut, found.repeated]).toEqual(['hash', ['few'], 0]);
      // Five folds, alike large, for the sake of more queries.
      expect([0, 1, 2, 3, 4].map((fold) => found.folds?.filter((one) => one === fold).length)).toEqual([60, 60, 60, 60, 60]);
      expect(assembleReport(found, [])).toMatchObject({
        queries: 300,
        bank: 540,
        notes: [expect.stringContaining('into 5 folds'), expect.anything(), expect.anything()],
      });
      return [found.bank, found.queries].map((rows) => new Set([...rows].map((row) => list[row]!.hash)));
    };
    const [bank, queries] = plan(images, 'choosing');
    expect([bank!.size, queries!.size, bank!.intersection(queries!).size]).toEqual([300, 300, 0]);
    expect(plan(images.toReversed(), 'choosing')).toEqual([bank, queries]);
    const [, held] = plan(images, 'reporting');
    expect([held!.size, held!.intersection(queries!).size]).toEqual([300, 0]);
  });

  it('never reports by what was asked for a choice, whatever comes to the folder or goes', () => {
    const images = [...many('a', 'x', 500), ...many('a', 'y', 500)];
    const asked = (list: readonly EvaluationImage[], purpose: 'choosing' | 'reporting'): Set<string> => {
      const found = planEvaluation(list, { purpose });
      if (found.kind !== 'labels') throw new Error(found.reason);
      return new Set([...found.queries].map((row) => list[row]!.hash));
    };
    const chosenBy = asked(images, 'choosing');
    const added = [image('a/x/0000 new.jpg', 'x'), image('a/y/0100 new.jpg', 'y'), ...images];
    const removed = images.filter((_, i) => i % 7 !== 3);
    for (const now of [images, added, removed]) {
      const reported = asked(now, 'reporting');
      expect(reported.size).toBeGreaterThan(380);
      expect(reported.intersection(chosenBy).size).toBe(0);
    }
  });

  it('has one word for the contents that ask, and another for others or another order', () => {
    const images = [...many('a', 'x', 300), ...many('a', 'y', 300)];
    const plain = planEvaluation(images).asked;
    expect(planEvaluation(images.toReversed()).asked).toBe(plain);
    expect(planEvaluation(images, { purpose: 'reporting' }).asked).not.toBe(plain);
    const [first] = planEvaluation(images).kind === 'labels' ? [(planEvaluation(images) as { queries: Uint32Array }).queries[0]!] : [];
    expect(planEvaluation(images.map((one, i) => (i === first ? { ...one, hash: `${one.hash}00` } : one))).asked).not.toBe(plain);
    const unlabelled = images.map((one) => ({ ...one, label: undefined }));
    expect(planEvaluation(unlabelled).asked).toBe(planEvaluation(unlabelled.toReversed()).asked);
    expect(planEvaluation(unlabelled.slice(1)).asked).not.toBe(planEvaluation(unlabelled).asked);
  });

  it('has another word for what they are looked up in and the labels of all, whatever files and labels are called', () => {
    const images = [...many('train', 'x', 40), ...many('train', 'y', 40), ...many('test', 'x', 60), ...many('test', 'y', 60)];
    const words = (list: readonly EvaluationImage[]): readonly [string, string] => {
      const plan = planEvaluation(list);
      if (plan.kind !== 'labels') throw new Error(plan.reason);
      return [plan.asked, plan.lookedUpIn];
    };
    const [asked, lookedUpIn] = words(images);
    expect(words(images.toReversed())).toEqual([asked, lookedUpIn]);
    const renamed = images.map((one) => ({ ...one, label: `a ${one.label}`, path: `in/${one.path}` }));
    expect(words(renamed)).toEqual([asked, lookedUpIn]);
    // One corrected label among those that are looked up in: the same images ask, and other answers are right.
    const corrected = words(images.map((one, i) => (i === 3 ? { ...one, label: 'y' } : one)));
    expect(corrected[0]).toBe(asked);
    expect(corrected[1]).not.toBe(lookedUpIn);
    const lost = words(images.filter((_, i) => i !== 3));
    expect(lost[0]).toBe(asked);
    expect(lost[1]).not.toBe(lookedUpIn);
  });

  it('judges by labels for both purposes or for neither, and asks two classes at least', () => {
    /** A hash that asks for choosing (0) or for reporting (1). */
    const hashFor = (name: string, bit: number): string =>
      `${name}${Array.from(name, (letter) => letter.charCodeAt(0) & 1).reduce((sum, one) => sum ^ one, bit)}`;
    const named = (label: string, ...counts: readonly [choosing: number, reporting: number]): EvaluationImage[] =>
      counts.flatMap((count, bit) =>
        Array.from({ length: count }, (_, i) => image(`a/${label}/${bit}-${i}.jpg`, label, hashFor(`${label}${bit}-${i}`, bit))),
      );
    const kinds = (images: readonly EvaluationImage[]): string[] =>
      (['choosing', 'reporting'] as const).map((purpose) => planEvaluation(images, { purpose }).kind);
    for (const few of [named('bb', 4, 0), named('bb', 0, 4), named('bb', 7, 0), named('bb', 0, 7)])
      expect(kinds([...named('dd', 100, 100), ...few])).toEqual(['crops', 'crops']);
    for (const few of [named('bb', 4, 0), named('bb', 0, 4), named('bb', 7, 0), named('bb', 4, 4)])
      expect(kinds([...named('dd', 60, 60), ...named('ff', 60, 60), ...few])).toEqual(['labels', 'labels']);
    expect(kinds([...named('dd', 30, 24), ...named('ff', 30, 24), ...named('bb', 0, 4)])).toEqual(['crops', 'crops']);
  });

  it('knows where its labels come from, which a headline says', () => {
    const images = [...many('a', 'x', 200), ...many('a', 'y', 200)];
    expect(planEvaluation(images, { labelsFrom: 'file' })).toMatchObject({ labelsFrom: 'file' });
    expect(planEvaluation(images)).not.toHaveProperty('labelsFrom');
  });

  it('keeps a class to look up in whose few images all ask for the other purpose', () => {
    const few = Array.from({ length: 5 }, (_, i) => image(`a/few/${i}.jpg`, 'few', `b${2 * i}`));
    const plans = (['choosing', 'reporting'] as const).map((purpose) =>
      planEvaluation([...many('a', 'x', 200), ...many('a', 'y', 200), ...few], { purpose }),
    );
    const counts = plans.map((plan) => {
      if (plan.kind !== 'labels') throw new Error(plan.reason);
      expect([plan.classes, plan.leftOut]).toEqual([['few', 'x', 'y'], []]);
      return [plan.bankLabels.filter((label) => label === 0).length, plan.queryLabels.filter((label) => label === 0).length];
    });
    expect(new Set(counts.map((one) => one.join(' ')))).toEqual(new Set(['0 5', '5 0']));
  });

  it('asks in as many folds as it takes to ask a thousand or all that may', () => {
    const plan = (classes: number, size: number, options: ProtocolOptions = {}): { queries: number; folds: number; bank: number } => {
      const images = Array.from({ length: classes }, (_, label) => many('a', `class ${label}`, size)).flat();
      const found = planEvaluation(images, options);
      if (found.kind !== 'labels') throw new Error(found.reason);
      return { queries: found.queries.length, folds: new Set(found.folds).size, bank: bankSize(found) };
    };
    const unlimited = { queriesPerClass: 5000, bankPerClass: 50_000 };
    expect(plan(2, 5000, unlimited)).toEqual({ queries: 1000, folds: 0, bank: 9000 });
    expect(plan(2, 2000, unlimited)).toEqual({ queries: 1200, folds: 3, bank: 3600 });
    expect(plan(2, 500, unlimited)).toEqual({ queries: 500, folds: 5, bank: 900 });
    // One fold has all that the limit lets ask.
    expect(plan(2, 5000)).toEqual({ queries: 400, folds: 0, bank: 2000 });
    expect(plan(2, 5000, { queriesPerClass: 30 })).toEqual({ queries: 60, folds: 0, bank: 2000 });
    expect(plan(4, 1400)).toEqual({ queries: 800, folds: 2, bank: 4000 });
  });

  it.each([
    [10, 12],
    [4, 26],
    [20, 6],
    [2, 52],
  ])('is enough of a small folder: %i classes of %i', (classes, size) => {
    const images = Array.from({ length: classes }, (_, label) => many('a', `class ${label}`, size)).flat();
    const [choosing, reporting] = (['choosing', 'reporting'] as const).map((purpose) => planEvaluation(images, { purpose }));
    if (choosing?.kind !== 'labels') throw new Error(choosing?.reason);
    if (reporting?.kind !== 'labels') throw new Error(reporting?.reason);
    expect(choosing.queries).toHaveLength((classes * size) / 2);
    expect(reporting.queries).toHaveLength((classes * size) / 2);
    expect([choosing.leftOut, choosing.shared]).toEqual([[], 0]);
    expect([...reporting.queries].filter((row) => choosing.queries.includes(row))).toEqual([]);
  });

  it.each([
    [9, 10],
    [12, 8],
    [16, 6],
  ])('judges by crops, for choosing too, where the report could not ask enough: %i classes of %i', (classes, size) => {
    const images = Array.from({ length: classes }, (_, label) => many('a', `class ${label}`, size)).flat();
    for (const purpose of ['choosing', 'reporting'] as const)
      expect(planEvaluation(images, { purpose })).toMatchObject({
        kind: 'crops',
        reason: expect.stringContaining(`only ${(classes * size) / 2} can be queries`),
      });
  });

  it('does not ask with labels where half of all images would be too few', () => {
    const images = Array.from({ length: 9 }, (_, label) => many('a', `class ${label}`, 10)).flat();
    expect(planEvaluation(images)).toMatchObject({
      kind: 'crops',
      reason: expect.stringMatching(/^Of the images with labels only 45 can be queries/),
    });
  });

  it('falls back to crops and says why', () => {
    expect(planEvaluation(many('a', 'x', 500), {})).toMatchObject({ kind: 'crops', reason: expect.stringContaining('two classes') });
    const unlabelled = many('a', 'x', 30).map((one) => ({ ...one, label: undefined }));
    const crops = (cropImages: number, purpose: 'choosing' | 'reporting' = 'choosing'): CropProtocol => {
      const plan = planEvaluation(unlabelled, { cropImages, purpose });
      if (plan.kind !== 'crops') throw new Error('labels');
      return plan;
    };
    expect(crops(20).reason).toBe('The images have no labels.');
    // No image asks in a space that was fitted on it.
    expect([crops(20).images.length, crops(20).bank.length]).toEqual([10, 10]);
    expect(new Set([...crops(20).images, ...crops(20).bank]).size).toBe(20);
    // Chosen and reported on different images, although together they are all that there are.
    expect(new Set([...crops(30).images, ...crops(30, 'reporting').images]).size).toBe(30);
  });

  it('says when too few images are left to measure anything', () => {
    const unlabelled = many('a', 'x', 4).map((one) => ({ ...one, label: undefined }));
    expect(tooFew(planEvaluation(unlabelled))).toBeUndefined();
    for (const count of [0, 1, 2, 3]) expect(tooFew(planEvaluation(unlabelled.slice(0, count)))).toContain('two others');
    const plan = planEvaluation([...many('a', 'x', 300), ...many('a', 'y', 300)]);
    if (plan.kind !== 'labels') throw new Error(plan.reason);
    const left = withoutRows(plan, new Set([plan.bank[0]!, plan.queries[1]!]));
    expect([left.bank, left.bankLabels]).toEqual([plan.bank.slice(1), plan.bankLabels.slice(1)]);
    expect(left.queryLabels.length).toBe(plan.queries.length - 1);
    expect([...left.folds!]).toEqual([...plan.folds!].toSpliced(1, 1));
    expect(tooFew(left)).toBeUndefined();
    expect(tooFew(withoutRows(plan, new Set(plan.queries)))).toContain('can be read');
  });

  it('reads splits from folders only', () => {
    expect(['train/a.jpg', 'x/Val/a/b.png', 'test.jpg', 'x/contest/y.jpg'].map(splitOfPath)).toEqual([
      'train',
      'test',
      undefined,
      undefined,
    ]);
  });
});
