// The package itself, made and started far from the sources: nothing of them can be found by chance. Half a minute and half a gigabyte,
// so that it runs only when it is asked for (IJEPA_LONG=1), where an Electron and a virtual screen are.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import type { ElectronApplication, Page } from 'playwright';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InputOf, OutputOf } from '../../../shared/contract/channel.ts';
import type { AppContract } from '../../../shared/contract/contract.ts';
import type { WindowBridge } from '../../../shared/contract/face.ts';
import { isRunning, until } from '../../trainer/testing/processes.ts';
import { canOpenWindows, electronFolder, engineOf, openScreen, openWindow, root } from '../testing/open-window.ts';
import type { VirtualScreen } from '../testing/open-window.ts';

const canRun = process.env['IJEPA_LONG'] === '1' && canOpenWindows;

let folder: string;
let screen: VirtualScreen;
let app: ElectronApplication;
let page: Page;

/** A call of the page's own face, on a connection of its own. */
async function call<K extends keyof AppContract>(channel: K, input: InputOf<AppContract[K]>): Promise<OutputOf<AppContract[K]>> {
  const answer = await page.evaluate(
    async ([name, given]) =>
      new Promise((resolve, reject) => {
        const port = (globalThis as unknown as { studioWindow: WindowBridge }).studioWindow.connect();
        port.onMessage((message) => {
          if (message.type === 'engine' && message.state === 'ready') port.send({ type: 'call', id: 1, channel: name, input: given });
          else if (message.type === 'engine' && message.state === 'ended') reject(new Error(message.reason));
          else if (message.type === 'ok') resolve(message.output);
          else if (message.type === 'fail') reject(new Error(`${message.error.message} ${message.error.hint}`));
        });
      }),
    [channel, input] as const,
  );
  return answer as OutputOf<AppContract[K]>;
}

describe.skipIf(!canRun)('the package', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ijepa-package-'));
    const version = readFileSync(join(electronFolder, 'version'), 'utf8').trim().replace(/^v/, '');
    const settings = [`-c.electronDist=${electronFolder}`, `-c.electronVersion=${version}`, `-c.directories.output=${folder}`];
    const builder = join(root, 'node_modules', '.bin', 'electron-builder');
    const made = spawnSync(builder, ['--dir', '--publish', 'never', '--config', 'electron-builder.test.yml', ...settings], {
      cwd: root,
      encoding: 'utf8',
    });
    if (made.status !== 0) throw new Error(made.stdout + made.stderr);
    screen = await openScreen();
    ({ app, page } = await openWindow(screen, folder, { executable: join(folder, 'linux-unpacked', 'ijepa-studio') }));
  }, 170_000);
  afterAll(async () => {
    screen?.close();
    if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('has its fuses burnt in, and no more than half a gigabyte', async () => {
    const program = join(folder, 'linux-unpacked');
    const wire = await getCurrentFuseWire(join(program, 'ijepa-studio'));
    expect(wire[FuseV1Options.RunAsNode]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.EnableNodeOptionsEnvironmentVariable]).toBe(FuseState.DISABLE);
    expect(wire[FuseV1Options.OnlyLoadAppFromAsar]).toBe(FuseState.ENABLE);
    expect(statSync(join(program, 'resources', 'app.asar')).size).toBeLessThan(5e6);
    const [megabytes] = spawnSync('du', ['-sm', program], { encoding: 'utf8' }).stdout.split('\t');
    expect(Number(megabytes)).toBeLessThan(480);
  });

  it('opens its page and trains on a folder, from where it lies', async () => {
    expect(await app.evaluate(({ app: electronApp }) => electronApp.isPackaged)).toBe(true);
    const { versions } = await call('system.info', {});
    expect(versions['node']).toMatch(/^22\./);
    const pictures = join(folder, 'pictures');
    mkdirSync(pictures);
    for (let index = 0; index < 12; index++)
      await sharp({ create: { width: 48, height: 48, channels: 3, background: { r: 20 * index, g: 90, b: 255 - 20 * index } } })
        .png()
        .toFile(join(pictures, `${index}.png`));
    const { job: scan, folder: id } = await call('library.scan', { path: pictures });
    await call('jobs.wait', { job: scan });
    const settings = {
      architecture: 'custom',
      width: 16,
      depth: 1,
      heads: 2,
      imageSize: 16,
      patchSize: 4,
      predictorWidth: 8,
      predictorDepth: 1,
      predictorHeads: 2,
      batchSize: 4,
      epochs: 2,
      threads: 1,
    };
    const { job: train, run } = await call('runs.start', { folder: id, settings, usable: false });
    await call('jobs.wait', { job: train });
    const { summary } = await call('runs.details', { run });
    expect(summary).toMatchObject({ state: 'done', step: 6 });
    const [first] = (await call('library.page', { folder: id, filter: {}, offset: 0, limit: 1 })).rows;
    expect(
      await page.evaluate(async (image) => (await fetch(`thumbnail/${image}?side=64`)).headers.get('content-type'), first!.id),
    ).toMatch(/^image\//);
  });

  it('ends with its engine', async () => {
    const { pid } = app.process();
    const engine = engineOf(folder);
    expect(isRunning(engine)).toBe(true);
    void app.evaluate(({ app: electronApp }) => electronApp.quit()).catch(() => {});
    await until('the end of both', () => !isRunning(pid!) && !isRunning(engine), 30);
  });
});
