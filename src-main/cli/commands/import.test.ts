import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { fixturesFolder } from '../../jepa/testing/reference-values.ts';
import { withTemporary } from '../../training/testing/small-run.ts';
import { Output } from '../output.ts';
import { importCommand } from './import.ts';

it('says a next command that means this run, whatever its name and its home', () =>
  withTemporary(async (folder) => {
    const output = new Output(false);
    const said: string[] = [];
    vi.spyOn(output, 'say').mockImplementation((text) => void said.push(text));
    const home = join(folder, 'my home');
    expect(await importCommand(output, { run: 'their weights', home }, join(fixturesFolder, 'huggingface'))).toBe(0);
    expect(said.at(-1)).toMatch(/embed FOLDER --run "their weights" --home ".*my home"$/);
  }));
