import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { cardFolder, holdCard, isCardHeldElsewhere } from './card-lock.ts';
import { anotherHoldsCard } from './testing/other-program.ts';

let place = '';
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'ijepa-card-lock-'));
  vi.stubEnv('IJEPA_STUDIO_CARDS', join(place, 'cards'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(place, { recursive: true, force: true });
});

it('a program says that it computes on the card until all of its work there is done, and does not stand in its own way', () => {
  const [first, second] = [holdCard(), holdCard()];
  expect(readdirSync(cardFolder())).toEqual([`${process.pid}-works`]);
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
  const dead = join(cardFolder(), `${2 ** 22 + 1}-works`);
  writeFileSync(dead, JSON.stringify({ ...(JSON.parse(readOwn()) as object), pid: 2 ** 22 + 1 }));
  expect(isCardHeldElsewhere()).toBe(false);
  holdCard()();
  expect(readdirSync(cardFolder())).toEqual([]);
});

it('a test of seconds is told from work that nobody may disturb', () => {
  const [work, test] = [holdCard(), holdCard('measures')];
  expect(readdirSync(cardFolder()).toSorted()).toEqual([`${process.pid}-measures`, `${process.pid}-works`]);
  work();
  expect(readdirSync(cardFolder())).toEqual([`${process.pid}-measures`]);
  test();
  const end = anotherHoldsCard('measures');
  expect([isCardHeldElsewhere(), isCardHeldElsewhere('works')]).toEqual([true, false]);
  const endWork = anotherHoldsCard();
  end();
  expect([isCardHeldElsewhere(), isCardHeldElsewhere('works')]).toEqual([true, true]);
  endWork();
});

it('what another program does there for this one is not in its way, and what it does for a third one is', () => {
  const end = anotherHoldsCard('works', process.pid);
  expect([isCardHeldElsewhere(), isCardHeldElsewhere('works')]).toEqual([false, false]);
  end();
  const endOther = anotherHoldsCard('works', process.ppid);
  expect(isCardHeldElsewhere()).toBe(true);
  endOther();
  // One that had the number of this one before.
  const endFormer = anotherHoldsCard('works', process.pid);
  const file = join(cardFolder(), readdirSync(cardFolder())[0]!);
  const mark = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...mark, worksFor: { pid: process.pid, started: 1 } }));
  expect(isCardHeldElsewhere()).toBe(true);
  endFormer();
});

it('is in a folder that all programs of the user find, unless the environment names another', () => {
  vi.stubEnv('IJEPA_STUDIO_CARDS', undefined);
  expect(cardFolder()).toMatch(/ijepa-studio-card-/);
  expect(cardFolder().startsWith(tmpdir())).toBe(true);
});

it('nothing fails where there is no room for such files, or nothing may be written', () => {
  writeFileSync(cardFolder(), 'a file');
  const done = holdCard();
  expect(isCardHeldElsewhere()).toBe(false);
  expect(done).not.toThrow();
  rmSync(cardFolder());
  mkdirSync(join(cardFolder(), `${process.pid}-works`), { recursive: true });
  expect(holdCard()).not.toThrow();
});

function readOwn(): string {
  const done = holdCard();
  const text = readFileSync(join(cardFolder(), `${process.pid}-works`), 'utf8');
  done();
  return text;
}
