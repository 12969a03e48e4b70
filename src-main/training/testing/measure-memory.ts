// Trains some steps in a process of its own and says, in MB, what memory is resident and what lies outside the heap after a quarter of
// them and after all, and how large the state is. Needs --expose-gc. Arguments: settings as JSON, device, steps.
import { readFileSync } from 'node:fs';
import type { DeviceId } from '../../../shared/devices.ts';
import { initialState } from '../run-folder/state.ts';
import { StepRunner } from '../step-runner.ts';
import { smallPatches, smallRecord } from './small-run.ts';

const steps = Number(process.argv[4] ?? 200);
const { config } = smallRecord(JSON.parse(process.argv[2]!) as Record<string, unknown>, steps);
const device = (process.argv[3] ?? 'cpu') as DeviceId;
const runner = await StepRunner.create(config, steps, { device, threads: 1 });
const state = initialState(config);

const patches = smallPatches(config, 0);
const stateBytes = Object.values(state.tensors).reduce((sum, { byteLength }) => sum + byteLength, 0);

async function memory(): Promise<{ readonly resident: number; readonly external: number; readonly state: number }> {
  for (let i = 0; i < 3; i++) {
    gc!();
    await new Promise((resolve) => setImmediate(resolve)); // finalisers run between two tasks
  }
  return {
    resident: Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) / 1024,
    external: process.memoryUsage().external / 1e6,
    state: stateBytes / 1e6,
  };
}

let early = await memory();
while (state.step < steps) {
  await runner.run(state, patches);
  if (state.step === Math.floor(steps / 4)) early = await memory();
}
process.stdout.write(JSON.stringify({ early, late: await memory() }));
await runner.dispose();
