import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Kills } from './kills.ts';

const run = mkdtempSync(join(tmpdir(), 'ijepa-kills-'));
afterAll(() => rmSync(run, { recursive: true, force: true }));

it('a run goes on after a kill each time that it has kept a later checkpoint since the one before, and else once', () => {
  const keep = (step: number): void => writeFileSync(join(run, 'checkpoints', `step-${step}.safetensors`), '');
  const kills = new Kills(run);
  expect([kills.mayGoOn(), kills.mayGoOn()]).toEqual([true, false]);
  mkdirSync(join(run, 'checkpoints'));
  for (const step of [5, 10]) {
    keep(step);
    expect([kills.mayGoOn(), kills.mayGoOn()]).toEqual([true, false]);
  }
  // Another start of the run counts anew.
  expect(new Kills(run).mayGoOn()).toBe(true);
});
