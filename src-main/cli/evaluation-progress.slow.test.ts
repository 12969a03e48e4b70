import { expect, it, vi } from 'vitest';
import type { EvaluateOptions } from '../engine/evaluation/evaluation.ts';
import type { Studio } from '../engine/studio.ts';
import { showEvaluation } from './evaluation-progress.ts';
import type { Output } from './output.ts';

const asked = vi.hoisted(() => ({ signal: undefined as AbortSignal | undefined }));
vi.mock('../engine/evaluation/evaluation.ts', () => ({
  // Still reads the images: the trainer has nothing to do yet, so that nothing ends with it.
  evaluateRun: async (_studio: Studio, { signal }: EvaluateOptions) => {
    asked.signal = signal;
    return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
  },
}));

it('Ctrl-C ends an evaluation that the trainer does not have yet', async () => {
  const kill = vi.fn();
  const studio = { trainer: { kill } } as unknown as Studio;
  const evaluation = showEvaluation({} as Output, studio, {} as EvaluateOptions);
  process.emit('SIGINT');
  await expect(evaluation).rejects.toMatchObject({ code: 'cancelled', message: 'The evaluation was interrupted.' });
  expect(kill).toHaveBeenCalledOnce();
});
