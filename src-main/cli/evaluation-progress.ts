// Runs an evaluation and shows its report; used by `evaluate` and `demo`.
import { AppError } from '../../shared/errors.ts';
import { evaluateRun, renderReport } from '../engine/evaluation/evaluation.ts';
import type { EvaluateOptions, EvaluationProgress } from '../engine/evaluation/evaluation.ts';
import type { Studio } from '../engine/studio.ts';
import { sayDevice } from './device-lines.ts';
import { exitCodes } from './exit-codes.ts';
import { interruptible } from './interrupt.ts';
import { count } from './output.ts';
import type { Output } from './output.ts';

const wordsOf = ({ stage, part, done, total }: EvaluationProgress): string =>
  part === 'pictures' ? `Measuring ${stage}: ${count(done)} of ${count(total)} pictures …` : `Measuring ${stage}: spaces and probes …`;

/** Throws `cancelled` after Ctrl-C. The trainer is killed then: it computes for minutes without looking up, and there is nothing to keep. */
export async function showEvaluation(output: Output, studio: Studio, options: EvaluateOptions): Promise<void> {
  // Before the trainer has the work there is none to kill: then the signal ends it.
  const { signal, done } = interruptible(() => studio.trainer.kill());
  // The terminal was closed: without this the trainer would go on for nobody.
  const hangUp = (): void => {
    studio.trainer.kill();
    process.exit(exitCodes.cancelled);
  };
  process.on('SIGHUP', hangUp);
  try {
    const place = sayDevice(output, 'Measures', studio, options.device);
    const report = await evaluateRun(studio, { ...options, ...place, signal }, (progress) => output.progress(wordsOf(progress)));
    output.event({ type: 'report', ...report });
    output.progress('', true);
    output.say(renderReport(report));
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new AppError('cancelled', 'The evaluation was interrupted.', 'Nothing was changed; start it again when you like.', error);
  } finally {
    process.off('SIGHUP', hangUp);
    done();
  }
}
