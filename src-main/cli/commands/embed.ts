import { AppError } from '../../../shared/errors.ts';
import { embedFolder, madeOn } from '../../engine/vectors/embeddings.ts';
import type { Embedded } from '../../engine/vectors/embeddings.ts';
import type { Action } from '../action.ts';
import { sayDevice } from '../device-lines.ts';
import { interruptible } from '../interrupt.ts';
import { count, duration } from '../output.ts';
import type { Output } from '../output.ts';
import { withScannedRun } from '../run-context.ts';
import type { RunContext } from '../run-context.ts';

/** Embeds a folder and shows it; Ctrl-C keeps what is done, and `stopped` says so. */
export async function showEmbedding(
  output: Output,
  { studio, checkpoint, root, layer, threads, device }: RunContext,
): Promise<Embedded & { readonly stopped: boolean }> {
  const { signal, done } = interruptible(
    () => {
      output.say('Stopping; what is embedded is kept. Press Ctrl-C again to end at once.');
      studio.trainer.control('stop');
    },
    () => studio.trainer.kill(),
  );
  const began = performance.now();
  try {
    const options = { checkpoint, root, layer, threads, signal, ...sayDevice(output, 'Embeds', studio, device) };
    const result = await embedFolder(studio, options, (progress) => {
      output.event(progress);
      output.progress(
        `${output.bar(progress.done / Math.max(1, progress.total))}  ${count(progress.done)}/${count(progress.total)} embedded, ${count(Math.round(progress.imagesPerSecond))} images/s`,
      );
    });
    const skipped = result.skipped > 0 ? `, ${count(result.skipped)} could not be read` : '';
    output.progress(
      `${count(result.added)} images embedded${madeOn(result.devices)} in ${duration((performance.now() - began) / 1000)}${skipped}; ${count(result.rows)} vectors in all.`,
      true,
    );
    return { ...result, stopped: signal.aborted };
  } catch (error) {
    // Before the trainer has the work there is none that could stop.
    if (error !== signal.reason) throw error;
    throw new AppError('cancelled', 'The embedding was stopped before it began.', 'Give the same command again.', error);
  } finally {
    done();
  }
}

export const embedCommand: Action = async (output, options, folder) =>
  withScannedRun(output, options, folder, async (context) => {
    const result = await showEmbedding(output, context);
    output.event({ type: 'done', ...result });
    return 0;
  });
