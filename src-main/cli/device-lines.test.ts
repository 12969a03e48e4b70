import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { homeAt } from '../engine/home.ts';
import type { Studio } from '../engine/studio.ts';
import { takeLock } from '../files/folder-lock.ts';
import { sayDevice } from './device-lines.ts';
import type { Output } from './output.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-device-lines-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a command looks each time whether a run of the home trains on the card now', () => {
  const home = homeAt(folder);
  const { isCardTaken } = sayDevice({} as Output, 'Embeds', { home } as Studio);
  expect(isCardTaken()).toBe(false);
  const run = join(home.runs, 'trains');
  mkdirSync(run, { recursive: true });
  writeFileSync(join(run, 'config.json'), '{}');
  const lock = takeLock(run);
  expect(isCardTaken()).toBe(true);
  lock.dispose();
  expect(isCardTaken()).toBe(false);
});

it('a command says what it uses and why with the flags of the terminal, and to a program as it is', () => {
  const [said, events]: [string[], object[]] = [[], []];
  const output = { say: (text: string) => said.push(text), event: (value: object) => events.push(value) } as unknown as Output;
  const reason = 'The processor. CUDA is not there; or train on the processor (device=cpu).';
  sayDevice(output, 'Embeds', {} as Studio).onDevice({ device: 'cpu', reason });
  expect(said).toEqual(['Embeds on: The processor. CUDA is not there; or train on the processor (--device cpu).']);
  expect(events).toEqual([{ type: 'device', device: 'cpu', reason }]);
});
