// The whole story in a browser, over the real engine: from a folder to exported vectors, with a stop, a reload and a second page on the way.
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { makePictures } from './support/pictures.ts';
import { startServe, temporaryFolder } from './support/serve.ts';
import type { Served } from './support/serve.ts';
import { STEPS, addFolderByPicker, statusOf, tellStory } from './support/story.ts';

const place = temporaryFolder();
const pictures = join(place.path, 'shapes');
let served: Served;

test.beforeAll(async () => {
  await makePictures(pictures, 40);
  served = await startServe({ home: join(place.path, 'home'), roots: [place.path] });
});
test.afterAll(async () => {
  await served.stop();
  place.dispose();
});

test('from a folder to exported vectors', async ({ page, context }) => {
  test.setTimeout(600_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));

  await test.step('the page opens with the token of the printed address, and keeps no token in its own', async () => {
    await page.goto(served.url);
    await expect(page.getByRole('button', { name: 'Choose a folder' })).toBeVisible();
    expect(page.url()).not.toContain('token');
  });

  await tellStory({
    page,
    home: served.home,
    images: 120,
    target: join(place.path, 'vectors'),
    addFolder: () => addFolderByPicker(page, pictures),
    whilePaused: async () => {
      await test.step('a reload in the middle changes nothing, and a second page sees the same run', async () => {
        await page.reload();
        await expect(statusOf(page)).toContainText('Paused');
        const other = await context.newPage();
        await other.goto(new URL(page.url()).origin + '/#/train');
        await expect(statusOf(other)).toContainText('Paused');
        await expect(statusOf(other)).toContainText(`of ${STEPS}`);
        await other.getByRole('button', { name: 'Continue' }).click();
        await expect(statusOf(page)).toContainText('Training');
        await other.close();
      });
    },
  });
  expect(problems).toEqual([]);
});
