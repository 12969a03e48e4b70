// What dies in the middle is told and started again, and the run goes on from its last checkpoint: the trainer, then the engine itself.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'playwright/test';
import { makePictures } from './support/pictures.ts';
import { startServe, temporaryFolder } from './support/serve.ts';
import type { Served } from './support/serve.ts';
import { addFolderByPicker, startRun, statusOf } from './support/story.ts';

const place = temporaryFolder();
let served: Served;

test.beforeAll(async () => {
  await makePictures(join(place.path, 'shapes'), 20);
  served = await startServe({ home: join(place.path, 'home'), roots: [place.path] });
});
test.afterAll(async () => {
  await served.stop();
  place.dispose();
});

/** Process numbers of descendants whose command names `entry` (Linux). */
function descendants(root: number, entry: string): number[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = Number(/^\d+ \(.*\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]);
        return [{ id: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8') }];
      } catch {
        // It has ended since.
        return [];
      }
    });
  const below = (id: number): typeof processes => processes.filter(({ parent }) => parent === id).flatMap((one) => [one, ...below(one.id)]);
  return below(root)
    .filter(({ command }) => command.includes(entry))
    .map(({ id }) => id);
}

test('a killed trainer and a killed engine cost the steps since the last checkpoint', async ({ page }) => {
  test.skip(!existsSync('/proc/self/stat'), 'skipped: processes are found through /proc');
  test.setTimeout(300_000);
  await page.goto(served.url);
  await addFolderByPicker(page, join(place.path, 'shapes'));
  await expect(page.getByRole('combobox', { name: 'Folder' })).toContainText('shapes (60)', { timeout: 60_000 });
  await startRun(page, 'fragile', 100_000);
  await expect(statusOf(page)).toContainText('Training', { timeout: 90_000 });
  await expect(statusOf(page)).toContainText(/[1-9]\d* of 100,000/);

  await test.step('the trainer is killed', async () => {
    const [trainer] = descendants(served.process.pid!, 'trainer-process');
    process.kill(trainer!, 'SIGKILL');
    await expect
      .poll(() => descendants(served.process.pid!, 'trainer-process').filter((id) => id !== trainer).length, { timeout: 60_000 })
      .toBeGreaterThan(0);
    await expect(statusOf(page)).toContainText('Training', { timeout: 90_000 });
  });

  await test.step('the engine is killed', async () => {
    const [engine] = descendants(served.process.pid!, 'engine-process');
    // It is started again so quickly that only an observer is sure to see what is said in between.
    await page.evaluate(() => {
      const seen = globalThis as typeof globalThis & { told?: boolean };
      new MutationObserver(() => {
        if (document.body.textContent.includes('stopped unexpectedly')) seen.told = true;
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    process.kill(engine!, 'SIGKILL');
    await expect.poll(() => page.evaluate(() => (globalThis as typeof globalThis & { told?: boolean }).told)).toBe(true);
    await expect
      .poll(() => descendants(served.process.pid!, 'engine-process').filter((id) => id !== engine).length, { timeout: 60_000 })
      .toBe(1);
    // Until then the page shows what it knew before, and nothing can be asked.
    await expect(page.getByText(/stopped unexpectedly|Connecting to the engine/)).toHaveCount(0, { timeout: 60_000 });
    await expect(statusOf(page)).toContainText('Training', { timeout: 90_000 });
  });

  await test.step('it can be stopped, and nothing is left when the server ends', async () => {
    await page.getByRole('button', { name: 'Stop…' }).click();
    await page.getByRole('button', { name: 'Stop, keep the checkpoint' }).click();
    await expect(statusOf(page)).toContainText('Stopped', { timeout: 60_000 });
    const left = [...descendants(served.process.pid!, 'engine-process'), ...descendants(served.process.pid!, 'decoder-process')];
    await served.stop();
    await expect.poll(() => left.filter((id) => existsSync(`/proc/${id}`)), { timeout: 20_000 }).toEqual([]);
  });
});
