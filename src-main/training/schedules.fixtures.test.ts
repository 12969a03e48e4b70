import { describe, expect, it } from 'vitest';
import { readJson } from '../jepa/testing/reference-values.ts';
import { scheduleAt } from './schedules.ts';

interface Run {
  steps_per_epoch: number;
  epochs: number;
  warm_up_epochs: number;
  schedule_scale: number;
  start_learning_rate: number;
  learning_rate: number;
  final_learning_rate: number;
  weight_decay: number;
  final_weight_decay: number;
  momentum: number;
  final_momentum: number;
  values: { learning_rate: number; weight_decay: number; momentum: number }[];
}

describe("the authors' schedules", () => {
  it.each(readJson<Run[]>('schedules.json'))('over $epochs epochs, stretched by $schedule_scale', (run) => {
    const schedule = {
      length: run.schedule_scale * run.epochs * run.steps_per_epoch,
      warmupSteps: run.warm_up_epochs * run.steps_per_epoch,
      startLearningRate: run.start_learning_rate,
      learningRate: run.learning_rate,
      finalLearningRate: run.final_learning_rate,
      weightDecay: [run.weight_decay, run.final_weight_decay],
      weightDecaySchedule: 'cosine',
      momentum: [run.momentum, run.final_momentum],
    } as const;
    expect(run.values.length).toBe(run.epochs * run.steps_per_epoch);
    run.values.forEach((expected, step) => {
      const actual = scheduleAt(schedule, step);
      expect(Math.abs(actual.learningRate - expected.learning_rate)).toBeLessThan(1e-9);
      expect(Math.abs(actual.weightDecay - expected.weight_decay)).toBeLessThan(1e-9);
      expect(Math.abs(actual.momentum - expected.momentum)).toBeLessThan(1e-9);
    });
  });
});
