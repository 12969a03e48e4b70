import { describe, expect, it } from 'vitest';
import { pairedError } from '../../shared/paired-error.ts';
import { evaluateCrops, evaluateLabelled, type SourceFigures, type VectorSource } from './evaluate.ts';
import { linearProbe } from './linear-probe.ts';
import { planEvaluation, withoutRows } from './protocol.ts';
import { assembleReport, measureTables, renderReport, reportFacts } from './report.ts';
import { applySpace, fitSpace, normaliseRows } from './spaces.ts';
import { image, many } from './testing/images.ts';
import { gaussian } from './testing/reference.ts';

describe('folds', () => {
  const [rows, asked, dimension, classes] = [40, 90, 6, 3];
  const labels = (count: number, seed: number): Uint32Array =>
    Uint32Array.from(gaussian(count, seed), (value) => (value < -0.4 ? 0 : value < 0.4 ? 1 : 2));
  const placed = (count: number, seed: number, own: Uint32Array, strength: number): Float32Array =>
    gaussian(count * dimension, seed).map((value, i) => value + (own[Math.floor(i / dimension)]! === i % dimension ? strength : 0));
  const made = (strength: number): Parameters<typeof evaluateLabelled>[0] => {
    const [bankLabels, queryLabels] = [labels(rows, 1), labels(asked, 2)];
    return {
      source: 'run',
      dimension,
      bank: placed(rows, 3, bankLabels, strength),
      bankLabels,
      queries: placed(asked, 4, queryLabels, strength),
      queryLabels,
      folds: Uint8Array.from({ length: asked }, (_, i) => (i * 7) % 4),
    };
  };

  it('are each judged in the bank and the queries of the others, spaces and probe fitted on those', () => {
    const all = made(2);
    const together = evaluateLabelled(all);
    const rights = { neighbours: 0, probe: 0 };
    for (let fold = 0; fold < 4; fold++) {
      const places = [...all.folds!.keys()].filter((i) => all.folds![i] === fold);
      const others = [...all.folds!.keys()].filter((i) => all.folds![i] !== fold);
      const take = (from: readonly number[]): number[] =>
        from.flatMap((i) => [...all.queries.subarray(i * dimension, (i + 1) * dimension)]);
      const one = {
        source: 'run' as const,
        dimension,
        bank: Float32Array.from([...all.bank, ...take(others)]),
        bankLabels: Uint32Array.from([...all.bankLabels, ...others.map((i) => all.queryLabels[i]!)]),
        queries: Float32Array.from(take(places)),
        queryLabels: Uint32Array.from(places, (i) => all.queryLabels[i]!),
      };
      const alone = evaluateLabelled(one, { probe: false });
      for (const kind of ['raw', 'centred', 'whitened'] as const)
        expect([...alone.answers[kind]]).toEqual(places.map((i) => together.answers[kind][i]));
      if (fold === 0) expect(together.spaces.whitened.rankMe).toBe(alone.spaces.whitened.rankMe);
      rights.neighbours += alone.spaces.whitened.neighbours! * places.length;
      const space = fitSpace('whitened', one.bank, dimension);
      const unit = (values: Float32Array): Float32Array => normaliseRows(applySpace(space, values), space.outputDimension);
      // The penalty is the first fold's for all of them.
      const penalties = [together.probes.whitened!.penalty];
      const probe = linearProbe(unit(one.bank), one.bankLabels, unit(one.queries), one.queryLabels, space.outputDimension, { penalties });
      rights.probe += probe.accuracy * places.length;
    }
    expect(together.spaces.whitened.neighbours).toBeCloseTo(rights.neighbours / asked, 12);
    expect(together.perClass.reduce((sum, { queries }) => sum + queries, 0)).toBe(asked);
    expect(together.spaces.whitened.probe).toBeCloseTo(rights.probe / asked, 12);
    expect(together.probes.whitened!.perClass.reduce((sum, { queries }) => sum + queries, 0)).toBe(asked);
  });

  it('never find a query itself: labels that say nothing are guessed by chance', () => {
    const { spaces } = evaluateLabelled(made(0));
    for (const { neighbours, probe } of Object.values(spaces))
      for (const accuracy of [neighbours!, probe!]) expect(Math.abs(accuracy - 1 / classes)).toBeLessThan(0.17);
  });
});

describe('the report', () => {
  const classes = 3;
  const [rows, asked, dimension] = [150, 90, 8];
  const labels = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, i) => i % classes);
  const vectors = (source: VectorSource, strength: number): Parameters<typeof evaluateLabelled>[0] => {
    const make = (count: number, seed: number): Float32Array =>
      gaussian(count * dimension, seed).map((v, i) => v + (Math.floor(i / dimension) % classes === i % dimension ? strength : 0));
    return { source, dimension, bank: make(rows, 1), bankLabels: labels(rows), queries: make(asked, 2), queryLabels: labels(asked) };
  };
  const protocol = planEvaluation([
    ...many('train', 'a', 50),
    ...many('train', 'b', 50),
    ...many('test', 'a', 45),
    ...many('test', 'b', 45),
  ]);
  const measured = (own: number, baseline: number): readonly SourceFigures[] => [
    evaluateLabelled(vectors('pixels', baseline), { probe: false }),
    evaluateLabelled(vectors('run', own)),
  ];
  const report = (own: number, baseline: number): ReturnType<typeof assembleReport> =>
    assembleReport(protocol, measured(own, baseline), { positionalShare: 0.25, unreadable: 2 });

  it('puts the run first and says in one sentence how it stands', () => {
    const good = report(4, 0.5);
    expect(good.verdict).toBe('better');
    expect(good.headline).toMatch(
      /^Neighbours agree with your folders \d+ % \(raw pixels \d+ %; 90 queries\)\. .* points above raw pixels: more than chance/,
    );
    const text = renderReport(good);
    expect(text.indexOf('this run')).toBeLessThan(text.lastIndexOf('raw pixels'));
    expect(text).toContain('Position alone explains 25.0 %');
    expect(text).toContain('2 decoded images are damaged or gone');
    expect(renderReport(assembleReport(protocol, measured(4, 0.5)))).not.toContain('damaged');
    expect(text).toContain('linear probe');
    // One line in plain words under each table.
    for (const [table] of text.matchAll(/^(?:20-NN|linear probe|RankMe|spectrum|mean cosine).*\n(?: {2}(?:this run|raw pixels).*\n)+/gm))
      expect(text.slice(text.indexOf(table) + table.length).split('\n', 2)).toEqual([expect.stringMatching(/^ {2}How .*\.$/), '']);
    expect(text).not.toContain('crop');
    const run = good.rows[0]!;
    expect(run.spaces.whitened.probe).toBeGreaterThan(0.9);
    expect(good.rows[1]!.spaces.raw.probe).toBeUndefined();
  });

  it('sets what a run began with right below it, in columns that stay in line', () => {
    const begun = evaluateLabelled(vectors('origin', 4));
    const made = assembleReport(protocol, [...measured(1, 0.5), begun]);
    expect(made.rows.map(({ source }) => source)).toEqual(['run', 'origin', 'pixels']);
    expect(made.headline).toContain('No better than the weights it began with');
    const lines = renderReport(made).split('\n');
    const at = lines.findIndex((line) => line.startsWith('  weights it began with'));
    expect(new Set(lines.slice(at - 2, at + 2).map((line) => line.length)).size).toBe(1);
  });

  it('calls a lead clear by what the same images answered to both, and keeps the answers to itself', () => {
    const rows = measured(4, 0.5);
    const { headline } = assembleReport(protocol, rows);
    const whitened = (source: VectorSource): Float64Array => {
      const { spaces, answers } = rows.find((row) => row.source === source)!;
      expect(answers.whitened.reduce((sum, one) => sum + one, 0) / asked).toBeCloseTo(spaces.whitened.neighbours!, 12);
      return answers.whitened;
    };
    expect(headline).toContain(`(±${(200 * pairedError(whitened('run'), whitened('pixels'))).toFixed(1)} points)`);
    expect(JSON.stringify(assembleReport(protocol, rows))).not.toContain('answers');
    // Another asked the run than the pixels: it is compared as if all had been others.
    const [pixels, run] = rows as [SourceFigures, SourceFigures];
    const answers = { ...pixels.answers, whitened: pixels.answers.whitened.slice(1) };
    expect(assembleReport(protocol, [{ ...pixels, answers }, run]).headline).toMatch(
      /more than chance would explain with 90 queries \(±[\d.]+ points\)/,
    );
  });

  it('compares all rows in the whitened space and names it, however well one of them does in another', () => {
    const [pixels, run] = measured(4, 0.5) as [SourceFigures, SourceFigures];
    const inRaw = { ...pixels, spaces: { ...pixels.spaces, raw: { ...pixels.spaces.raw, neighbours: 1 } } };
    const { headline } = assembleReport(protocol, [inRaw, run]);
    expect(headline).toContain(`(raw pixels ${(100 * pixels.spaces.whitened.neighbours!).toFixed(0)} %;`);
    expect(headline).toMatch(/\. All in the whitened space, which search uses by default\.$/);
  });

  it('gives the figures as tables, too: a row per source, a cell per space, a dash for what was not measured', () => {
    const good = report(4, 0.5);
    const tables = measureTables(good);
    expect(tables.map(({ name }) => name)).toEqual(['20-NN, % right', 'linear probe, % right', 'RankMe', 'spectrum α', 'mean cosine']);
    expect(tables[1]!.rows.map(({ source }) => source)).toEqual(['run', 'pixels']);
    expect(tables[1]!.rows[1]!.cells).toEqual(['–', '–', '–']);
    const { raw, centred, whitened } = good.rows[0]!.spaces;
    expect(tables[0]!.rows[0]!.cells).toEqual([raw, centred, whitened].map(({ neighbours }) => (100 * neighbours!).toFixed(1)));
    expect(reportFacts(good).slice(0, 2)).toEqual([
      'Position alone explains 25.0 % of the variance of the targets.',
      '90 queries among 100 images of 2 classes.',
    ]);
    // The text of the terminal is the same figures.
    for (const { cells } of tables[0]!.rows) expect(renderReport(good)).toMatch(new RegExp(cells.join(' +')));
  });

  it('does not say that no choice was made where the folder or the rule is not what it was', () => {
    const [folders, hash] = [
      planEvaluation([...many('train', 'a', 150), ...many('train', 'b', 150), ...many('test', 'a', 150), ...many('test', 'b', 150)], {
        purpose: 'reporting',
      }),
      planEvaluation([...many('x', 'a', 150), ...many('x', 'b', 150)], { purpose: 'reporting' }),
    ];
    const said = (plan: typeof hash, findings: Parameters<typeof assembleReport>[2]): string =>
      assembleReport(plan, [], findings).notes[1]!;
    for (const plan of [folders, hash]) expect(said(plan, {})).toBe('These are held-out queries: none helped choose the checkpoint.');
    const mixed = 'some of these queries may have helped choose the checkpoint.';
    expect(said(folders, { learned: 'changed' })).toBe(`The folder has changed since the run began: ${mixed}`);
    // By their contents they stay apart.
    expect(said(hash, { learned: 'changed' })).toBe('These are held-out queries: none helped choose the checkpoint.');
    expect(said(hash, { chosenOtherwise: true })).toBe(`The run was trained by an earlier version: ${mixed}`);
    expect(said(folders, { chosenOtherwise: true })).toBe('These are held-out queries: none helped choose the checkpoint.');
    expect(assembleReport(hash, [], { learned: 'changed' }).notes[0]).toContain('training has seen those that were there');
  });

  it('says how many images are of a folder that was learned from, by labels and by crops', () => {
    const plans = [protocol, planEvaluation(many('a', 'x', 80))];
    const said = (common?: number): string[] =>
      plans.map((plan) => assembleReport(plan, [], { learned: 'unknown', ...(common !== undefined && { common }) }).notes.join(' '));
    for (const note of said(1200))
      expect(note).toContain(
        '1,200 images of this folder are also among those of a folder that the run, or the weights it began with, learned from',
      );
    for (const note of said(1)) expect(note).toContain('One image of this folder is also among those');
    for (const note of said()) expect(note).toContain('it is not known whether some of these images were in it too');
    for (const note of said(3)) expect(note).not.toContain('it is not known');
  });

  it('does not say that training has seen what is held out, where that is split itself for want of labels elsewhere', () => {
    const labelled = (split: string): ReturnType<typeof many> => [...many(split, 'a', 150), ...many(split, 'b', 150)];
    const unlabelled = many('train', 'x', 50).map((one) => ({ ...one, label: undefined }));
    const note = (images: ReturnType<typeof many>, learned?: 'changed' | 'elsewhere'): string =>
      assembleReport(planEvaluation(images, { purpose: 'reporting' }), [], learned && { learned }).notes[0]!;
    const byHash = expect.stringMatching(/^Images were split by their hash into \d folds, [^;]*leaves it out\.$/) as string;
    for (const learned of [undefined, 'changed'] as const) expect(note([...unlabelled, ...labelled('test')], learned)).toEqual(byHash);
    expect(note([...unlabelled, ...labelled('test'), ...labelled('x')])).toMatch(
      /; training has seen those of them that are in no validation or test split, without their labels\.$/,
    );
    expect(note(labelled('x'))).toMatch(/; training has seen them all, without their labels\.$/);
    expect(note(labelled('x'), 'elsewhere')).toEqual(byHash);
  });

  it('says on what it was chosen, and names no thousand classes', () => {
    expect(renderReport(report(4, 0.5))).toContain('These are validation queries, which help choose the best checkpoint');
    const crowded = planEvaluation([
      ...many('train', 'a', 9),
      ...many('train', 'b', 9),
      ...many('test', 'a', 60),
      ...many('test', 'b', 60),
      ...Array.from({ length: 500 }, (_, i) => image(`train/few${i}/1.jpg`, `few${i}`)),
    ]);
    const { notes } = assembleReport(crowded, []);
    expect(notes.find((note) => note.startsWith('Left out'))).toMatch(/few\d+ and 488 more\.$/);
  });

  it('counts the queries whose picture is almost one of the bank, by raw pixels alone', () => {
    const pixels = 24;
    const bank = gaussian(200 * pixels, 1).map((value, i) => value * (1 + (i % pixels)));
    const queries = gaussian(90 * pixels, 2).map((value, i) => value * (1 + (i % pixels)));
    // Five pictures of the bank, a little changed.
    for (let i = 0; i < 5 * pixels; i++) queries[i] = bank[i + 70 * pixels]! + 0.05 * (1 + (i % pixels)) * Math.cos(i);
    const measure = (source: VectorSource, dimension: number): ReturnType<typeof evaluateLabelled> =>
      evaluateLabelled(
        {
          source,
          dimension,
          bank: bank.subarray(0, 150 * dimension),
          bankLabels: labels(150),
          queries: queries.subarray(0, 90 * dimension),
          queryLabels: labels(90),
        },
        { probe: false },
      );
    const found = assembleReport(protocol, [measure('run', pixels), measure('pixels', pixels)]);
    expect(found.nearDuplicates).toBe(5);
    expect(renderReport(found)).toContain('(cosine of whitened raw pixels at least 0.98): 5, which flatters every row.');
    expect(renderReport({ ...found, nearDuplicates: 0 })).toContain('No query has a near-duplicate');
    // Of few components nothing can be said, and nothing is measured on other vectors.
    expect(measure('pixels', 8).nearDuplicates).toBeUndefined();
    expect(measure('run', pixels).nearDuplicates).toBeUndefined();
    expect(renderReport(assembleReport(protocol, [measure('run', pixels)]))).not.toContain('near-duplicate');
  });

  it('says plainly when a baseline is as good', () => {
    expect(report(0.2, 4)).toMatchObject({ verdict: 'not-better', headline: expect.stringContaining('No better than raw pixels') });
    expect(report(1.05, 1)).toMatchObject({ verdict: expect.stringMatching(/^not-/) });
  });

  it('reports crops with their bias when there are no labels', () => {
    const first = gaussian(40 * 6, 1);
    const second = gaussian(40 * 6, 2).map((value, i) => 0.3 * value + first[i]!);
    const bank = gaussian(80 * 6, 3);
    const made = assembleReport(planEvaluation(many('a', 'x', 80)), [evaluateCrops({ source: 'run', dimension: 6, first, second, bank })]);
    expect(made.verdict).toBe('no-baseline');
    expect(made.rows[0]!.spaces.raw.cropRecall).toBeGreaterThan(0.4);
    expect(renderReport(made)).toContain('colour statistics alone');
    expect(renderReport(made)).toContain('fitted on the crops of 40 other images');
  });

  it('says of crops that training practises nearly that, on the images that it has seen alone, and what would show more', () => {
    const all = planEvaluation(many('a', 'x', 80));
    const said = (findings: Parameters<typeof assembleReport>[2], plan = all): string => {
      const found = assembleReport(plan, [], findings).notes.filter((note) => note.includes('neighbouring images are of the same kind'));
      expect(found).toEqual([
        expect.stringMatching(/labels for about 120 images \(from folders or a CSV file\) .* or a look at neighbours\.$/),
      ]);
      return found[0]!;
    };
    const practised = 'This is close to what training practises';
    expect(said({})).toContain(`${practised}, on these same images: making crops of one image agree. A lead`);
    expect(said({ learned: 'changed' })).toContain(`${practised}, on those of these images that were there: `);
    for (const learned of ['elsewhere', 'unknown'] as const) {
      expect(said({ learned })).toContain(`${practised}: making crops of one image agree. A lead`);
      expect(said({ learned, agreed: false })).toMatch(/^A lead over raw pixels/);
    }
    expect(said({ agreed: false })).toMatch(/^Training has seen these same images\. A lead/);
    expect(said({ agreed: false, learned: 'changed' })).toMatch(/^Training has seen those of these images that were there\. A lead/);
    // Nothing is learned from a test part.
    const [some, none] = [[...many('train', 'x', 40), ...many('test', 'x', 40)], many('test', 'x', 80)].map((images) =>
      planEvaluation(images.map(({ path, ...one }) => ({ ...one, path, label: undefined, hash: path.slice(-8) + path }))),
    );
    expect(said({}, some)).toContain(`${practised}, on those of these images that are in no validation or test split: `);
    expect(said({}, none)).toContain(`${practised}: making crops`);
    expect(said({ agreed: false }, withoutRows(none!, new Set([0])))).toMatch(/^A lead/);
    // By labels it has nothing to do with the figure.
    expect(renderReport(report(4, 0.5))).not.toContain('training practises');
  });
});
