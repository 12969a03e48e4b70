// Trains 200 steps in a process of its own and says, in MB, what memory is resident and what lies outside the heap after 50 and after
// 200 steps, and how large the state is. Needs --expose-gc.
import { readFileSync } from 'node:fs';
import { initialState } from '../state.ts';
import { StepRunner } from '../step-runner.ts';
import { smallPatches, smallRecord } from './small-run.ts';

const { config } = smallRecord(JSON.parse(process.argv[2]!) as Record<string, unknown>, 200);
const runner = await StepRunner.create(config, 200, { threads: 1 });
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
while (state.step < 200) {
  await runner.run(state, patches);
  if (state.step === 50) early = await memory();
}
process.stdout.write(JSON.stringify({ early, late: await memory() }));
await runner.dispose();
