import { expect, it } from 'vitest';
import { noLabel } from '../../../shared/contract/contract-map.ts';
import type { MapView } from '../../../shared/contract/contract-map.ts';
import { chosenOf, labelCounts, nearestToMiddle } from './map-choice.ts';

const view: MapView = {
  images: Int32Array.of(10, 20, 30, 40, 50),
  places: Float32Array.of(0, 0, 1, 0, 0, 1, 1, 1, 0.4, 0.6),
  labels: ['cat', 'dog'],
  labelOf: Uint16Array.of(1, 0, noLabel, 1, 1),
  missing: 0,
};

it('labels are counted, with how many of each are selected, those without one last', () => {
  expect(labelCounts(view, new Set([10, 50, 30, 999]))).toEqual([
    { number: 0, name: 'cat', images: 1, chosen: 0 },
    { number: 1, name: 'dog', images: 3, chosen: 2 },
    { number: noLabel, name: undefined, images: 1, chosen: 1 },
  ]);
  expect(chosenOf(view, new Set([10, 999]))).toBe(1);
});

it('those nearest to the middle of a selection stand for it', () => {
  expect(nearestToMiddle(view, new Set([10, 20, 30, 40, 50]), 1)).toEqual([50]);
  expect(nearestToMiddle(view, new Set([20, 999]), 5)).toEqual([20]);
  expect(nearestToMiddle(view, new Set(), 5)).toEqual([]);
});
