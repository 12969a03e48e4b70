// Reads weights under the names of the authors' code: their `.pth.tar` checkpoints, and the safetensors files that this program exports.
import { architectures } from '../../shared/config/config.ts';
import { AppError } from '../../shared/errors.ts';
import type { TensorSource } from '../formats/tensor-source.ts';
import { authorsEncoder, authorsPredictor } from '../jepa/foreign-names.ts';
import type { ModelSize, TransformerSize } from '../jepa/model.ts';
import { countBlocks, gridOf, hasPublishedPositions, hasStem, readNetworks, shapeOf, stemOf, unusable } from './foreign-weights.ts';
import type { ForeignStem, ForeignWeights, NetworkToRead, ReadProgress, StatedPreprocessing, Statistics } from './foreign-weights.ts';

export interface AuthorsOptions {
  /** Attention heads, which these files do not state; else those of the published size of this width. */
  readonly heads?: number;
  /** Those of the predictor; else as many as the encoder has, as published. */
  readonly predictorHeads?: number;
  readonly statistics?: Statistics;
  readonly preprocessing?: StatedPreprocessing;
}

/** Where a network begins: `encoder.module.` as the authors train it, `encoder.` or nothing as others keep it. */
function baseOf(network: string, isThere: (base: string) => boolean): string | undefined {
  return [`${network}.module.`, `${network}.`, `module.${network}.`].find(isThere);
}

function headsOf(path: string, width: number, given: number | undefined): number {
  const heads = given ?? Object.values(architectures).find((one) => one.width === width)?.heads;
  if (heads === undefined) {
    throw new AppError(
      'bad-input',
      `${path} does not say how many attention heads its encoder of width ${width} has.`,
      'Import it again and say how many: in the app under “Attention heads”, in the terminal with --heads NUMBER. Those of published sizes are known.',
    );
  }
  if (width % heads !== 0)
    throw new AppError('bad-input', `${heads} heads do not divide the width ${width}.`, 'Give the number that the model was trained with.');
  return heads;
}

interface EncoderShape {
  readonly encoder: TransformerSize;
  readonly stem: ForeignStem;
  readonly grid: number;
}

function encoderShape(source: TensorSource, base: string, givenHeads: number | undefined): EncoderShape {
  const { width, ...stem } = stemOf(source, `${base}patch_embed.proj`);
  return {
    encoder: {
      width,
      depth: countBlocks(source, (block) => `${base}blocks.${block}.norm1.weight`),
      heads: headsOf(source.path, width, givenHeads),
      hidden: shapeOf(source, `${base}blocks.0.mlp.fc1.weight`, 2)[0]!,
    },
    stem,
    grid: gridOf(source, shapeOf(source, `${base}pos_embed`, 3)[1]!),
  };
}

function predictorShape(source: TensorSource, base: string, heads: number): TransformerSize {
  const [width] = shapeOf(source, `${base}predictor_embed.weight`, 2) as [number, number];
  return {
    width,
    depth: countBlocks(source, (block) => `${base}predictor_blocks.${block}.norm1.weight`),
    heads,
    hidden: shapeOf(source, `${base}predictor_blocks.0.mlp.fc1.weight`, 2)[0]!,
  };
}

/** A predictor that this program can hold: its own positions are always the published ones. */
function canHoldPredictor(source: TensorSource, base: string, { width, heads }: TransformerSize, grid: number): boolean {
  return width % heads === 0 && hasPublishedPositions(source, `${base}predictor_pos_embed`, width, grid);
}

/** Reads what is there of encoder, target encoder and predictor. Throws `bad-checkpoint`, `bad-input` without heads, `unsupported`. */
export function readAuthorsWeights(
  source: TensorSource,
  { heads, predictorHeads, statistics, preprocessing }: AuthorsOptions = {},
  onRead?: ReadProgress,
): ForeignWeights {
  const isEncoder = (base: string): boolean => hasStem(source, `${base}patch_embed.proj`);
  const target = baseOf('target_encoder', isEncoder);
  const alone = ['', 'module.'].find(isEncoder);
  const context = baseOf('encoder', isEncoder) ?? (target === undefined ? alone : undefined);
  const first = target ?? context;
  if (first === undefined) throw unusable(source.path, 'it has no encoder of the authors’ code');
  const { encoder, stem, grid } = encoderShape(source, first, heads);
  const present = [target, context].filter((base) => base !== undefined);
  const published = present.every((base) => hasPublishedPositions(source, `${base}pos_embed`, encoder.width, grid));
  const base = baseOf('predictor', (one) => source.tensors.has(`${one}predictor_embed.weight`));
  const notes: string[] = [];
  let predictor: TransformerSize = { width: encoder.width, depth: 1, heads: encoder.heads, hidden: 4 * encoder.width };
  let predictorBase: string | undefined;
  if (base !== undefined) {
    const found = predictorShape(source, base, predictorHeads ?? encoder.heads);
    if (canHoldPredictor(source, base, found, grid)) [predictor, predictorBase] = [found, base];
    else notes.push('Its predictor was left out: it has positions or heads of another kind.');
  }
  const size: ModelSize = { encoder, predictor, ...stem, grid, positions: published ? 'sine-cosine' : 'learned' };
  const networks: NetworkToRead[] = [
    ...(target === undefined ? [] : [{ network: authorsEncoder(size), base: target, prefix: 'targetEncoder' }]),
    ...(context === undefined ? [] : [{ network: authorsEncoder(size), base: context, prefix: 'contextEncoder' }]),
    ...(predictorBase === undefined ? [] : [{ network: authorsPredictor(size), base: predictorBase, prefix: 'predictor' }]),
  ];
  const weights = readNetworks(source, networks, onRead);
  const embeds = target === undefined ? 'context' : 'target';
  return { size, weights, encoder: embeds, statistics, ...(preprocessing && { preprocessing }), notes };
}
