// What the fake engine says of a run before it begins.
import { parseConfig } from '../../shared/config/config.ts';
import type { RunPlan } from '../../shared/contract/contract-runs.ts';
import { memoryPartNames } from '../../shared/memory-parts.ts';
import type { MemoryParts } from '../../shared/memory-parts.ts';

export const sizes = {
  encoderParameters: 5_524_416,
  predictorParameters: 2_805_888,
  tokens: 196,
  contextTokens: 88,
  targetTokens: 42,
  microBatch: 16,
};

/** What the stand-in says of a run before it begins. */
/** In the order of their names. */
const inMiB = (parts: readonly number[]): MemoryParts =>
  Object.fromEntries(Object.keys(memoryPartNames).map((part, i) => [part, parts[i]! * 2 ** 20])) as unknown as MemoryParts;

export const fakePlan = (settings: Readonly<Record<string, unknown>>): RunPlan => {
  const config = parseConfig({ preset: 'default', steps: 12_000, ...settings });
  return {
    config,
    steps: config.steps || 12_000,
    images: 99_952,
    heldOut: 0,
    reason: 'A small encoder for 99,952 images of about 800 × 720 pixels: it learns overnight on 8 processor threads.',
    sizes,
    microBatch: 'All 64 images of a batch: about 1.1 GB, and NVIDIA GeForce RTX 4060 has 7.6 GB free.',
    diskBytes: 3.1 * 2 ** 30,
    diskFree: 212 * 2 ** 30,
    memoryBytes: 1.4 * 2 ** 30,
    memoryFree: 18.7 * 2 ** 30,
    memoryParts: inMiB([257, 346, 346, 180, 27, 0, 84, 194]),
    device: 'NVIDIA GeForce RTX 4060 or the processor: the faster one, which is found out when the run begins.',
    time: { secondsPerStep: 0.31, timed: false, atMost: true },
    card: { name: 'NVIDIA GeForce RTX 4060', bytes: 1.1 * 2 ** 30, free: 7.1 * 2 ** 30, parts: inMiB([257, 346, 173, 251, 9, 0, 90, 0]) },
    warnings:
      config.batchSize < 16
        ? [{ message: 'A batch of fewer than 16 images learns unsteadily.', hint: 'Use 64 where memory allows it.' }]
        : [],
  };
};
