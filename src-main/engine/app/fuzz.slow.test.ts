// Every channel is called with what no page of this program sends: it answers with a typed error, in time, and the engine lives on.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import type { Engine } from './engine.ts';
import { engineContract } from './handlers.ts';
import { drawPictures, openEngine, quickSettings } from './testing/open-engine.ts';
import type { Page } from './testing/open-engine.ts';

type ChannelName = keyof typeof engineContract;
const channels = Object.keys(engineContract) as ChannelName[];
const long = process.env['IJEPA_LONG'] === '1';

const place = mkdtempSync(join(tmpdir(), 'ijepa-fuzz-'));
const pictures = join(place, 'pictures');
/** Not among the pictures: an export has images of its own, which a scan would find. */
const exports = join(place, 'exports');
let engine: Engine;
let page: Page;

beforeAll(async () => {
  await drawPictures(pictures, 4);
  mkdirSync(exports);
  ({ engine, page } = openEngine(join(place, 'home'), { roots: [pictures, exports] }));
  const { job, folder } = await page.call('library.scan', { path: pictures });
  await page.call('jobs.wait', { job });
  const settings = { ...quickSettings, batchSize: 4, steps: 2, evaluateImages: 0 };
  const run = await page.call('runs.start', { folder, settings, name: 'run', usable: false });
  await page.call('jobs.wait', { job: run.job });
});
afterAll(async () => {
  await engine.dispose();
  rmSync(place, { recursive: true, force: true });
});

const exported = {
  folder: 1,
  run: 'run',
  checkpoint: 'latest',
  layer: 'last',
  space: 'raw',
  formats: ['npy'],
  vectorColumn: 'vector',
  neighbours: 0,
};

/** Milliseconds after which a call counts as never answered, on a machine that does much else. */
const patience = 15_000;

async function answerTo(channel: ChannelName, input: unknown): Promise<unknown> {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), patience);
  try {
    return await page.call(channel, input as never, { signal: stop.signal });
  } catch (error) {
    if (stop.signal.aborted) throw new Error(`${channel} does not answer to ${shown(input)}`, { cause: error });
    return error;
  } finally {
    clearTimeout(late);
  }
}

const shown = (input: unknown): string => {
  try {
    return JSON.stringify(input)?.slice(0, 500) ?? String(input);
  } catch {
    return fc.stringify(input).slice(0, 500);
  }
};

const accepts = (channel: ChannelName, input: unknown): boolean => v.safeParse(engineContract[channel].input, input).success;

/** What never ends by itself or keeps the trainer busy, given right input: watched elsewhere, called here with wrong input only. */
const lasting: ReadonlySet<ChannelName> = new Set([
  'jobs.watch',
  'runs.watch',
  'runs.events',
  'system.testDevices',
  'system.usualTimes',
  'system.installTensorflow',
  'library.samples',
  'runs.start',
  'runs.resume',
  'runs.trial',
  'runs.delete',
  'runs.rename',
  'library.remove',
] as const);

describe.each(channels)('%s', (channel) => {
  it('refuses any other form than its own as bad input', async () => {
    const inputs = fc.sample(fc.anything({ withTypedArray: true, withBigInt: true, withNullPrototype: true }), {
      numRuns: long ? 300 : 30,
      seed: 4,
    });
    for (const input of [undefined, null, [], '', 0, ...inputs]) {
      if (accepts(channel, input)) continue;
      const answer = await answerTo(channel, input);
      expect(answer, shown(input)).toBeInstanceOf(AppError);
      expect((answer as AppError).code, shown(input)).toBe('bad-input');
      expect((answer as AppError).hint.length).toBeGreaterThan(5);
    }
  });

  it('answers, or says what is wrong, to what has nearly its form', async () => {
    for (const input of fc.sample(nearly(engineContract[channel].input), { numRuns: long ? 400 : 25, seed: 7 })) {
      if (lasting.has(channel) && accepts(channel, input)) continue;
      const answer = await answerTo(channel, input);
      if (!(answer instanceof Error)) continue;
      expect(answer, `${shown(input)}: ${answer.stack}`).toBeInstanceOf(AppError);
      expect((answer as AppError).code, `${shown(input)}: ${answer.message}`).not.toBe('internal');
    }
  });
});

describe('the engine', () => {
  it('knows no folder, image, run or job that is not there', async () => {
    const unknown: readonly (readonly [ChannelName, unknown])[] = [
      ['library.page', { folder: 99, filter: {}, offset: 0, limit: 1 }],
      ['library.remove', { folder: 99 }],
      ['library.thumbnail', { image: 9999, side: 64 }],
      ['jobs.wait', { job: 9999 }],
      ['jobs.cancel', { job: 9999 }],
      ['runs.details', { run: 'none' }],
      ['runs.delete', { run: 'none' }],
      ['runs.start', { folder: 99, settings: {}, usable: true }],
      ['runs.trial', { folder: 99, settings: {} }],
      ['runs.resume', { run: 'none', usable: true }],
    ];
    for (const [channel, input] of unknown) expect(await answerTo(channel, input), channel).toMatchObject({ code: 'not-found' });
  });

  it('lets no name lead out of its place', async () => {
    for (const name of ['../out', '..', 'a/b', 'a\\b', 'a\0b', 'C:', '.', ' ']) {
      expect(await answerTo('runs.rename', { run: 'run', name }), name).toMatchObject({ code: 'bad-input' });
      expect(await answerTo('runs.start', { folder: 1, settings: quickSettings, name, usable: true }), name).toMatchObject({
        code: 'bad-input',
      });
      const answer = await answerTo('runs.delete', { run: name });
      expect(['bad-input', 'not-found'], name).toContain((answer as AppError).code);
    }
    expect(await answerTo('export.start', { ...exported, target: place })).toMatchObject({ code: 'not-allowed' });
    expect(await answerTo('export.preview', { ...exported, target: '/etc' })).toMatchObject({ code: 'not-allowed' });
  });

  it('lives on', async () => {
    expect(await answerTo('system.info', {})).toMatchObject({ home: join(place, 'home') });
    // Among the calls are some that say the folder has moved to a part of itself.
    const folders = (await answerTo('library.folders', {})) as readonly { id: number; path: string; images: number }[];
    const first = folders.find(({ id }) => id === 1);
    expect(first?.path).toMatch(new RegExp(`^${pictures}(/stripes|/dots)?$`));
    expect(first!.images).toBeGreaterThanOrEqual(4);
  });
});

const texts = fc.oneof(
  fc.constantFrom(
    '',
    'run',
    'none',
    'best',
    'latest',
    '0',
    '2',
    'best ',
    '../run',
    '..',
    '/etc/passwd',
    'C:\\',
    'a\0b',
    '<script>',
    '%',
    "' OR 1=1 --",
  ),
  fc.constantFrom('stripes', 'imageSize', 'patchSize', '__proto__', 'constructor', '\ud800', 'x'.repeat(40_000)),
  fc.constantFrom('', '/stripes', '/../..', '/new/folder', '/dots/dots 000.png').map((below) => pictures + below),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const numbers = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(-1, 0.5, NaN, Infinity, -0, 2 ** 31, 2 ** 53, 1e308, 64, 128));

/** What is there, so that not every call ends at the first question. */
const real: Readonly<Record<string, readonly unknown[]>> = {
  folder: [1],
  image: [1, 2, 8],
  run: ['run'],
  checkpoint: ['latest', 'best', '2'],
  step: [2],
  side: [64],
  limit: [10],
  k: [1, 5],
  plus: [[{ image: 1 }]],
  formats: [['npy'], ['parquet', 'csv']],
  target: [`${exports}/exported`],
  settings: [{}, quickSettings, { ...quickSettings, patchSize: 5 }],
};
function usually(key: string, other: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const known = Object.hasOwn(real, key) ? real[key] : undefined;
  return known ? fc.oneof({ arbitrary: fc.constantFrom(...known), weight: 4 }, { arbitrary: other, weight: 1 }) : other;
}

interface Walked {
  readonly type: string;
  readonly pipe?: readonly Walked[];
  readonly wrapped?: Walked;
  readonly entries?: Readonly<Record<string, Walked>>;
  readonly item?: Walked;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly key?: Walked;
  readonly value?: Walked;
}

/** Values of a schema's form, whether or not they are within its limits, with parts that are of another. */
function nearly(given: v.GenericSchema): fc.Arbitrary<unknown> {
  const schema = given as unknown as Walked;
  const other = { arbitrary: fc.constantFrom<unknown>(null, undefined, 'text', 7, {}, [], true), weight: 1 };
  const mostly = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.oneof({ arbitrary, weight: 24 }, other);
  const of = (inner: Walked): fc.Arbitrary<unknown> => nearly(inner as unknown as v.GenericSchema);
  switch (schema.type) {
    case 'strict_object': {
      const entries = Object.entries(schema.entries!);
      return mostly(
        fc.record(Object.fromEntries(entries.map(([key, inner]) => [key, usually(key, of(inner))])), {
          requiredKeys: entries.filter(([, inner]) => inner.type !== 'optional').map(([key]) => key),
        }),
      );
    }
    case 'optional':
      return of(schema.wrapped!);
    case 'nullable':
      return fc.oneof(fc.constant(null), of(schema.wrapped!));
    case 'number':
      return mostly(numbers);
    case 'string':
      return mostly(texts);
    case 'boolean':
      return mostly(fc.boolean());
    case 'literal':
      return mostly(fc.constant(schema.literal));
    case 'picklist':
      return mostly(fc.constantFrom(...schema.options!));
    case 'array':
      return mostly(fc.array(of(schema.item!), { maxLength: 5 }));
    case 'record':
      return mostly(
        fc.dictionary(
          texts.filter((key) => key.length < 60),
          of(schema.value!),
          { maxKeys: 3 },
        ),
      );
    case 'union':
    case 'variant':
      return fc.oneof(...schema.options!.map((option) => of(option as Walked)));
    case 'instance':
      return mostly(fc.uint8Array({ maxLength: 50 }));
    default:
      throw new Error(`The fuzzer does not know schemas of type ${schema.type}.`);
  }
}
