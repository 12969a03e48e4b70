// A few steps on random input: how long a step takes and how much memory it needs, before a run is begun.
import { readFileSync } from 'node:fs';
import { Random } from '../../shared/random.ts';
import { patchValues, tokenCount } from '../jepa/model.ts';
import { initialState } from '../training/state.ts';
import { precisionOn } from '../training/create-step-device.ts';
import { StepRunner } from '../training/step-runner.ts';
import type { JobTypes, TrialJob } from './protocol.ts';

const trialSteps = 5;

/** Peak resident memory of this process, bytes; where the system does not tell, what it holds now. */
function peakMemory(): number {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
  } catch {
    return process.memoryUsage().rss;
  }
}

export async function runTrialJob({ config, threads, device }: TrialJob): Promise<JobTypes['trial']['result']> {
  const compiling = performance.now();
  const runner = await StepRunner.create(config, 1000, { device, threads, precision: precisionOn(device, config) });
  const compileSeconds = (performance.now() - compiling) / 1000;
  const { model, batch } = runner.size;
  const random = new Random(config.seed, 'test');
  const patches = Float32Array.from({ length: batch * tokenCount(model) * patchValues(model) }, () => random.between(-1, 1));
  const state = initialState(config);
  const times: number[] = [];
  for (let i = 0; i <= trialSteps; i++) {
    const began = performance.now();
    await runner.run(state, patches);
    if (i > 0) times.push((performance.now() - began) / 1000);
  }
  await runner.dispose();
  return { seconds: times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!, compileSeconds, peakBytes: peakMemory() };
}
