// Compiles a step and makes it once on random input, in a process of its own: what a device compiles only then is waited for as well.
// Parameters: JSON of the settings, device. Prints seconds as JSON.
import type { TrainConfig } from '../../shared/config/config-table.ts';
import type { DeviceId } from '../../shared/devices.ts';
import { Random } from '../../shared/random.ts';
import { patchValues, tokenCount } from '../../src-main/jepa/model.ts';
import { initialState } from '../../src-main/training/run-folder/state.ts';
import { StepRunner } from '../../src-main/training/step-runner.ts';
import type { FirstStep } from '../first-step.ts';

const [settings, device] = process.argv.slice(2) as [string, DeviceId];
const config = JSON.parse(settings) as TrainConfig;
try {
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  const runner = await StepRunner.create(config, 1000, { device, threads: config.threads });
  const compiled = seconds();
  const { model, batch } = runner.size;
  const random = new Random(config.seed, 'test');
  const patches = Float32Array.from({ length: batch * tokenCount(model) * patchValues(model) }, () => random.between(-1, 1));
  const before = seconds();
  await runner.run(initialState(config), patches);
  const found: FirstStep = { compiling: compiled, step: seconds() - before };
  await runner.dispose();
  process.stdout.write(JSON.stringify(found));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
