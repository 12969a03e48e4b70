import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { homeAt } from '../engine/home.ts';
import { nextCommands } from './run-result.ts';

it('names the run in the commands only where another one would be meant', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ijepa-next-'));
  try {
    const home = homeAt(folder);
    for (const [i, name] of ['old run', 'new'].entries()) {
      mkdirSync(join(home.runs, name), { recursive: true });
      writeFileSync(join(home.runs, name, 'config.json'), JSON.stringify({ created: `2026-01-0${i + 1}T00:00:00Z` }));
    }
    expect(nextCommands(home, 'new', true)).toEqual([
      'Evaluate (new queries):  ijepa-studio evaluate',
      'Compute the vectors:     ijepa-studio embed',
      'Then find look-alikes:   ijepa-studio search --image FILE',
    ]);
    expect(nextCommands(home, 'old run', false, '/tmp/my home')[0]).toBe(
      'Go on where it stopped:  ijepa-studio train --resume --run "old run" --home "/tmp/my home"',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
