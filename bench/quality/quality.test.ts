import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ConfigKey } from '../../shared/config/config-table.ts';
import { cropsPerImage, parseConfig } from '../../shared/config/config.ts';
import { chosenConfig } from '../../src-main/engine/runs/chosen-config.ts';
import { suggestedKeys } from '../../src-main/engine/runs/suggest.ts';
import { Budget, stepsFor } from './budget.ts';
import { recipes, settingsOf } from './recipes.ts';
import { appendRow, columnNames, formatTable, parseTable, readTable } from './table.ts';
import type { TableRow } from './table.ts';
import { settingsHash } from './trial.ts';
import { twinsOf } from './twins.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-quality-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a budget', () => {
  it('counts each piece of work with the mean of the rates around it', async () => {
    const rates = [100, 200, 50];
    const budget = await Budget.begin(async () => rates.shift()!);
    await budget.add(6);
    await budget.add(14); // more than a quarter of a minute: measured
    expect(await budget.settle()).toEqual({ operations: 20 * 150, seconds: 20 });
    await budget.add(1);
    expect(await budget.settle()).toEqual({ operations: 20 * 150 + 125, seconds: 21 });
    // Nothing was added: nothing is measured, and rates are at their end.
    expect((await budget.settle()).seconds).toBe(21);
  });

  it('goes on from what was spent before', async () => {
    const budget = await Budget.begin(async () => 10, { operations: 70, seconds: 7 });
    await budget.add(1);
    expect(await budget.settle()).toEqual({ operations: 80, seconds: 8 });
  });

  it('is turned into steps by what a step costs, whatever the machine does meanwhile', () => {
    const fast = { seconds: 1, rate: 100 };
    const shared = { seconds: 4, rate: 25 };
    expect(stepsFor(10_000, [{ share: 1, trials: [fast] }])).toBe(100);
    expect(stepsFor(10_000, [{ share: 1, trials: [fast, shared] }])).toBe(100);
    expect(stepsFor(10, [{ share: 1, trials: [fast] }])).toBe(10);
    const cheap = { share: 0.75, trials: [{ seconds: 0.5, rate: 50 }] };
    expect(stepsFor(10_000, [cheap, { share: 0.25, trials: [fast, shared] }])).toBe(Math.round(10_000 / (0.75 * 25 + 0.25 * 100)));
  });
});

describe('the table', () => {
  const row = (recipe: string): TableRow =>
    Object.fromEntries(columnNames.map((name, i) => [name, name === 'recipe' ? recipe : String(i)])) as TableRow;

  it('is read as it was written, and refuses what does not fit', () => {
    const rows = [row('a'), row('b with\ttab')];
    const text = formatTable(rows);
    expect(parseTable(text)).toEqual([row('a'), row('b with tab')]);
    expect(parseTable('')).toEqual([]);
    expect(() => parseTable(text.replace('recipe', 'dish'))).toThrow('other columns');
    expect(() => parseTable(`${text}one\ttwo\n`)).toThrow('a line of 2 cells');
  });

  it('keeps all lines of benches that end together', async () => {
    const file = join(folder, 'table.tsv');
    await Promise.all(['a', 'b', 'c'].map(async (name) => appendRow(file, row(name))));
    expect(
      readTable(file)
        .map(({ recipe }) => recipe)
        .sort(),
    ).toEqual(['a', 'b', 'c']);
    expect(readFileSync(file, 'utf8').endsWith('\n')).toBe(true);
  });

  it('has a finding once, whenever it was written down', async () => {
    const file = join(folder, 'once.tsv');
    await appendRow(file, { ...row('a'), date: '2026-11-01', commit: 'abc' });
    await appendRow(file, { ...row('a'), date: '2026-11-02', commit: 'def' });
    await appendRow(file, { ...row('a'), seed: '1' });
    expect(readTable(file).map(({ date, seed }) => [date, seed])).toEqual([
      ['2026-11-01', row('a').seed],
      [row('a').date, '1'],
    ]);
  });

  it('is never overwritten when it is damaged', async () => {
    const file = join(folder, 'damaged.tsv');
    writeFileSync(file, 'something else\n');
    await expect(appendRow(file, row('a'))).rejects.toThrow('other columns');
    expect(readFileSync(file, 'utf8')).toBe('something else\n');
  });

  it('in the repository has these columns, recipes that are known, and costs that fit each other', () => {
    const committed = readTable(join(import.meta.dirname, 'table.tsv'));
    for (const { recipe, budget, used, seconds, rate, steps, crops } of committed) {
      expect(Object.keys(recipes)).toContain(recipe);
      // With --steps none is given. What was used is said by seconds and rate too, which are whole numbers.
      if (budget !== '') expect(Number(used) / Number(budget)).toBeGreaterThan(0.5);
      const [time, speed] = [Number(seconds), Number(rate)];
      const rounding = 0.5 / time + 0.5 / speed + 0.0005 / Number(used);
      expect(Math.abs((time * speed) / 1e6 / Number(used) - 1), `${recipe}, ${used}`).toBeLessThan(1.1 * rounding);
      const config = parseConfig({ batchSize: 64, agreement: 1, ...settingsOf(recipe) });
      expect(Number(crops) / Number(steps), recipe).toBe(config.batchSize * cropsPerImage(config));
    }
    expect(committed.some(({ budget }) => budget === '')).toBe(true);
  });
});

describe('recipes', () => {
  it.each(Object.keys(recipes))('%s is a valid configuration', (name) => {
    const config = parseConfig({ imageSize: 32, patchSize: 4, ...settingsOf(name) });
    expect(config.imageSize % config.patchSize).toBe(0);
  });

  it('say all that the program suggests, so that a new suggestion does not change them', () => {
    // How large pictures are and how long a run is follow from the folder.
    const ofFolder: readonly ConfigKey[] = ['preset', 'imageSize', 'epochs'];
    for (const name of Object.keys(recipes).filter((one) => one !== 'shipped'))
      expect(Object.keys(settingsOf(name)), name).toEqual(expect.arrayContaining(suggestedKeys.filter((key) => !ofFolder.includes(key))));
  });

  it('are what their lines in the table were measured with', () => {
    const given = { seed: 0, threads: 1, evaluateImages: 0, checkpointMinutes: 3 };
    // Settings that came before counted otherwise in the hash; what is shipped follows from the length of the run, too.
    const rows = readTable(join(import.meta.dirname, 'table.tsv')).filter(
      ({ date, recipe }) => date > '2026-11-28' && recipe !== 'shipped',
    );
    expect(rows.length).toBeGreaterThan(20);
    for (const { recipe, folder: pictures, settings } of rows) {
      const facts = { images: 10_000, shortSide: { cifar10: 32, emoji: 64, stamps: 200 }[pictures]! };
      expect(settingsHash(chosenConfig(facts, { ...settingsOf(recipe), ...given }).config), `${recipe}, ${pictures}`).toBe(settings);
    }
  });

  it('inherit, and differ from each other in their settings', () => {
    expect(settingsOf('three')).toMatchObject({ optimiser: 'muon', width: 128, colourJitter: 0.5 });
    expect(() => settingsOf('dish')).toThrow('There is no recipe dish');
    const hashes = Object.keys(recipes).map((name) => settingsHash(parseConfig(settingsOf(name))));
    expect(new Set(hashes).size).toBe(hashes.length);
    const config = parseConfig(settingsOf('three'));
    expect(settingsHash({ ...config, seed: 5, steps: 7, threads: 1 })).toBe(settingsHash(config));
  });
});

describe('pictures of one thing by two makers', () => {
  const pictures = Array.from({ length: 400 }, (_, i) => ({
    hash: String(i),
    path: `${i % 2 === 0 ? 'google' : 'twitter'}/${Math.floor(i / 2)}.png`,
  }));

  it('are split so that all of a thing is in one half, and every thing in one of them', () => {
    const halves = (['choosing', 'reporting'] as const).map((purpose) => twinsOf(pictures, purpose));
    expect(halves[0]!.hashes.length + halves[1]!.hashes.length).toBe(400);
    for (const { hashes, groups, sources } of halves) {
      expect(hashes.length).toBeGreaterThan(120);
      const seen = new Map<number, number[]>();
      hashes.forEach((hash, i) => {
        expect(sources[i]).toBe(Number(hash) % 2);
        seen.set(groups[i]!, [...(seen.get(groups[i]!) ?? []), Math.floor(Number(hash) / 2)]);
      });
      for (const things of seen.values()) expect(things.length === 2 && things[0] === things[1]).toBe(true);
    }
  });
});
