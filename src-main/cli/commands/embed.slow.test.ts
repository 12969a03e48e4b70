import { expect, it, vi } from 'vitest';
import type { Studio } from '../../engine/studio.ts';
import type { EmbedOptions } from '../../engine/vectors/embeddings.ts';
import type { Output } from '../output.ts';
import type { RunContext } from '../run-context.ts';
import { showEmbedding } from './embed.ts';

vi.mock('../../engine/vectors/embeddings.ts', () => ({
  // Still reads the images: the trainer has nothing to do yet, so that a stop does not reach it.
  embedFolder: async (_studio: Studio, { signal }: EmbedOptions) =>
    new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error))),
}));

it('Ctrl-C ends an embedding that the trainer does not have yet', async () => {
  const control = vi.fn();
  const say = vi.fn();
  const embedding = showEmbedding({ say } as unknown as Output, { studio: { trainer: { control } } } as unknown as RunContext);
  process.emit('SIGINT');
  await expect(embedding).rejects.toMatchObject({ code: 'cancelled', message: 'The embedding was stopped before it began.' });
  expect(control).toHaveBeenCalledWith('stop');
  expect(say).toHaveBeenCalledOnce();
});
