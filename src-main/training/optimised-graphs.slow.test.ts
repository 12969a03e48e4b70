import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../shared/config/config.ts';
import { initialState } from './run-folder/state.ts';
import type { TrainState } from './run-folder/state.ts';
import { StepRunner } from './step-runner.ts';
import type { StepOutcome } from './step-runner.ts';
import { smallPatches, smallSettings, withTemporary } from './testing/small-run.ts';

/** The usual recipe in pieces: four graphs, of the step, of pooled contexts, of the loss over the batch and of Muon. */
const config = parseConfig({
  ...smallSettings,
  agreement: 1,
  sigreg: 0.1,
  projectorWidth: 8,
  predictionStride: 4,
  stem: 'convolutions',
  optimiser: 'muon',
});

async function train(optimised?: string): Promise<{ readonly outcomes: readonly StepOutcome[]; readonly tensors: TrainState['tensors'] }> {
  const runner = await StepRunner.create(config, 8, { threads: 1, ...(optimised !== undefined && { optimised }) });
  const state = initialState(config);
  const outcomes: StepOutcome[] = [];
  while (state.step < 3) outcomes.push(await runner.run(state, smallPatches(config, state.step)));
  await runner.dispose();
  return { outcomes, tensors: state.tensors };
}

it('trains to the same bits from graphs that were kept, that are being kept, and without', async () => {
  await withTemporary(async (folder) => {
    const plain = await train();
    const keeping = await train(folder);
    const files = readdirSync(folder);
    expect(files).toHaveLength(4);
    const contents = files.map((file) => readFileSync(join(folder, file)));
    const kept = await train(folder);
    files.forEach((file, i) => expect(readFileSync(join(folder, file)).equals(contents[i]!)).toBe(true));
    for (const found of [keeping, kept]) expect(found).toEqual(plain);
    for (const file of files) writeFileSync(join(folder, file), 'broken');
    expect(await train(folder)).toEqual(plain);
    files.forEach((file, i) => expect(readFileSync(join(folder, file)).equals(contents[i]!), file).toBe(true));
  });
});
