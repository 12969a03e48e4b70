// What the sums of memory are made of.
import { expect, it } from 'vitest';
import { namedParts, partsBeside } from '../../../shared/memory-parts.ts';
import { atOnce } from '../../files/in-pieces.ts';
import { modelSize, parameterCount, patchValues, targetParameters, tokenCount, trainedParameters } from '../../jepa/model.ts';
import { plannedConfig } from '../testing/planned-config.ts';
import { cardMemoryInPieces, memoryPlan, partsOf } from './memory-plan.ts';
import { stepSize } from './step-size.ts';

const config = plannedConfig({ threads: 1 });
const feed = { images: 1000, picture: { width: 341, height: 256 }, threads: 2 };
const sum = (parts: Readonly<Record<string, number>>): number => Object.values(parts).reduce((a, b) => a + b);

it('weights, moments, activations and batches of a run add up to what is said of it, with the others', () => {
  const size = modelSize(config);
  const trained = 4 * parameterCount(trainedParameters(size));
  const weights = trained + 4 * parameterCount(targetParameters(size));
  const plan = memoryPlan(config, feed);
  const card = atOnce(cardMemoryInPieces(config));
  for (const [parts, total] of [
    [partsOf(plan), plan.total],
    [card.parts, card.total],
  ] as const) {
    expect(sum(parts) / total).toBeCloseTo(1, 9);
    expect(parts).toMatchObject({ weights, moments: 2 * trained });
    for (const part of ['gradients', 'activations', 'evaluations'] as const) expect(parts[part], part).toBeGreaterThan(0);
  }
  // A card has one batch of a pass.
  const { microBatch, model } = stepSize(config);
  expect(card.parts.batches).toBe(4 * microBatch * tokenCount(model) * patchValues(model));
  // Threads that cut belong to the program.
  expect(partsOf(plan).program).toBe(plan.program + plan.cutting);
  expect(plan.cutting).toBeGreaterThan(0);
  expect(partsOf(plan).pictures).toBe(plan.pictures);
});

it('what there is none of is not named', () => {
  const [processor, card] = [partsOf(memoryPlan(config)), atOnce(cardMemoryInPieces(config)).parts];
  const [weights, moments] = ['Weights of the networks', 'Moments of the optimiser'];
  expect(namedParts(card).map(({ name }) => name)).not.toContain('The program itself');
  expect(namedParts(processor).map(({ name }) => name)).not.toContain('Pictures to cut crops from');
  expect(partsBeside(processor, card).slice(0, 2)).toEqual([
    { name: weights, processor: processor.weights, card: card.weights },
    { name: moments, processor: processor.moments, card: card.moments },
  ]);
  expect(partsBeside(processor, card).at(-1)).toEqual({ name: 'The program itself', processor: processor.program, card: 0 });
  expect(partsBeside(processor)).toHaveLength(namedParts(processor).length);
});
