import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { homeAt } from '../../engine/home.ts';
import { importWeights } from '../../engine/runs/import-weights.ts';
import { fixturesFolder } from '../../jepa/testing/reference-values.ts';
import { withTemporary } from '../../training/testing/small-run.ts';
import { Output } from '../output.ts';
import { exportCommand } from './export.ts';

it('weights need neither a folder of images nor a catalogue', () =>
  withTemporary(async (folder) => {
    const home = join(folder, 'home');
    importWeights(homeAt(home), join(fixturesFolder, 'huggingface'), { name: 'theirs' });
    const target = join(folder, 'weights');
    const output = new Output(true);
    vi.spyOn(output, 'event').mockImplementation(() => {});
    const exported = async (format: string, ...operands: readonly string[]): Promise<number> =>
      exportCommand(output, { home, format, space: 'raw', neighbors: '0' }, ...operands);
    expect(await exported('safetensors', target)).toBe(0);
    expect(readdirSync(target).toSorted()).toEqual(['manifest.json', 'model.safetensors']);
    expect(readdirSync(home)).toEqual(['runs']);
    // It comes as far as the target, whichever images are named.
    await expect(exported('onnx', join(folder, 'nowhere'), join(target, 'manifest.json'))).rejects.toThrow('is a file');
    await expect(exported('npy,onnx', target)).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringContaining('imported') as unknown,
    });
    await expect(exported('npy', folder, target)).rejects.toMatchObject({ code: 'not-found' });
  }));
