// The step on devices to which all arrays cross. None of the graphs for a card needs one to be looked at: here the CPU computes them.
import { afterEach, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../shared/config/config.ts';
import type { OnnxDevice } from '../../../shared/devices.ts';
import { OnnxSession } from '../../runtime/onnx-session.ts';
import { reachable } from '../../tensor/graph.ts';
import { initialState } from '../run-folder/state.ts';
import { StepRunner } from '../step-runner.ts';
import type { StepOutcome } from '../step-runner.ts';
import { smallPatches, smallSettings } from '../testing/small-run.ts';

afterEach(() => void vi.restoreAllMocks());

// Hidden layers of contexts are larger than a tile, 131,072 values.
const config = parseConfig({
  ...smallSettings,
  imageSize: 32,
  width: 64,
  mlpRatio: 4,
  batchSize: 48,
  microBatch: 24,
  agreement: 1,
  optimiser: 'muon',
});

/** Two steps, and how many nodes the largest graph has that is compiled for them. */
async function trainedOn(device: OnnxDevice): Promise<{ readonly outcomes: readonly StepOutcome[]; readonly nodes: number }> {
  const compile = OnnxSession.compile.bind(OnnxSession);
  let nodes = 0;
  vi.spyOn(OnnxSession, 'compile').mockImplementation(async (outputs, options, lowering) => {
    expect(options?.device).toBe(device);
    nodes = Math.max(nodes, reachable(Object.values(outputs)).length);
    return compile(outputs, { ...options, device: 'cpu' }, lowering);
  });
  const runner = await StepRunner.create(config, 4, { device, threads: 1 });
  const state = initialState(config);
  const outcomes: StepOutcome[] = [];
  for (let step = 0; step < 2; step++) outcomes.push(await runner.run(state, smallPatches(config, step)));
  await runner.dispose();
  vi.restoreAllMocks();
  return { outcomes, nodes };
}

it.each(['cuda', 'dml', 'coreml'] as const)('on %s is not cut into tiles, and has the losses of the processor', async (device) => {
  const [processor, card] = [await trainedOn('cpu'), await trainedOn(device)];
  expect(card.nodes).toBeLessThan(processor.nodes);
  for (const [step, { loss, gradientNorm }] of processor.outcomes.entries()) {
    expect(card.outcomes[step]!.loss / loss).toBeCloseTo(1, 5);
    expect(card.outcomes[step]!.gradientNorm / gradientNorm).toBeCloseTo(1, 5);
  }
});
