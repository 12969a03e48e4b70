import { expect, it } from 'vitest';
import type { EvaluationImage } from '../../evaluation/evaluation-image.ts';
import { labelFingerprint } from './label-fingerprint.ts';

const image = (hash: string, label?: string, split?: 'train' | 'test'): EvaluationImage => ({ path: `/a/${hash}`, hash, label, split });

it('differs with every label and split, and not with the place of the folder', () => {
  const images = [image('00', 'cat', 'train'), image('01', undefined, 'test'), image('02', 'train')];
  const print = labelFingerprint(images);
  expect(print).toMatch(/^[0-9a-f]{64}$/);
  expect(labelFingerprint(images.map((one) => ({ ...one, path: `/b/${one.hash}` })))).toBe(print);
  const others = [
    [image('00', 'dog', 'train'), ...images.slice(1)],
    [image('00', 'cat', 'test'), ...images.slice(1)],
    [image('00', 'cat'), ...images.slice(1)],
    [...images.slice(0, 2), image('02', undefined, 'train')],
    [...images.slice(0, 2), image('03', 'train')],
    images.slice(0, 2),
  ].map(labelFingerprint);
  expect(new Set([print, ...others]).size).toBe(others.length + 1);
});
