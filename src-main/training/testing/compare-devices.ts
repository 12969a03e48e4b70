// Trains the same few steps on the CPU and on a device, in a process of its own that may die of it, goes on from both on the CPU, and says
// how they differ.
// Argument: JSON { device, cases: [settings], steps }.
import type { TrainConfig } from '../../../shared/config/config-table.ts';
import { parseConfig } from '../../../shared/config/config.ts';
import type { OnnxDevice } from '../../../shared/devices.ts';
import { Random } from '../../../shared/random.ts';
import { patchValues, tokenCount } from '../../jepa/model.ts';
import { initialState } from '../run-folder/state.ts';
import type { TrainState } from '../run-folder/state.ts';
import { StepRunner } from '../step-runner.ts';
import type { StepOutcome } from '../step-runner.ts';

export interface DeviceComparison {
  readonly cpu: readonly StepOutcome[];
  readonly device: readonly StepOutcome[];
  /** Steps after those, all on the CPU: from the CPU's state and from the device's. */
  readonly after: { readonly cpu: readonly StepOutcome[]; readonly device: readonly StepOutcome[] };
  /** Largest difference of a value of the state, over the largest change that a value of its tensor has made. */
  readonly worst: { readonly name: string; readonly difference: number };
}

const { device, cases, steps } = JSON.parse(process.argv[2]!) as {
  readonly device: OnnxDevice;
  readonly cases: readonly Record<string, unknown>[];
  readonly steps: number;
};

async function train(
  config: TrainConfig,
  on: OnnxDevice,
  state: TrainState = initialState(config),
): Promise<{ outcomes: StepOutcome[]; state: TrainState }> {
  const runner = await StepRunner.create(config, 2 * steps, { device: on, threads: 1 });
  const end = state.step + steps;
  const outcomes: StepOutcome[] = [];
  const { model, batch } = runner.size;
  while (state.step < end) {
    const random = new Random(9, 'test', state.step);
    const patches = Float32Array.from({ length: batch * tokenCount(model) * patchValues(model) }, () => random.normal());
    outcomes.push(await runner.run(state, patches));
  }
  await runner.save();
  await runner.dispose();
  return { outcomes, state };
}

const most = (a: Float32Array, b: Float32Array): number => a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i]!)), 0);

const results: DeviceComparison[] = [];
for (const settings of cases) {
  const config = parseConfig(settings);
  const [cpu, other] = [await train(config, 'cpu'), await train(config, device)];
  const before = initialState(config).tensors;
  const differences = Object.entries(cpu.state.tensors).map(([name, values]) => ({
    name,
    difference: most(values, other.state.tensors[name]!) / (most(values, before[name]!) || 1),
  }));
  const worst = differences.reduce((a, b) => (b.difference > a.difference ? b : a));
  const after = { cpu: (await train(config, 'cpu', cpu.state)).outcomes, device: (await train(config, 'cpu', other.state)).outcomes };
  results.push({ cpu: cpu.outcomes, device: other.outcomes, after, worst });
}
process.stdout.write(JSON.stringify(results));
