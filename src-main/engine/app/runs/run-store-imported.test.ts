import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fixturesFolder } from '../../../jepa/testing/reference-values.ts';
import { withTemporary } from '../../../training/testing/small-run.ts';
import { importWeights } from '../../runs/import-weights.ts';
import { Studio } from '../../studio.ts';
import { RunStore } from './run-store.ts';

it('says of imported weights that are not there that they are not, and what to do', () =>
  withTemporary(async (home) => {
    const studio = new Studio({ home });
    try {
      const { run } = importWeights(studio.home, join(fixturesFolder, 'huggingface'), { name: 'theirs' });
      const store = new RunStore(studio);
      const whole = await store.summary('theirs');
      expect([whole.state, whole.problem]).toEqual(['done', undefined]);
      rmSync(join(run, 'checkpoints'), { recursive: true });
      expect(await store.summary('theirs')).toMatchObject({
        state: 'failed',
        problem: expect.stringContaining('import them again') as unknown,
      });
    } finally {
      await studio.dispose();
    }
  }));
