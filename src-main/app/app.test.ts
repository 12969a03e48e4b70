import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MenuItemConstructorOptions } from 'electron';
import { afterAll, describe, expect, it } from 'vitest';
import type { JobStatus } from '../../shared/contract/contract-jobs.ts';
import type { RunSummary } from '../../shared/contract/contract-runs.ts';
import { viewNames } from '../../shared/contract/face.ts';
import type { MenuCommand } from '../../shared/contract/face.ts';
import { activityOf, noticesOf } from './activity.ts';
import { menuTemplate } from './menu.ts';
import { placesOf } from './places.ts';
import { fitState, readWindowState, smallest, writeWindowState } from './window-state.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-app-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the window’s state', () => {
  const file = join(folder, 'window.json');
  const area = { x: 100, y: 50, width: 1000, height: 700 };
  const screens = [
    { x: 0, y: 0, width: 1920, height: 1080 },
    { x: 1920, y: 0, width: 1280, height: 720 },
  ];

  it('comes back from its file, and nothing else stays beside it', () => {
    writeWindowState(file, { area, maximized: true });
    expect(readWindowState(file)).toEqual({ area, maximized: true });
    expect(readdirSync(folder)).toEqual(['window.json']);
  });

  it.each(['', '{', 'null', '[]', '{"area":{"x":"a"}}', '{"area":{"x":1.5,"y":0,"width":1,"height":1},"maximized":1}'])(
    'is none where the file is damaged: %s',
    (text) => {
      writeFileSync(file, text);
      expect(readWindowState(file)).toEqual({ area: undefined, maximized: false });
    },
  );

  it('is lost, not fatal, where it cannot be written', () => {
    writeWindowState(join(folder, 'no', 'such', 'folder.json'), { area, maximized: false });
    expect(readWindowState(join(folder, 'no', 'such', 'folder.json')).area).toBeUndefined();
  });

  it('fits the screens that are there', () => {
    expect(fitState({ area, maximized: true }, screens)).toEqual({ area, maximized: true });
    expect(fitState({ area: { ...area, x: 2500 }, maximized: false }, screens).area).toMatchObject({ x: 2500 });
    // The second screen was unplugged; the title is above or below every screen; hardly a corner is left.
    for (const lost of [
      { ...area, x: 2500 },
      { ...area, y: -400 },
      { ...area, y: 1070 },
      { ...area, x: -950 },
    ])
      expect(fitState({ area: lost, maximized: true }, screens.slice(0, 1))).toEqual({ area: undefined, maximized: true });
    expect(fitState({ area: { x: 0, y: 0, width: 5000, height: 10 }, maximized: false }, screens).area).toEqual({
      x: 0,
      y: 0,
      width: 1920,
      height: smallest.height,
    });
  });
});

describe('the places', () => {
  it('are the same program in the sources and in a package', () => {
    const source = placesOf('/code/ijepa', {});
    expect(source).toMatchObject({
      program: '/code/ijepa',
      page: join('/code/ijepa', 'dist', 'renderer'),
      home: join(homedir(), '.ijepa-studio'),
    });
    expect(placesOf('/code/ijepa/dist/main', {})).toEqual(source);
    const packed = placesOf('/opt/studio/resources/app.asar', { IJEPA_STUDIO_HOME: '/data/home' });
    expect(packed).toMatchObject({
      program: '/opt/studio/resources/app.asar.unpacked',
      preload: join('/opt/studio/resources/app.asar', 'dist', 'main', 'preload.cjs'),
      home: '/data/home',
    });
  });
});

const job = (given: Partial<JobStatus>): JobStatus => ({
  id: 1,
  kind: 'train',
  subject: 'Pictures-1',
  state: 'running',
  progress: { done: 30, total: 100, unit: 'steps', rate: 1 },
  detail: '',
  startedAt: 0,
  run: 'Pictures-1',
  ...given,
});
const run = (state: RunSummary['state'], name = 'Pictures-1'): RunSummary => ({
  name,
  created: '2026-01-01T00:00:00.000Z',
  note: '',
  folder: '/pictures',
  folderId: 1,
  state,
  step: 30,
  steps: 100,
  images: 10,
  imported: false,
  bytes: 0,
  bestStep: undefined,
  checkpoints: [],
});

describe('the desktop', () => {
  it('stays awake and shows progress while something goes on', () => {
    expect(activityOf([job({})], [run('training')])).toEqual({ progress: 0.3, awake: true, runs: ['Pictures-1'] });
    expect(activityOf([], [run('done'), run('failed'), run('stopped')])).toEqual({ progress: -1, awake: false, runs: [] });
    const two = [job({}), job({ id: 2, kind: 'export', progress: { done: 1, total: 10, unit: 'rows', rate: 1 } })];
    expect(activityOf(two, []).progress).toBe(0.1);
    expect(activityOf([job({ kind: 'scan', progress: { done: 5, total: 0, unit: 'images', rate: 1 } })], []).progress).toBe(2);
    expect(activityOf([job({ kind: 'self-test' }), job({ state: 'waiting' }), job({ state: 'done' })], []).awake).toBe(false);
  });

  it('may sleep while a run is paused, which an end of the program would stop all the same', () => {
    expect(activityOf([job({})], [run('paused')])).toEqual({ progress: -1, awake: false, runs: ['Pictures-1'] });
    expect(activityOf([job({})], [run('paused', 'Other-1'), run('training')])).toMatchObject({
      awake: true,
      runs: ['Other-1', 'Pictures-1'],
    });
  });

  it('tells of long work that ended while it was watched, once', () => {
    const done = job({ state: 'done', endedAt: 60_000, detail: '20-NN 41 %' });
    expect(noticesOf([job({})], [done], false)).toEqual([{ title: 'Pictures-1: training finished', body: '20-NN 41 %' }]);
    expect(noticesOf([done], [done], false)).toEqual([]);
    expect(noticesOf([], [done], true)).toEqual([]);
    expect(noticesOf([job({})], [job({ state: 'done', endedAt: 3000 })], false)).toEqual([]);
    expect(noticesOf([job({})], [job({ state: 'cancelled', endedAt: 60_000 })], false)).toEqual([]);
    const error = { code: 'disk-full', message: 'The disk is full.', hint: 'Free some space, or lower keepCheckpoints.' } as const;
    expect(noticesOf([job({})], [job({ state: 'failed', endedAt: 1, error })], false)).toEqual([
      { title: 'Pictures-1: failed', body: 'The disk is full. Free some space, or lower “Checkpoints kept”.' },
    ]);
    expect(noticesOf([], [job({ state: 'failed', endedAt: 1, error })], false)).toHaveLength(1);
    expect(noticesOf([], [job({ state: 'failed', endedAt: 1, error })], true)).toEqual([]);
  });
});

describe('the menu', () => {
  const items = (template: readonly MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
    template.flatMap((item) => [item, ...(Array.isArray(item.submenu) ? items(item.submenu) : [])]);

  it('has every view and command, each under keys of its own', () => {
    const commands: MenuCommand[] = [];
    for (const isMac of [false, true]) {
      const all = items(menuTemplate(isMac, { command: (what) => commands.push(what), openFolder: () => {}, about: () => {} }));
      const keys = all.flatMap(({ accelerator }) => (accelerator ? [accelerator] : []));
      expect(new Set(keys).size).toBe(keys.length);
      commands.length = 0;
      // Electron gives the item, the window and the event; none is used.
      for (const { click } of all) (click as (() => void) | undefined)?.();
      expect(commands.filter(({ type }) => type === 'view')).toEqual(viewNames.map((view) => ({ type: 'view', view })));
      expect(commands.map(({ type }) => type)).toEqual(expect.arrayContaining(['pause-or-continue', 'shortcuts']));
      expect(all.some(({ role }) => role === 'quit')).toBe(true);
    }
  });

  it('offers updates only where they can be had', () => {
    const actions = { command: () => {}, openFolder: () => {}, about: () => {} };
    const labels = (template: readonly MenuItemConstructorOptions[]) => items(template).map(({ label }) => label);
    expect(labels(menuTemplate(false, actions))).not.toContain('Check for updates…');
    for (const isMac of [false, true])
      expect(labels(menuTemplate(isMac, { ...actions, checkForUpdates: () => {} }))).toContain('Check for updates…');
  });
});

describe('the sources of the window', () => {
  it('lock the page in', () => {
    const source = readFileSync(join(import.meta.dirname, 'window.ts'), 'utf8');
    for (const line of ['sandbox: true', 'contextIsolation: true', 'nodeIntegration: false', 'webSecurity: true', "action: 'deny'"])
      expect(source).toContain(line);
  });
});
