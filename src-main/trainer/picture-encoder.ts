// The encoder for single pictures, kept for the next one: to read and compile it takes longer than the picture itself.
import { statSync } from 'node:fs';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { modelSize } from '../jepa/model.ts';
import { EncoderRunner } from '../training/passes/encoder-runner.ts';
import { loadTargetEncoder } from '../training/run-folder/checkpoint.ts';
import type { EmbedPixelsJob } from './protocol.ts';

export interface PictureEncoder {
  readonly config: TrainConfig;
  readonly runner: EncoderRunner;
}

let kept: { readonly key: string; readonly encoder: PictureEncoder } | undefined;

/** The encoder of a checkpoint, one picture at a time; whoever has it before asks for another gives up the one it had. */
export async function pictureEncoder({ checkpoint, layer, threads, device }: EmbedPixelsJob): Promise<PictureEncoder> {
  const { mtimeMs, size } = statSync(checkpoint);
  const key = JSON.stringify([checkpoint, mtimeMs, size, layer, threads, device]);
  if (kept?.key === key) return kept.encoder;
  await kept?.encoder.runner.dispose();
  kept = undefined;
  const { header, weights } = loadTargetEncoder(checkpoint);
  const runner = await EncoderRunner.create(modelSize(header.config), layer, { device, threads }, false, 1, weights);
  kept = { key, encoder: { config: header.config, runner } };
  return kept.encoder;
}
