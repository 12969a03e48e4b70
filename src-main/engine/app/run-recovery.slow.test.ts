// An engine begins over whatever an earlier one, a full disk or a person has left among the runs.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { changeAppFile, readAppFile } from '../../training/run-folder/app-file.ts';
import { RunFolder } from '../../training/run-folder/run-folder.ts';
import { smallRecord } from '../../training/testing/small-run.ts';
import type { Engine } from './engine.ts';
import { RunStore } from './runs/run-store.ts';
import { openEngine } from './testing/open-engine.ts';
import type { Page } from './testing/open-engine.ts';

let [home, runs] = ['', ''];
let engine: Engine | undefined;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ijepa-recovery-'));
  runs = join(home, 'runs');
  for (const name of ['damaged', 'whole']) {
    RunFolder.create(join(runs, name), { ...smallRecord(), name, folder: join(home, 'nowhere') }).dispose();
    changeAppFile(join(runs, name), { active: { usable: false, deaths: 0 } });
  }
  writeFileSync(join(runs, 'damaged', 'config.json'), '{"version":1,');
});
afterEach(async () => {
  await engine?.dispose();
  rmSync(home, { recursive: true, force: true });
});

function open(): Page {
  const opened = openEngine(home, { resumeInterrupted: true });
  ({ engine } = opened);
  return opened.page;
}

it('goes on with every run that can be gone on with, and says of the others why they are not', async () => {
  const page = open();
  expect(
    engine!.context.jobs
      .list()
      .filter(({ kind }) => kind === 'train')
      .map(({ run }) => run),
  ).toEqual(['whole']);
  const listed = await page.call('runs.list', {});
  expect(listed.find(({ name }) => name === 'damaged')).toMatchObject({ state: 'failed', problem: expect.any(String) as unknown });
  expect(readAppFile(join(runs, 'damaged'))).toMatchObject({ problem: expect.any(String) as unknown });
  expect(readAppFile(join(runs, 'damaged')).active).toBeUndefined();
});

it('says of a run that is under way what its record says now', async () => {
  open();
  const store = new RunStore(engine!.context.studio);
  const active = { state: 'preparing', step: 0 } as const;
  expect(await store.summary('whole', active)).toMatchObject({ images: 40, steps: 8 });
  // As `settleRun` writes it once the scan has found more.
  writeFileSync(join(runs, 'whole', 'config.json'), JSON.stringify({ ...smallRecord({}, 1200), images: 4100 }, null, 2));
  expect(await store.summary('whole', active)).toMatchObject({ images: 4100, steps: 1200 });
});

it.skipIf(process.platform === 'win32')('opens beside folders that no run can be called', async () => {
  for (const name of ['whole (copy).', '12:30 run']) cpSync(join(runs, 'whole'), join(runs, name), { recursive: true });
  mkdirSync(join(runs, 'empty.'));
  const listed = await open().call('runs.list', {});
  expect(listed.map(({ name }) => name).toSorted()).toEqual(['damaged', 'whole']);
});
