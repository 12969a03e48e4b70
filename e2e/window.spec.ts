// The same story in a real Electron window: needs ELECTRON_OVERRIDE_DIST_PATH or Electron's own binary, Xvfb, and `npm run build`.
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { canOpenWindows, openScreen, openWindow } from '../src-main/app/testing/open-window.ts';
import type { OpenWindow, VirtualScreen } from '../src-main/app/testing/open-window.ts';
import { makePictures } from './support/pictures.ts';
import { temporaryFolder } from './support/serve.ts';
import { STEPS, statusOf, tellStory } from './support/story.ts';

const place = temporaryFolder();
const pictures = join(place.path, 'shapes');
let screen: VirtualScreen | undefined;
let window: OpenWindow | undefined;

test.skip(!canOpenWindows, 'skipped: there is no Electron or no Xvfb here, or the app is not built');

test.beforeAll(async () => {
  if (!canOpenWindows) return;
  await makePictures(pictures, 40);
  screen = await openScreen();
  window = await openWindow(screen, place.path);
});
test.afterAll(async () => {
  await window?.app.close().catch(() => {});
  screen?.close();
  place.dispose();
});

test('from a folder to exported vectors, in the window', async () => {
  test.setTimeout(600_000);
  const { app, page } = window!;
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await expect(page.getByRole('button', { name: 'Choose a folder' })).toBeVisible();
  // With it Chromium would make a second process at every start; the policy of what may run stands all the same.
  const headers = await page.evaluate(async () => {
    const answer = await fetch('/');
    return ['cross-origin-opener-policy', 'content-security-policy'].map((name) => answer.headers.get(name));
  });
  expect(headers).toEqual([null, expect.stringContaining("default-src 'none'")]);
  await tellStory({
    page,
    home: join(place.path, 'home'),
    images: 120,
    target: join(place.path, 'vectors'),
    addFolder: async () => {
      // The system's own dialog, which no test can click.
      await app.evaluate(({ dialog }, folder) => {
        dialog.showOpenDialog = async () => Promise.resolve({ canceled: false, filePaths: [folder] });
      }, pictures);
      await page.getByRole('button', { name: 'Choose a folder' }).click();
    },
    whilePaused: async () => {
      await page.reload();
      await expect(statusOf(page)).toContainText('Paused');
      await expect(statusOf(page)).toContainText(`of ${STEPS}`);
    },
  });
  await page.screenshot({ path: join(import.meta.dirname, '..', 'dist', 'e2e', 'window-export.png') });
  expect(problems).toEqual([]);
});
