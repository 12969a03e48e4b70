import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { homeAt } from '../../engine/home.ts';
import { modelFolder, publishedModels } from '../../engine/runs/fetch-model.ts';
import { importWeights } from '../../engine/runs/import-weights.ts';
import { fixturesFolder } from '../../jepa/testing/reference-values.ts';
import { withTemporary } from '../../training/testing/small-run.ts';
import { Output } from '../output.ts';
import { modelsCommand } from './models.ts';

it('takes no run for a model that was not made of it, and tells machines of one that was', () =>
  withTemporary(async (folder) => {
    const home = homeAt(folder);
    const model = publishedModels[0]!;
    const output = new Output(true);
    const events: unknown[] = [];
    vi.spyOn(output, 'event').mockImplementation((event) => void events.push(event));
    const fetched = async (run: string): Promise<number> => modelsCommand(output, { home: folder, run, acceptLicence: true }, model.name);

    importWeights(home, join(fixturesFolder, 'huggingface'), { name: 'another' });
    await expect(fetched('another')).rejects.toMatchObject({ code: 'bad-input', message: expect.stringContaining('another') as unknown });
    expect(events).toEqual([]);

    const files = modelFolder(home, model);
    cpSync(join(fixturesFolder, 'huggingface'), files, { recursive: true });
    const { run, notes } = importWeights(home, files, { name: 'the model' });
    rmSync(files, { recursive: true });
    expect(await fetched('the model')).toBe(0);
    expect(events).toEqual([{ type: 'imported', run, name: 'the model', notes }]);
    rmSync(join(run, 'checkpoints'), { recursive: true });
    await expect(fetched('the model')).rejects.toMatchObject({ code: 'bad-input' });
  }));
