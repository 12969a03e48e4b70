import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { takeLock } from '../files/folder-lock.ts';
import { anotherHoldsCard } from '../files/testing/other-program.ts';
import { logPath } from '../training/run-folder/run-log.ts';
import { freshRunName, hasRunOnCard, homeAt, newRunPath, runNames, runsInUse } from './home.ts';
import { describeHome } from './inspect.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa home '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

describe('the home', () => {
  it('is the one given, else of the environment, else the usual one; an empty text is none of them', () => {
    vi.stubEnv('IJEPA_STUDIO_HOME', join(folder, 'from environment'));
    expect(homeAt(folder).path).toBe(folder);
    expect(homeAt().path).toBe(join(folder, 'from environment'));
    expect(homeAt('').path).toBe(join(folder, 'from environment'));
    vi.stubEnv('IJEPA_STUDIO_HOME', '');
    expect(homeAt().path).toBe(join(homedir(), '.ijepa-studio'));
  });

  it('knows which runs are worked on now', () => {
    const home = homeAt(join(folder, 'in use'));
    expect(runsInUse(home)).toEqual([]);
    for (const name of ['rests', 'trains']) {
      mkdirSync(join(home.runs, name), { recursive: true });
      writeFileSync(join(home.runs, name, 'config.json'), '{}');
    }
    const lock = takeLock(join(home.runs, 'trains'));
    expect(runsInUse(home)).toEqual(['trains']);
    lock.dispose();
    expect(runsInUse(home)).toEqual([]);
  });

  it('knows whether one of them trains on a graphics card, or may be about to', () => {
    const home = homeAt(join(folder, 'on a card'));
    const run = join(home.runs, 'trains');
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'config.json'), '{}');
    expect(hasRunOnCard(home)).toBe(false);
    const lock = takeLock(run);
    // Before it has said what it trains on.
    expect(hasRunOnCard(home)).toBe(true);
    for (const [device, isOnCard] of [
      ['webgpu', true],
      ['cpu', false],
      ['cuda', true],
    ] as const) {
      appendFileSync(logPath(run), `${JSON.stringify({ type: 'started', device })}\n`);
      expect(hasRunOnCard(home)).toBe(isOnCard);
    }
    lock.dispose();
    expect(hasRunOnCard(home)).toBe(false);
  });

  it('has its card taken by a run of another home, too', () => {
    vi.stubEnv('IJEPA_STUDIO_CARDS', join(folder, 'cards'));
    const home = homeAt(join(folder, 'beside'));
    expect(hasRunOnCard(home)).toBe(false);
    const end = anotherHoldsCard();
    expect(hasRunOnCard(home)).toBe(true);
    end();
    // A test of seconds keeps nobody away.
    const endTest = anotherHoldsCard('measures');
    expect(hasRunOnCard(home)).toBe(false);
    endTest();
  });

  it('orders runs by when they were made, not by when their file was last written', () => {
    const home = homeAt(join(folder, 'ordered'));
    const make = (name: string, record: string, modified: number): void => {
      mkdirSync(join(home.runs, name), { recursive: true });
      const file = join(home.runs, name, 'config.json');
      writeFileSync(file, record);
      utimesSync(file, modified, modified);
    };
    make('old', '{"created":"2026-01-01T00:00:00Z"}', 2_000_000_000);
    make('new', '{"created":"2026-02-01T00:00:00Z"}', 1_000_000_000);
    make('torn', '{"crea', 1_000_000_000);
    // What a file manager calls a copy, and what other systems refuse: with the app such a run has no name to be asked for by.
    if (process.platform !== 'win32')
      for (const odd of ['old (copy).', '12:30 run']) make(odd, '{"created":"2026-03-01T00:00:00Z"}', 1_000_000_000);
    expect(runNames(home)).toEqual(['torn', 'old', 'new']);
    expect(describeHome(home).damaged.map(({ name }) => name)).toContain('torn');
  });

  it('takes as the name of a run only what is a folder name on every system', () => {
    const home = homeAt(folder);
    for (const name of ['', '.', '..', '../out', 'a/b', 'a\\b', 'C:x', 'why?', 'dot.', 'tab\t', 'x'.repeat(101)])
      expect(() => newRunPath(home, name)).toThrow(AppError);
    for (const name of ['Ferien 2024', 'птицы-1', 'a.b_c']) expect(newRunPath(home, name)).toBe(join(home.runs, name));
    expect(newRunPath(home, freshRunName(home, '/'))).toBe(join(home.runs, 'run-1'));
  });
});
