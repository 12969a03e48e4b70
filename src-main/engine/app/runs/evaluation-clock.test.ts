import { describe, expect, it } from 'vitest';
import type { EvaluationProgress } from '../../../trainer/protocol.ts';
import { EvaluationClock } from './evaluation-clock.ts';

/** An evaluation of 100 pictures at 10 a second, whose figures take 60 s. */
function evaluation() {
  let seconds = 0;
  const clock = new EvaluationClock(() => seconds * 1000);
  const stages = ['this run', 'untrained network', 'raw pixels'];
  const hear = (source: number, part: EvaluationProgress['part'], done: number): void =>
    clock.hear({ type: 'progress', stage: stages[source]!, source, sources: 3, part, done, total: 300 });
  const look = (source: number, upTo = 100): void => {
    for (let done = 0; done <= upTo; done += 10) {
      hear(source, done === 100 ? 'figures' : 'pictures', 100 * source + done);
      if (done < upTo) seconds += 1;
    }
  };
  return { clock, look, wait: (more: number) => void (seconds += more) };
}

describe('the clock of an evaluation', () => {
  it('knows how far it is from the first picture on, and how long it takes once a source is measured', () => {
    const { clock, look, wait } = evaluation();
    expect(clock.progress).toEqual({ done: 0, total: 0, rate: 0 });
    look(0, 50);
    expect(clock.progress).toEqual({ done: 50, total: 300, rate: 10 });
    look(0);
    expect(clock.progress).toEqual({ done: 100, total: 300, rate: 0 });
    wait(60);
    look(1, 50);
    // Of its pictures 5 s, of its figures 60 s, and as much for raw pixels.
    expect(clock.progress).toMatchObject({ done: 150, rate: 10 });
    expect(clock.progress.secondsLeft).toBeCloseTo(125);
  });

  it('counts down while figures are worked out, and never below nothing', () => {
    const { clock, look, wait } = evaluation();
    look(0);
    wait(60);
    look(1);
    expect(clock.progress).toMatchObject({ done: 200, rate: 0 });
    expect(clock.progress.secondsLeft).toBeCloseTo(120);
    wait(45);
    expect(clock.progress.secondsLeft).toBeCloseTo(75);
    wait(100);
    expect(clock.progress.secondsLeft).toBeCloseTo(60);
    look(2);
    expect(clock.progress.secondsLeft).toBeCloseTo(60);
    wait(1000);
    expect(clock.progress).toEqual({ done: 300, total: 300, rate: 0, secondsLeft: 0 });
  });
});
