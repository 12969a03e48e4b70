import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { holdCard, isCardHeldElsewhere } from './card-lock.ts';
import { anotherHoldsCard, cardFolder } from './testing/other-program.ts';

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-card-lock-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) vi.stubEnv(name, place);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true, force: true });
});

it('a program says that it computes on the card until all of its work there is done, and does not stand in its own way', () => {
  const [first, second] = [holdCard(), holdCard()];
  expect(readdirSync(cardFolder())).toEqual([String(process.pid)]);
  expect(isCardHeldElsewhere()).toBe(false);
  first();
  first();
  expect(readdirSync(cardFolder())).toHaveLength(1);
  second();
  expect(readdirSync(cardFolder())).toEqual([]);
});

it('another program of this user is seen while it lives, and what a dead one has left is no sign of it', () => {
  expect(isCardHeldElsewhere()).toBe(false);
  const end = anotherHoldsCard();
  expect(isCardHeldElsewhere()).toBe(true);
  // Both may compute there.
  holdCard()();
  expect(isCardHeldElsewhere()).toBe(true);
  end();
  const dead = join(cardFolder(), String(2 ** 22 + 1));
  writeFileSync(dead, JSON.stringify({ ...(JSON.parse(readOwn()) as object), pid: 2 ** 22 + 1 }));
  expect(isCardHeldElsewhere()).toBe(false);
  holdCard()();
  expect(readdirSync(cardFolder())).toEqual([]);
});

it('nothing fails where there is no room for such files, or nothing may be written', () => {
  writeFileSync(cardFolder(), 'a file');
  const done = holdCard();
  expect(isCardHeldElsewhere()).toBe(false);
  expect(done).not.toThrow();
  rmSync(cardFolder());
  mkdirSync(join(cardFolder(), String(process.pid)), { recursive: true });
  expect(holdCard()).not.toThrow();
});

function readOwn(): string {
  const done = holdCard();
  const text = readFileSync(join(cardFolder(), String(process.pid)), 'utf8');
  done();
  return text;
}
