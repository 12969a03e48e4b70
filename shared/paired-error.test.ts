import { expect, it } from 'vitest';
import { packAnswers, pairedError, unpackAnswers } from './paired-error.ts';
import { Random } from './random.ts';
import { differenceError } from './run-verdict.ts';

/** Answers that are both right, right only with the one, only with the other, both wrong. */
function table(both: number, first: number, second: number, neither: number): readonly [Float64Array, Float64Array] {
  const fill = (...parts: readonly (readonly [number, number])[]): Float64Array =>
    Float64Array.from(parts.flatMap(([times, value]) => Array<number>(times).fill(value)));
  return [fill([both + first, 1], [second + neither, 0]), fill([both, 1], [first, 0], [second, 1], [neither, 0])];
}

it('is the error of matched proportions with half an answer more in each cell', () => {
  const [first, second, n] = [20.5, 10.5, 202];
  expect(pairedError(...table(80, 20, 10, 90))).toBeCloseTo(Math.sqrt(first + second - (first - second) ** 2 / n) / n, 14);
  // It calls five differences of fifty images, all for the one, hardly clear, as the exact test does (one chance in sixteen).
  expect((2 * pairedError(...table(25, 5, 0, 20))) / 0.1).toBeGreaterThan(0.9);
  expect(pairedError(...table(3, 0, 0, 2))).toBeGreaterThan(0);
  expect(() => pairedError(new Float64Array(2), new Float64Array(3))).toThrow('2 answers beside 3.');
});

it('is how far repeated experiments scatter, and less than that of independent answers', () => {
  const random = new Random(1, 'test', 0);
  const n = 300;
  const [differences, errors]: [number[], number[]] = [[], []];
  for (let trial = 0; trial < 400; trial++) {
    // Two answers to a question of some difficulty that both meet.
    const hard = Float64Array.from({ length: n }, () => random.between(0, 1));
    const answers = (skill: number): Float64Array => hard.map((one) => Number(random.between(0, 0.4) + skill > one));
    const [a, b] = [answers(0.5), answers(0.4)];
    const mean = (values: Float64Array): number => values.reduce((total, value) => total + value, 0) / n;
    differences.push(mean(a) - mean(b));
    errors.push(pairedError(a, b));
    if (trial === 0) expect(pairedError(a, b)).toBeLessThan(0.9 * differenceError(mean(a), mean(b), n));
  }
  const average = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length;
  const centre = average(differences);
  const scatter = Math.sqrt(average(differences.map((one) => (one - centre) ** 2)));
  expect(average(errors) / scatter).toBeGreaterThan(0.9);
  expect(average(errors) / scatter).toBeLessThan(1.1);
});

it('is written as a text and read again', () => {
  const random = new Random(2, 'test', 0);
  for (let count = 0; count < 40; count++) {
    const answers = Float64Array.from({ length: count }, () => random.integer(2));
    const text = packAnswers(answers);
    expect(text).toMatch(/^[0-9a-f]*$/);
    expect(unpackAnswers(text, count)).toEqual(answers);
    expect(unpackAnswers(text, count + 4)).toBeUndefined();
  }
});

it('is written in halves where an image is asked twice', () => {
  const random = new Random(3, 'test', 0);
  for (let count = 1; count < 40; count++) {
    const answers = Float64Array.from({ length: count }, (_, i) => (i === 0 ? 0.5 : random.integer(3) / 2));
    const text = packAnswers(answers);
    expect(unpackAnswers(text, count)).toEqual(answers);
    expect([count - 2, count + 2].map((other) => unpackAnswers(text, other))).toEqual([undefined, undefined]);
  }
  // Chance among equals gives others: the nearest half.
  expect(unpackAnswers(packAnswers(Float64Array.of(0.01, 0.3, 0.7, 0.9, 1)), 5)).toEqual(Float64Array.of(0, 0.5, 0.5, 1, 1));
});

it('is read from logs that hold four answers a digit', () => {
  expect(unpackAnswers('b1', 5)).toEqual(Float64Array.of(1, 1, 0, 1, 1));
});
