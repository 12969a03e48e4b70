import { describe, expect, it } from 'vitest';
import type { OnlineEvaluation } from '../../shared/train-events.ts';
import { collapseCosine, freshNotes, healthNotes, positionalLimit } from './health.ts';
import { decidingScore } from './scores.ts';

const evaluation = (changes: Partial<OnlineEvaluation> & { readonly score?: number } = {}): OnlineEvaluation => {
  const { score = 0.5, ...rest } = changes;
  return {
    step: 10,
    raw: { knn: 0.9 },
    centred: { knn: 0.9 },
    whitened: { knn: score },
    rankMe: 12,
    meanCosine: 0.4,
    positionalShare: 0.3,
    ...rest,
  };
};

describe('the deciding score', () => {
  it('is whitened 20-NN, else whitened crop retrieval', () => {
    expect(decidingScore(evaluation({ score: 0.25 }))).toBe(0.25);
    expect(decidingScore({ whitened: { knn: 0.25, retrieval: 0.75 } })).toBe(0.25);
    expect(decidingScore({ whitened: { retrieval: 0.75 } })).toBe(0.75);
    expect(decidingScore({ whitened: {} })).toBe(0);
  });
});

describe('health notes', () => {
  const messages = (...args: Parameters<typeof healthNotes>): string[] => healthNotes(...args).map(({ message }) => message);

  it('are silent about a healthy run', () => {
    expect(healthNotes(evaluation(), [], undefined)).toEqual([]);
    expect(healthNotes(evaluation({ meanCosine: collapseCosine, positionalShare: positionalLimit }), [], undefined)).toEqual([]);
  });

  it('tell collapse, with the figure and what to do', () => {
    const [note] = healthNotes(evaluation({ meanCosine: 0.9912 }), [], undefined);
    expect(note!.message).toContain('mean cosine 0.991');
    expect(note!.message).toContain('collapsed');
    expect(note!.hint).toContain('sigreg');
  });

  it('tell that position explains the targets, with the share', () => {
    const [note] = healthNotes(evaluation({ positionalShare: 0.853 }), [], undefined);
    expect(note!.message).toContain('85 %');
    expect(note!.hint).toContain('agreement');
  });

  it('do not blame a run for what its untrained network was already', () => {
    const untrained = evaluation({ meanCosine: 0.995, positionalShare: 0.95 });
    expect(messages(evaluation({ meanCosine: 0.99, positionalShare: 0.9 }), [], untrained)).toEqual([]);
    expect(messages(evaluation({ meanCosine: 0.999, positionalShare: 0.97 }), [], untrained).length).toBe(2);
  });

  it('tell when four evaluations brought nothing', () => {
    const with3 = [0.6, 0.55, 0.5].map((score) => evaluation({ score }));
    expect(messages(evaluation({ score: 0.5 }), with3, undefined)).toEqual([expect.stringContaining('has not risen')]);
    expect(messages(evaluation({ score: 0.51 }), with3, undefined)).toEqual([]);
    // At the end nobody needs to be told that stopping loses nothing.
    expect(messages(evaluation({ score: 0.5 }), with3, undefined, 0.1)).toEqual([]);
    expect(messages(evaluation({ score: 0.5 }), with3, undefined, 0.2)).toHaveLength(1);
    expect(messages(evaluation({ score: 0.4 }), with3.slice(1), undefined)).toEqual([]);
    // Only the last three count: an old best does not silence the note for ever.
    const rising = [0.9, 0.3, 0.35, 0.4].map((score) => evaluation({ score }));
    expect(messages(evaluation({ score: 0.45 }), rising, undefined)).toEqual([]);
  });

  it('are given once for what stays as it is, and again when it comes back', () => {
    const sick = evaluation({ meanCosine: 0.99, score: 0.1 });
    const worse = evaluation({ meanCosine: 0.995, score: 0.2 });
    const well = evaluation({ score: 0.3 });
    expect(freshNotes(sick, [], undefined).length).toBe(1);
    expect(freshNotes(worse, [sick], undefined)).toEqual([]);
    expect(freshNotes(worse, [sick, well], undefined).length).toBe(1);
    // Something new beside what is known.
    expect(freshNotes({ ...worse, positionalShare: 0.9 }, [sick], undefined)).toEqual([
      expect.objectContaining({ hint: expect.stringContaining('agreement') as unknown }),
    ]);
  });
});
