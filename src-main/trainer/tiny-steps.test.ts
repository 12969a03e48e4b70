// What a self-test has to have run on a device: every op that a run can ask of it.
import { expect, it } from 'vitest';
import { configTable } from '../../shared/config/config-table.ts';
import type { TrainConfig } from '../../shared/config/config-table.ts';
import { parseConfig } from '../../shared/config/config.ts';
import { presetTexts } from '../../shared/config/presets.ts';
import type { PresetName } from '../../shared/config/presets.ts';
import { suggestConfig } from '../engine/runs/suggest.ts';
import { moved, squaredNorm } from '../jepa/adamw.ts';
import { embed } from '../jepa/embedding.ts';
import { maskedViews } from '../jepa/masked-views.ts';
import { trainedParameters } from '../jepa/model.ts';
import { accumulate, couple, crossesParts, pool } from '../jepa/step.ts';
import type { Outputs } from '../jepa/step.ts';
import { encoderInputs } from '../jepa/transformer.ts';
import { reachable } from '../tensor/graph.ts';
import { untiled } from '../tensor/tiles.ts';
import { phasesOf } from '../training/plan/phases.ts';
import { possibleMicroBatches, stepSize } from '../training/plan/step-size.ts';
import { tiny } from './tiny-steps.ts';

/** What a card that keeps the state is given of the steps of a run, in one pass and in pieces, and its embeddings. */
function graphsOf(config: TrainConfig): readonly Outputs[] {
  const [whole, pieces] = [config.batchSize, possibleMicroBatches(config)[0]!].map((images) =>
    phasesOf({ ...config, microBatch: images }, 100),
  );
  const { model } = whole!.at(-1)!.size;
  const specs = trainedParameters(model);
  return untiled(() => [
    ...whole!.map(({ size, prediction }) => accumulate(size, { ...config, prediction }, 'alone')),
    ...pieces!.flatMap(({ size, prediction }) => {
      const objective = { ...config, prediction };
      return [
        accumulate(size, objective, 'carried'),
        ...(crossesParts(size, objective) ? [pool(size, objective), couple(size, objective)] : []),
      ];
    }),
    { ...moved(specs, config, undefined), squared: squaredNorm(specs) },
    { ...embed(encoderInputs('targetEncoder', model), model, 2, 'last') },
  ]);
}

/** What only an evaluation asks of a device. */
function viewsOf(config: TrainConfig): Outputs {
  const size = { ...stepSize(config), microBatch: 2, batch: 2, targetBlocks: 1, predictionStride: 1 };
  return { ...maskedViews(size, config.prediction > 0) };
}

const opsOf = (graphs: readonly Outputs[]): ReadonlySet<string> =>
  new Set(graphs.flatMap((outputs) => reachable(Object.values(outputs)).map(({ op }) => op.name)));

const tested = opsOf(graphsOf(tiny));
const untested = (config: TrainConfig): readonly string[] =>
  [...opsOf([...graphsOf(config), viewsOf(config)])].filter((op) => !tested.has(op)).toSorted();

const presets = Object.keys(presetTexts) as PresetName[];
const stems = ['convolutions', 'linear'] as const;
const suggested = (name: PresetName, stem: TrainConfig['stem']): TrainConfig =>
  parseConfig(suggestConfig({ images: 64, shortSide: 32 }, name, stem).settings);

it.each(presets.flatMap((name) => stems.map((stem) => [name, stem] as const)))(
  'The self-test has every op of preset %s with a stem of kind %s',
  (name, stem) => expect(untested(suggested(name, stem))).toEqual([]),
);

it('The self-test has every op of every other choice, and of losses that no preset has', () => {
  // The published masks are those of a preset.
  const choices = Object.entries(configTable).flatMap(([key, setting]) =>
    setting.type === 'choice' && !['preset', 'architecture', 'device', 'masking'].includes(key)
      ? setting.choices.map((choice) => ({ [key]: choice }))
      : [],
  );
  expect(choices.length).toBeGreaterThan(10);
  for (const more of [...choices, { sigreg: 0.02 }, { agreement: 0 }, { prediction: 0.5 }, { crops: 3 }])
    // Not every choice goes with smaller crops first, which presets have.
    expect(untested(parseConfig({ ...suggested('default', 'convolutions'), smallFirst: 0, ...more })), JSON.stringify(more)).toEqual([]);
});
