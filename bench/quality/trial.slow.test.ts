// The bench's own loop on a folder of made-up pictures: what it costs is counted once, whether it is stopped or not.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../../shared/random.ts';
import type { Studio } from '../../src-main/engine/studio.ts';
import { readRecord } from '../../src-main/training/run-folder/run-folder.ts';
import type { Spent } from './budget.ts';
import { judge } from './judge.ts';
import { openStudio, runTrial, spentAt } from './trial.ts';
import type { Trial } from './trial.ts';

const data = mkdtempSync(join(tmpdir(), 'ijepa-trial-'));
const root = join(data, 'emoji');
const things = 24;
let studio: Studio;

/** Two makers draw the same things: noise of their own over four colours that the things differ by. */
async function draw(maker: number, thing: number): Promise<void> {
  const [own, common] = [new Random(1, 'test', 100 * maker + thing), new Random(2, 'test', thing)];
  const colours = Uint8Array.from({ length: 12 }, () => common.integer(200));
  const pixels = Uint8Array.from({ length: 3 * 16 ** 2 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % 16, Math.floor(i / 48)];
    return colours[3 * (2 * Number(y > 7) + Number(x > 7)) + (i % 3)]! + own.integer(30);
  });
  const folder = join(root, ['google', 'twitter'][maker]!);
  mkdirSync(folder, { recursive: true });
  await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
    .png()
    .toFile(join(folder, `${thing}.png`));
}

beforeAll(async () => {
  for (const maker of [0, 1]) for (let thing = 0; thing < things; thing++) await draw(maker, thing);
  studio = await openStudio(join(data, 'home'), root);
});
afterAll(async () => {
  await studio.dispose();
  rmSync(data, { recursive: true, force: true });
});

const trial = (seed: number): Trial => ({
  recipe: 'small',
  settings: {
    architecture: 'custom',
    width: 16,
    depth: 1,
    heads: 2,
    imageSize: 16,
    patchSize: 4,
    predictorWidth: 8,
    predictorDepth: 1,
    predictorHeads: 2,
    batchSize: 8,
    crops: 2,
  },
  root,
  length: { budget: 1e10 },
  seed,
  threads: 1,
  commit: 'abc',
});
const spentOf = (run: string): Record<string, Spent> => JSON.parse(readFileSync(join(run, 'spent.json'), 'utf8')) as Record<string, Spent>;

it('a trial that is stopped goes on where it was, with what it had cost, and says which code began it', async () => {
  const controller = new AbortController();
  const first = await runTrial(
    studio,
    trial(0),
    controller.signal,
    (line) => line.includes('step') && line.includes('loss') && controller.abort(),
  );
  expect(first).toBeUndefined();
  const trained = (await runTrial(studio, { ...trial(0), commit: 'def' }, new AbortController().signal, () => {}))!;
  expect(trained.commit).toBe('abc');
  expect(trained.steps).toBe(readRecord(trained.run).steps);
  expect(trained.crops).toBe(2 * 8 * trained.steps);
  const spent = spentOf(trained.run);
  const known = Object.entries(spent).map(([step, { seconds }]) => ({ step: Number(step), seconds }));
  const [stopped, ended] = [known[0], known.at(-1)];
  expect(ended).toMatchObject({ step: trained.steps });
  expect(stopped!.step).toBeGreaterThan(0);
  expect(stopped!.step).toBeLessThan(trained.steps);
  expect(ended!.seconds).toBeGreaterThan(stopped!.seconds);
  // Nothing but closing files comes after the last checkpoint.
  expect(trained.spent.seconds).toBeCloseTo(ended!.seconds, 1);

  // Twins are judged by what they are worth, not by their names: colours find them.
  const judged = await judge(studio, 'twins', {
    root,
    run: trained.run,
    checkpoint: trained.checkpoint,
    purpose: 'choosing',
    probe: false,
    threads: 1,
  });
  expect(judged.pixels.raw).toBeGreaterThan(0.9);
  for (const scores of [judged.run, judged.untrained]) for (const score of Object.values(scores)) expect(score).toBeGreaterThan(0);
  expect(judged.rankMe).toBeGreaterThan(1);

  // Killed between a checkpoint and its note: as much for each step as before.
  writeFileSync(join(trained.run, 'spent.json'), JSON.stringify({ [stopped!.step]: spent[stopped!.step] }));
  expect(spentAt(trained.run, 2 * stopped!.step).seconds).toBeCloseTo(2 * stopped!.seconds, 9);
  expect(spentAt(trained.run, 0)).toEqual({ operations: 0, seconds: 0 });
  writeFileSync(join(trained.run, 'spent.json'), '{}');
  expect(() => spentAt(trained.run, 5)).toThrow('not known');
});
