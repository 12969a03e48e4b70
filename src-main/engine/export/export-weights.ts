// Weights on their way into files: gigabytes are read, turned and written, in a thread of their own, and the engine answers meanwhile.
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError, fromWire } from '../../../shared/errors.ts';
import type { WireError } from '../../../shared/errors.ts';
import { nodeArguments } from '../../files/node-arguments.ts';
import type { Bundle } from '../../formats/bundle.ts';
import type { EmbeddingLayer } from '../../jepa/embedding.ts';
import type { ModelDescription } from '../../weights/model-description.ts';
import { modelingFile, needsOwnCode } from '../../weights/modeling-code.ts';
import { needsDataFile, onnxDataName } from '../../weights/onnx-file.ts';
import { requireGoing } from './export-vectors.ts';

export const weightFormats = ['safetensors', 'huggingface', 'onnx'] as const;
export type WeightFormat = (typeof weightFormats)[number];

export interface WeightExport {
  readonly checkpoint: string;
  readonly model: ModelDescription;
  /** What the ONNX model gives as the embedding. */
  readonly layer: EmbeddingLayer;
}

/** Where the files of a format go, by what they are. */
export type WeightFiles =
  | { readonly format: 'safetensors'; readonly weights: string }
  | {
      readonly format: 'huggingface';
      readonly config: string;
      readonly weights: string;
      readonly preprocessor: string;
      readonly code: string | undefined;
    }
  | { readonly format: 'onnx'; readonly model: string; readonly data: string | undefined };

/** What the thread is told. */
export interface WeightTask extends WeightExport {
  readonly files: readonly WeightFiles[];
}

/** What it says at its end: nothing when all is written. */
export interface WeightsWritten {
  readonly error?: WireError;
}

const filesOf: Readonly<Record<WeightFormat, (bundle: Bundle, model: ModelDescription) => WeightFiles>> = {
  safetensors: (bundle) => ({ format: 'safetensors', weights: bundle.file('model.safetensors') }),
  huggingface: (bundle, { size }) => ({
    format: 'huggingface',
    config: bundle.file('huggingface/config.json'),
    weights: bundle.file('huggingface/model.safetensors'),
    preprocessor: bundle.file('huggingface/preprocessor_config.json'),
    code: needsOwnCode(size) ? bundle.file(`huggingface/${modelingFile}`) : undefined,
  }),
  onnx: (bundle, { size }) => ({
    format: 'onnx',
    model: bundle.file('encoder.onnx'),
    data: needsDataFile(size) ? bundle.file(onnxDataName) : undefined,
  }),
};

/**
 * Writes weights in some formats. Rejects with what the writers throw, and with `cancelled`: its thread has ended then, and what it had
 * half written lies there for the bundle to take away.
 */
export async function exportWeights(
  bundle: Bundle,
  formats: readonly WeightFormat[],
  what: WeightExport,
  signal?: AbortSignal,
): Promise<void> {
  requireGoing(signal);
  if (formats.length === 0) return;
  const workerData: WeightTask = { ...what, files: formats.map((format) => filesOf[format](bundle, what.model)) };
  const worker = new Worker(new URL(`./export-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData,
    name: 'export',
    execArgv: [...nodeArguments],
  });
  // It has no turn in which it could hear that it is not wanted any more.
  const abort = (): void => void worker.terminate();
  signal?.addEventListener('abort', abort, { once: true });
  let end: WeightsWritten | undefined;
  try {
    end = await new Promise<WeightsWritten | undefined>((resolve, reject) => {
      let said: WeightsWritten | undefined;
      let failed: { readonly error: unknown } | undefined;
      worker.on('message', (message: WeightsWritten) => (said = message));
      worker.on('error', (error) => (failed ??= { error }));
      // After its last message, whatever ended it; nothing writes any more, and no file is open.
      worker.on('exit', () => (failed ? reject(failed.error) : resolve(said)));
    });
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  requireGoing(signal);
  if (end?.error) throw fromWire(end.error);
  if (!end)
    throw new AppError(
      'internal',
      'The thread that writes weights ended without an answer.',
      'Try again; if it happens again, please report it.',
    );
}
