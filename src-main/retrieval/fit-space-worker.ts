// The thread of fit-space.ts: one fit, one answer.
import { parentPort, workerData } from 'node:worker_threads';
import { toWire, type WireError } from '../../shared/errors.ts';
import { fitSpace, type SpaceKind, type SpaceOptions, type SpaceTransform } from '../evaluation/spaces.ts';

export interface FitRequest {
  readonly kind: SpaceKind;
  readonly vectors: Float32Array;
  readonly dimension: number;
  readonly options: SpaceOptions;
}
export type FitReply = { readonly ok: true; readonly space: SpaceTransform } | { readonly ok: false; readonly error: WireError };

function answer(): FitReply {
  const { kind, vectors, dimension, options } = workerData as FitRequest;
  try {
    return { ok: true, space: fitSpace(kind, vectors, dimension, options) };
  } catch (error) {
    return { ok: false, error: toWire(error) };
  }
}

parentPort?.postMessage(answer());
