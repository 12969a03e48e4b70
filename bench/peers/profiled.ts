// Steps on random input with onnxruntime's profiles written, in a process of its own: a driver may crash in it.
// Parameters: JSON of the settings, device, threads, steps, the folder for the profiles.
import { join } from 'node:path';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import type { OnnxDevice } from '../../shared/devices.ts';
import { Random } from '../../shared/random.ts';
import { patchValues, tokenCount } from '../../src-main/jepa/model.ts';
import { initialState } from '../../src-main/training/run-folder/state.ts';
import { StepRunner } from '../../src-main/training/step-runner.ts';

const [settings, device, threads, steps, folder] = process.argv.slice(2) as [string, OnnxDevice, string, string, string];
const config = JSON.parse(settings) as TrainConfig;
try {
  const runner = await StepRunner.create(config, 1000, { device, threads: Number(threads), profile: join(folder, 'session') });
  const { model, batch } = runner.size;
  const random = new Random(config.seed, 'test');
  const patches = Float32Array.from({ length: batch * tokenCount(model) * patchValues(model) }, () => random.between(-1, 1));
  const state = initialState(config);
  for (let step = 0; step < Number(steps); step++) await runner.run(state, patches);
  await runner.dispose();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
