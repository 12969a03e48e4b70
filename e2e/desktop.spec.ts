// What the window does for a desktop while a run trains: no sleep, progress in the taskbar, hardly any work of its own, and a question
// before an end that would stop the run.
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { canOpenWindows, engineOf, openScreen, openWindow } from '../src-main/app/testing/open-window.ts';
import type { OpenWindow, VirtualScreen } from '../src-main/app/testing/open-window.ts';
import { limit } from './support/limits.ts';
import { makePictures } from './support/pictures.ts';
import { temporaryFolder } from './support/serve.ts';
import { startRun, statusOf } from './support/story.ts';

const place = temporaryFolder();
let screen: VirtualScreen | undefined;
let window: OpenWindow | undefined;

test.skip(!canOpenWindows, 'skipped: there is no Electron or no Xvfb here, or the app is not built');

/** What tests put on the main process's global object. */
interface MainGlobal {
  /** Shares that the taskbar was given. */
  shown: number[];
  /** Questions that were asked, and what the next one is answered. */
  asked: { readonly message: string; readonly buttons: readonly string[] }[];
  answer: number;
}

test.beforeAll(async () => {
  if (!canOpenWindows) return;
  await makePictures(join(place.path, 'shapes'), 20);
  screen = await openScreen();
  window = await openWindow(screen, place.path);
  await window.app.evaluate(
    ({ BrowserWindow, dialog }, folder) => {
      const global = globalThis as unknown as MainGlobal;
      Object.assign(global, { shown: [], asked: [], answer: 1 });
      dialog.showOpenDialog = async () => Promise.resolve({ canceled: false, filePaths: [folder] });
      const answer = async (...given: readonly unknown[]): Promise<{ response: number; checkboxChecked: boolean }> => {
        global.asked.push(given.at(-1) as MainGlobal['asked'][number]);
        return Promise.resolve({ response: global.answer, checkboxChecked: false });
      };
      dialog.showMessageBox = answer as typeof dialog.showMessageBox;
      // The taskbar cannot be asked what it shows.
      const first = BrowserWindow.getAllWindows()[0]!;
      const show = first.setProgressBar.bind(first);
      first.setProgressBar = (share) => {
        global.shown.push(share);
        show(share);
      };
    },
    join(place.path, 'shapes'),
  );
});
test.afterAll(async () => {
  await window?.app.close().catch(() => {});
  screen?.close();
  place.dispose();
});

/** Whether the system is kept awake. Its numbers count from 0 or 1. */
const isAwake = (): Promise<boolean> =>
  window!.app.evaluate(({ powerSaveBlocker }) => Array.from({ length: 50 }, (_, id) => id).some((id) => powerSaveBlocker.isStarted(id)));
const inTaskbar = (): Promise<number | undefined> => window!.app.evaluate(() => (globalThis as unknown as MainGlobal).shown.at(-1));
const asked = (): Promise<MainGlobal['asked']> => window!.app.evaluate(() => (globalThis as unknown as MainGlobal).asked);
const isRunning = (id: number): boolean => {
  try {
    process.kill(id, 0);
    return true;
  } catch {
    return false;
  }
};

test('while a run trains', async () => {
  test.setTimeout(300_000);
  const { app, page } = window!;
  await page.getByRole('button', { name: 'Choose a folder' }).click();
  await expect(page.getByRole('combobox', { name: 'Folder' })).toContainText('shapes (60)', { timeout: 60_000 });
  await expect.poll(isAwake).toBe(false);
  await startRun(page, 'guarded', 100_000);
  await expect(statusOf(page)).toContainText(/[1-9]\d* of 100,000/, { timeout: 90_000 });

  await test.step('the system stays awake and the taskbar shows how far it is, but not while it is paused', async () => {
    expect(await isAwake()).toBe(true);
    await expect.poll(inTaskbar).toBeGreaterThan(0);
    expect(await inTaskbar()).toBeLessThan(1);
    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(statusOf(page)).toContainText('Paused');
    await expect.poll(isAwake).toBe(false);
    expect(await inTaskbar()).toBe(-1);
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(statusOf(page)).toContainText('Training');
    await expect.poll(isAwake).toBe(true);
  });

  await test.step('the main process leaves the processor to it', async () => {
    const share = await app.evaluate(async () => {
      const [began, used] = [performance.now(), process.cpuUsage()];
      await new Promise((resolve) => setTimeout(resolve, 15_000));
      const { user, system } = process.cpuUsage(used);
      return (user + system) / 1000 / (performance.now() - began);
    });
    console.log(`main process while a run trains: ${(100 * share).toFixed(2)} % of a core, over 15 s`);
    expect(100 * share).toBeLessThan(limit(2, 5));
  });

  await test.step('closing the window asks first, and “Cancel” changes nothing', async () => {
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.close());
    await expect
      .poll(asked)
      .toMatchObject([{ message: '“guarded” is still learning.', buttons: ['Stop and keep the checkpoint', 'Cancel'] }]);
    // So does the end of the program, by its menu or its keys.
    await app.evaluate(({ app: program }) => program.quit());
    await expect.poll(async () => (await asked()).length).toBe(2);
    expect(await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows().map((one) => one.isVisible()))).toEqual([true]);
    const before = await statusOf(page).textContent();
    await expect(statusOf(page)).not.toHaveText(before!);
    await expect(statusOf(page)).toContainText('Training');
  });

  await test.step('“Stop and keep the checkpoint” ends it all, and the run can be resumed', async () => {
    const [main, engine] = [app.process().pid!, engineOf(place.path)];
    expect(isRunning(engine)).toBe(true);
    await app.evaluate(({ BrowserWindow }) => {
      (globalThis as unknown as MainGlobal).answer = 0;
      // After the answer to this call, which the end would cut off.
      setTimeout(() => BrowserWindow.getAllWindows()[0]!.close(), 0);
    });
    await expect.poll(() => [main, engine].filter(isRunning), { timeout: 30_000 }).toEqual([]);
    window = await openWindow(screen!, place.path);
    await window.page.getByRole('navigation', { name: 'Views' }).getByRole('link', { name: 'Train' }).click();
    await expect(statusOf(window.page)).toContainText('Stopped');
    await expect(statusOf(window.page)).toContainText(/[1-9]\d* of 100,000/);
    await expect(window.page.getByRole('button', { name: 'Resume' })).toBeEnabled();
  });
});
