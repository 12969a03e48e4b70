// What a folder and settings make of a run, before anything is trained.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { defaultConfig } from '../../shared/config/config.ts';
import { preprocessingOf } from '../../shared/config/preprocessing.ts';
import { AppError } from '../../shared/errors.ts';
import { memoryPlan } from '../training/plan/memory-plan.ts';
import { planForPage } from './app/runs/run-plan.ts';
import { scanFolder } from './folders/scan-folder.ts';
import { feedOf } from './runs/feed.ts';
import { planRun } from './runs/runs.ts';
import { suggestedPatch } from './runs/suggest.ts';
import { Studio } from './studio.ts';
import { threadsOf } from './threads.ts';

const root = mkdtempSync(join(tmpdir(), 'ijepa-plan-'));
const folders = Object.fromEntries(
  ['many', 'one', 'tiny', 'tests', 'parts', 'photographs'].map((name) => [name, join(root, name)]),
) as Record<'many' | 'one' | 'tiny' | 'tests' | 'parts' | 'photographs', string>;
let studio: Studio;

const image = (file: string, side: number, shade: number): Promise<unknown> =>
  sharp({ create: { width: side, height: side + 10, channels: 3, background: { r: shade, g: 90, b: 20 } } }).toFile(file);

beforeAll(async () => {
  studio = new Studio({ home: join(root, 'home') });
  for (const folder of [...Object.values(folders), join(folders.tests, 'test'), join(folders.parts, 'train'), join(folders.parts, 'test')])
    mkdirSync(folder);
  for (let i = 0; i < 20; i++) await image(join(folders.many, `${i}.png`), 40, 10 * i);
  for (let i = 0; i < 20; i++) await image(join(folders.photographs, `${i}.png`), 400, 10 * i);
  for (let i = 0; i < 3; i++) await image(join(folders.tiny, `${i}.png`), 3, 10 * i);
  await image(join(folders.one, 'a.png'), 40, 1);
  for (let i = 0; i < 3; i++) await image(join(folders.tests, 'test', `${i}.png`), 40, 10 * i);
  // Two of the eight that are learned from have one content.
  for (let i = 0; i < 8; i++) await image(join(folders.parts, 'train', `${i}.png`), 40, 10 * Math.min(i, 6));
  for (let i = 0; i < 2; i++) await image(join(folders.parts, 'test', `${i}.png`), 40, 100 + 10 * i);
  for (const folder of Object.values(folders)) {
    const scan = scanFolder(studio, folder, { settings: preprocessingOf(defaultConfig), shortSide: 256 });
    for await (const _ of scan);
  }
});
afterAll(async () => {
  await studio.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe('a plan', () => {
  it('suggests sizes for the images, with half of the few patches of small ones as context', () => {
    const { config, steps, images } = planRun(studio, folders.many, {});
    expect(config).toMatchObject({ imageSize: 32, patchSize: 8, contextTokens: 8, architecture: 'custom', stem: 'convolutions', depth: 2 });
    expect(images).toBe(20);
    expect(steps).toBe(Math.ceil((config.epochs * 20) / config.batchSize));
  });

  it('suggests a small input in large patches for photographs, and the published embedding to who names a network', () => {
    const { config } = planRun(studio, folders.photographs, {});
    expect(config).toMatchObject({ imageSize: 128, patchSize: 32, contextTokens: 8, stem: 'convolutions', stemStart: 'whitening' });
    expect(planRun(studio, folders.photographs, config).config).toEqual(config);
    const linear = { stem: 'linear', imageSize: 224, patchSize: 16, contextTokens: 49 };
    for (const given of [{ stem: 'linear' }, { architecture: 'small' }, { preset: 'paper-exact' }])
      expect(planRun(studio, folders.photographs, given).config).toMatchObject(linear);
    expect(planRun(studio, folders.photographs, { patchSize: 16 }).config).toMatchObject({ stem: 'convolutions', imageSize: 128 });
    // Who wants to look closer learns by what learns most.
    const closer = { stem: 'convolutions', stemStart: 'whitening' };
    expect(planRun(studio, folders.photographs, { imageSize: 224 }).config).toMatchObject({ ...closer, patchSize: 32, smallFirst: 0 });
    expect(planRun(studio, folders.photographs, { imageSize: 256 }).config).toMatchObject({ ...closer, patchSize: 64, smallFirst: 0.85 });
  });

  it('tells what is kept for judging from what is learned from', async () => {
    expect(await planForPage(studio, folders.parts, {})).toMatchObject({ images: 7, heldOut: 2 });
    expect(await planForPage(studio, folders.many, {})).toMatchObject({ images: 20, heldOut: 0 });
  });

  it('says what it would train on, and what that takes of a card', async () => {
    const expected = vi
      .spyOn(studio.devices, 'expected')
      .mockResolvedValue({ device: 'cpu', reason: 'The processor: no graphics card was found.' });
    const onProcessor = await planForPage(studio, folders.many, {});
    expect(onProcessor).toMatchObject({ device: 'The processor: no graphics card was found.', card: undefined });
    const card = { name: 'A card', memoryFree: 1e6 };
    expected.mockResolvedValue({ device: 'webgpu', reason: 'WebGPU, as asked.', card });
    const onCard = await planForPage(studio, folders.many, {});
    // What would take a processor too long may be begun on a card that somebody asked for.
    const large = { architecture: 'base', imageSize: 224, patchSize: 16 };
    expect((await planForPage(studio, folders.many, large)).config.preset).toBe('default');
    expected.mockRestore();
    expect(onCard).toMatchObject({ device: 'WebGPU, as asked.', card: { name: 'A card', free: 1e6 } });
    expect(onCard.card!.bytes).toBeGreaterThan(1e7);
    expect(onCard.warnings.map(({ message }) => message).join()).toContain('A card has 1 MB of memory free');
    expect(onCard.microBatch).toMatch(/the fewest there can be; that takes about \d+ MB, and A card has 1 MB free/);
    expect(onCard.config.microBatch).toBe(0);
    expect(onProcessor.microBatch).toContain('fastest on a processor');
    expect(onProcessor.warnings.map(({ message }) => message).join()).not.toContain('card');
  });

  it('says one figure of memory: the one that its micro-batch was chosen by, with what the run is cut from', async () => {
    const asked = vi.spyOn(studio.devices, 'microBatch');
    const { config, memoryBytes } = await planForPage(studio, folders.photographs, {});
    const feed = feedOf(await studio.readImages(folders.photographs), config)!;
    expect(feed).toEqual({ images: 20, picture: { width: 256, height: 262.4 } });
    expect(asked.mock.calls.map((given) => given[2])).toEqual(asked.mock.calls.map(() => feed));
    asked.mockRestore();
    const { images: microBatch } = await studio.devices.microBatch('cpu', config, feed);
    const { total, pictures, cutting } = memoryPlan({ ...config, microBatch, threads: threadsOf(config.threads) }, feed);
    expect(memoryBytes).toBe(Math.round(total));
    expect(Math.min(pictures, cutting)).toBeGreaterThan(1e5);
  });

  it('fits the suggested context to a grid of other size, and leaves a given one alone', () => {
    expect(planRun(studio, folders.many, { imageSize: 64, patchSize: 8 }).config.contextTokens).toBe(16);
    expect(planRun(studio, folders.many, { imageSize: 48, patchSize: 4 }).config.contextTokens).toBe(36);
    expect(planRun(studio, folders.many, { contextTokens: 9, steps: 3 })).toMatchObject({ steps: 3, config: { contextTokens: 9 } });
  });

  it('lets the target encoder follow faster in fewer steps, unless a momentum is given or published', () => {
    const momentum = (given: Readonly<Record<string, unknown>>): unknown => planRun(studio, folders.many, given).config.momentum;
    expect([300, 1500, 6000, 1e6].map((steps) => momentum({ steps }))).toEqual([0.8, 0.96, 0.99, 0.996].map((first) => [first, 1]));
    expect(momentum({ steps: 100 })).toEqual([0.8, 1]);
    expect(momentum({ steps: 300, momentum: [0.5, 0.6] })).toEqual([0.5, 0.6]);
    expect(momentum({ steps: 300, preset: 'paper-exact' })).toEqual([0.996, 1]);
    // As many steps by epochs.
    const { config, steps } = planRun(studio, folders.many, { epochs: 1500, batchSize: 20 });
    expect([steps, config.momentum]).toEqual([1500, [0.96, 1]]);
  });

  it('finds a patch for an image size that was given alone', () => {
    expect(suggestedPatch({ patchSize: 16 }, { imageSize: 32 })).toEqual({ patchSize: 4 });
    expect(suggestedPatch({ patchSize: 16 }, { imageSize: 100 })).toEqual({ patchSize: 4 });
    expect(suggestedPatch({ patchSize: 16 }, { imageSize: 448 })).toEqual({});
    expect(suggestedPatch({ patchSize: 16 }, { imageSize: 32, patchSize: 16 })).toEqual({});
    // Convolutions keep their sixteen patches where they can.
    for (const [imageSize, patchSize] of [
      [16, 4],
      [64, 16],
      [128, 32],
    ])
      expect(planRun(studio, folders.many, { imageSize }).config).toMatchObject({ stem: 'convolutions', patchSize, contextTokens: 8 });
    expect(suggestedPatch({ patchSize: 8, stem: 'convolutions' }, { imageSize: 96 })).toEqual({});
    expect(planRun(studio, folders.many, { imageSize: 30 }).config).toMatchObject({ imageSize: 30, patchSize: 2 });
  });

  it('takes the linear stem for patches that convolutions cannot halve, unless convolutions are asked for', () => {
    const odd = { imageSize: 84, patchSize: 14 };
    expect(planRun(studio, folders.many, odd).config).toMatchObject({ stem: 'linear', depth: 4, contextTokens: 9 });
    expect(planRun(studio, folders.many, { imageSize: 64, patchSize: 16 }).config).toMatchObject({ stem: 'convolutions', depth: 2 });
    expect(() => planRun(studio, folders.many, { ...odd, stem: 'convolutions' })).toThrow(/cannot be/);
    expect(planRun(studio, folders.many, { stem: 'linear' }).config).toMatchObject({
      stem: 'linear',
      depth: 4,
      patchSize: 4,
      contextTokens: 16,
    });
  });

  it('takes the preset that the folder and a processor allow, says why, and lets what is given win', () => {
    const usual = planRun(studio, folders.many, {});
    expect(usual.config.preset).toBe('default');
    expect(usual.reason).toMatch(/Preset default: Learns which crops belong together/);
    const large = planRun(studio, folders.many, { architecture: 'base', imageSize: 224, patchSize: 16 });
    expect(large.config.preset).toBe('quick');
    expect(large.reason).toMatch(/would keep a processor busy for [\d,]+ to [\d,]+ hours\. Preset quick:/);
    expect(large.steps).toBeLessThan(usual.steps);
    // A length that was given is the person's own choice.
    expect(planRun(studio, folders.many, { architecture: 'base', imageSize: 224, patchSize: 16, steps: 100_000 }).config.preset).toBe(
      'default',
    );
    const chosen = planRun(studio, folders.many, { preset: 'agreement-only', learningRate: 0.01, epochs: 3 });
    expect(chosen.config).toMatchObject({ preset: 'agreement-only', prediction: 0, learningRate: 0.01, epochs: 3 });
    expect(chosen.reason).toContain('Preset agreement-only:');
    // As a run records it.
    expect(planRun(studio, folders.many, chosen.config).config).toEqual(chosen.config);
    expect(() => planRun(studio, folders.many, { preset: 'best' })).toThrow(/preset/);
  });

  it('of a named architecture keeps its own sizes', () => {
    const { config } = planRun(studio, folders.many, { architecture: 'tiny' });
    expect(config).toMatchObject({ width: 192, depth: 12, predictorDepth: 6, predictorWidth: 192 });
  });

  it.each([
    ['one', {}, 'bad-input', /more images/],
    ['tiny', { patchSize: 4 }, 'bad-input', /patchSize of at most 3/],
    ['tests', {}, 'no-images', /called train/],
    ['many', { batchSize: 0 }, 'bad-config', /from 1/],
    ['many', { imageSize: 30, patchSize: 4 }, 'bad-config', /image size that 8 or 16 divides/],
    ['many', { imageSize: 8, patchSize: 4 }, 'bad-config', /3×3/],
    ['many', { imageSize: 12, patchSize: 4, targetScale: [0.9, 0.9], targetAspect: [1, 1] }, 'bad-config', /smaller targetScale/],
    ['many', { imageSize: 32, patchSize: 4, masking: 'paper-exact' }, 'bad-config', /smaller minKeep/],
  ] as const)('of the folder %s with %j is refused with what to do', (folder, settings, code, hint) => {
    let error: unknown;
    try {
      planRun(studio, folders[folder], settings);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe(code);
    expect((error as AppError).hint).toMatch(hint);
  });

  it('warns of what will hardly work, and of nothing else', async () => {
    const told = async (settings: Readonly<Record<string, unknown>>): Promise<string> =>
      (await planForPage(studio, folders.many, { steps: 50, ...settings })).warnings.map(({ message }) => message).join(' ');
    expect(await told({})).not.toMatch(/patches|learning rate|threads|batch/i);
    expect(await told({ imageSize: 50 })).toContain('625 patches of 2 px');
    expect(await told({ learningRate: 0.03 })).toContain('ten times the suggested 0.002');
    expect(await told({ learningRate: 0.02 })).not.toContain('learning rate');
    expect(await told({ preset: 'paper-exact', batchSize: 20, learningRate: 0.00003 })).not.toContain('learning rate');
    expect(await told({ threads: 512 })).toContain('512 threads');
    expect(await told({ batchSize: 64 })).toContain('more than the 20 there are');
  });

  it('of a folder that was never scanned says to scan it', () => {
    expect(() => planRun(studio, join(root, 'nowhere'), {})).toThrow(AppError);
  });
});
