import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../shared/config/config.ts';
import { Random } from '../../../shared/random.ts';
import { lidar } from '../../evaluation/lidar.ts';
import { asTargets } from '../../evaluation/positional.ts';
import type { PatchBlock } from '../../images/patches.ts';
import { packMasks } from '../../jepa/mask-batch.ts';
import { tokenCount } from '../../jepa/model.ts';
import { forward } from '../../jepa/step.ts';
import { networks } from '../../jepa/transformer.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import { lowerOnnx } from '../../tensor/lower-onnx.ts';
import { EncoderRunner } from '../passes/encoder-runner.ts';
import { stepSize } from '../plan/step-size.ts';
import { initialState } from '../run-folder/state.ts';
import { smallRecord } from '../testing/small-run.ts';
import { maskedImages, MaskedViews, viewMasks, viewsPerImage } from './masked-figures.ts';
import type { MaskedFigures } from './masked-figures.ts';

const images = 7;

function picturesOf(config: ReturnType<typeof smallRecord>['config']): Float32Array[] {
  const values = 3 * config.imageSize ** 2;
  return Array.from({ length: images }, (_, row) => {
    const random = new Random(1, 'test', row);
    const tint = random.normal();
    return Float32Array.from({ length: values }, () => tint + 0.5 * random.normal());
  });
}

const joined = (parts: readonly Float32Array[]): Float32Array => Float32Array.from(parts.flatMap((part) => [...part]));
const cosine = (a: Float32Array, b: Float32Array): number => {
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

async function figuresOf(
  settings: Readonly<Record<string, unknown>>,
  change: (tensors: Record<string, Float32Array>) => void = () => {},
  unreadable: readonly number[] = [],
): Promise<{
  readonly figures: MaskedFigures;
  readonly config: ReturnType<typeof smallRecord>['config'];
  readonly tensors: Record<string, Float32Array>;
}> {
  const { config } = smallRecord(settings);
  const { tensors } = initialState(config);
  change(tensors);
  const size = stepSize(config);
  const pictures = picturesOf(config);
  const encoder = await EncoderRunner.create(size.model, 'last', { threads: 1 }, true, images);
  await encoder.hold(tensors);
  const { tokens } = await encoder.run(joined(pictures));
  await encoder.dispose();
  const views = await MaskedViews.create(config, { threads: 1 });
  async function* blocks(): AsyncGenerator<PatchBlock> {
    const places = [...pictures.keys()].filter((place) => !unreadable.includes(place));
    for (let from = 0; from < places.length; from += 3) {
      const part = places.slice(from, from + 3);
      yield { places: part, patches: joined(part.map((place) => pictures[place]!)) };
      await Promise.resolve();
    }
  }
  const figures = await views.figures(
    tensors,
    { rows: Uint32Array.from(pictures.keys()), targets: asTargets(tokens!.slice(), size.model.encoder.width) },
    blocks(),
  );
  await views.dispose();
  return { figures, config, tensors };
}

describe.each([
  ['masks of fixed counts', {}],
  ['the published masks, whose contexts are padded', { masking: 'paper-exact', minKeep: 2 }],
])('figures of masked views with %s', (_, settings) => {
  let made: Awaited<ReturnType<typeof figuresOf>>;
  let session: OnnxSession;
  const size = { ...stepSize(smallRecord(settings).config), microBatch: images, batch: images, targetBlocks: 1 };
  const masks = viewMasks(smallRecord(settings).config, size.contextTokens);
  const contextTokens = Math.max(...masks.flat().map(({ context }) => context.length));
  const whole = { ...size, contextTokens };

  beforeAll(async () => {
    // The predictor of a new run says nearly the same everywhere; larger weights make its answers differ.
    made = await figuresOf(settings, (tensors) => {
      for (const [name, values] of Object.entries(tensors))
        if (name.startsWith('predictor.')) for (const i of values.keys()) values[i]! *= 4;
    });
    const { predictions, targets, context } = forward(whole, defaultConfig, networks(whole.model));
    session = await OnnxSession.create(lowerOnnx({ predictions, targets, pooled: context.pooled }), { threads: 1 });
  });
  afterAll(async () => session.dispose());

  /** As the training step computes them, with the pictures moved along by `by`: then targets are those of other images. */
  const stepOf = async (view: number, by: number): Promise<Record<string, Float32Array>> => {
    const pictures = picturesOf(made.config);
    const patches = joined(pictures.map((___, i) => pictures[(i + by) % images]!));
    return session.run({ ...made.tensors, patches, ...packMasks(whole, masks[view]!, 0) });
  };

  it('are those of the step’s own predictions and targets, one pair after the other', async () => {
    const { width } = whole.model.encoder;
    let [own, others, count] = [0, 0, 0];
    for (let view = 0; view < viewsPerImage; view++) {
      const { predictions } = await stepOf(view, 0);
      for (let by = 0; by < images; by++) {
        const { targets } = await stepOf(view, by);
        for (let i = 0; i < images; i++) {
          for (let t = 0; t < masks[view]![i]!.targets[0]!.length; t++) {
            const at = (i * whole.targetTokens + t) * width;
            const value = cosine(predictions!.subarray(at, at + width), targets!.subarray(at, at + width));
            if (by === 0) {
              own += value;
              count++;
            } else others += value / (images - 1);
          }
        }
      }
    }
    expect(count).toBeGreaterThan(images * viewsPerImage);
    expect(made.figures.predictionMargin).toBeCloseTo((own - others) / count, 5);
  });

  it('have the LiDAR of the pooled contexts', async () => {
    const { width } = whole.model.encoder;
    const pooled = new Float32Array(images * viewsPerImage * width);
    for (let view = 0; view < viewsPerImage; view++) {
      const { pooled: own } = await stepOf(view, 0);
      for (let i = 0; i < images; i++) pooled.set(own!.subarray(i * width, (i + 1) * width), (i * viewsPerImage + view) * width);
    }
    expect(made.figures.lidar! / lidar(pooled, viewsPerImage, width)).toBeCloseTo(1, 4);
    expect(made.figures.lidar).toBeGreaterThan(1);
  });
});

describe('figures of masked views', () => {
  it('show a predictor that does not look at the image', async () => {
    const { figures } = await figuresOf({}, (tensors) => {
      tensors['predictor.embed.weight']!.fill(0);
      for (const i of tensors['predictor.proj.weight']!.keys()) tensors['predictor.proj.weight']![i]! *= 10;
    });
    expect(Math.abs(figures.predictionMargin!)).toBeLessThan(0.05);
  });

  it('say nothing of predictions in a run that makes none, and nothing at all of one image', async () => {
    const { figures } = await figuresOf({ prediction: 0, agreement: 1, sigreg: 0.05, projectorWidth: 8 });
    expect(figures.predictionMargin).toBeUndefined();
    expect(figures.lidar).toBeGreaterThan(1);
    const unreadable = [0, 1, 2, 3, 4, 6];
    expect((await figuresOf({}, undefined, unreadable)).figures).toEqual({});
    expect((await figuresOf({}, undefined, [2])).figures.lidar).toBeGreaterThan(1);
  });

  it('look at a small share of the sample', () => {
    expect([100, 512, 1000, 2000, 20_000].map(maskedImages)).toEqual([32, 32, 63, 125, 128]);
    expect(tokenCount(stepSize(smallRecord().config).model)).toBe(36);
  });
});
