import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TrainEvent } from '../../../shared/train-events.ts';
import { logPath, readEvents } from './run-log.ts';

let run = '';
beforeEach(() => (run = mkdtempSync(join(tmpdir(), 'run-log-'))));
afterEach(() => rmSync(run, { recursive: true, force: true }));

const time = '2026-01-01T00:00:00.000Z';
const scores = { raw: {}, centred: {}, whitened: { knn: 0.5 }, rankMe: 3, meanCosine: 0.1, positionalShare: 0.2 };
const evaluation = (step: number): TrainEvent => ({ type: 'evaluation', best: step % 2 === 0, step, ...scores });
const checkpoint = (step: number): TrainEvent => ({ type: 'checkpoint', step, file: `größer/${step}`, best: false });
/** Holds the words by which types are found, as a text of its own. */
const note = (step: number): TrainEvent => ({ type: 'note', step, message: '{"type":"evaluation","step":', hint: 'x'.repeat(300) });

const stepOf = (event: TrainEvent): number => ('step' in event ? event.step : -1);

function write(events: readonly TrainEvent[], end = ''): void {
  writeFileSync(logPath(run), `${events.map((event) => `${JSON.stringify({ time, ...event })}\n`).join('')}${end}`);
}
/** About 5 MB, so that lines lie across the borders of several pieces. */
const many = Array.from({ length: 15_000 }, (_, i) => (i % 100 === 8 ? evaluation(i) : i % 3 === 0 ? checkpoint(i) : note(i)));

it('reads a log of many pieces whole, in order', () => {
  write(many);
  expect([...readEvents(run)].every((event, i) => stepOf(event) === i && event.time === time)).toBe(true);
  expect([...readEvents(run)]).toHaveLength(many.length);
});

it('finds events of some types among the others, those of several types in their order', () => {
  write(many);
  const wanted = (...types: readonly string[]): number[] => many.filter(({ type }) => types.includes(type)).map(stepOf);
  expect(Array.from(readEvents(run, 'evaluation'), ({ step }) => step)).toEqual(wanted('evaluation'));
  expect([...readEvents(run, 'evaluation')].findLast(({ best }) => best)).toMatchObject({ step: 14_908 });
  expect(Array.from(readEvents(run, 'checkpoint', 'evaluation'), ({ step }) => step)).toEqual(wanted('checkpoint', 'evaluation'));
  expect([...readEvents(run, 'finished')]).toEqual([]);
});

it('leaves out a line that a crash tore, with or without its end, and reads a line longer than a piece', () => {
  const long: TrainEvent = { type: 'note', step: 1, message: 'y'.repeat(3 << 20), hint: '' };
  write([long, evaluation(2)], '{"time":"2026","type":"evaluation","st');
  expect(Array.from(readEvents(run), stepOf)).toEqual([1, 2]);
  expect(Array.from(readEvents(run, 'evaluation'), ({ step }) => step)).toEqual([2]);
  write([evaluation(2)], JSON.stringify({ time, ...evaluation(3) }));
  expect(Array.from(readEvents(run, 'evaluation'), ({ step }) => step)).toEqual([2, 3]);
});

it('reads nothing where there is no log', () => {
  expect([...readEvents(run)]).toEqual([]);
  mkdirSync(join(run, 'empty'));
  writeFileSync(logPath(join(run, 'empty')), '');
  expect([...readEvents(join(run, 'empty'), 'step')]).toEqual([]);
});

it('stops reading when its reader has seen enough', () => {
  write(many);
  for (const event of readEvents(run)) {
    expect(stepOf(event)).toBe(0);
    break;
  }
});
