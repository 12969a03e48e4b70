// End to end: the browser face against `serve` with the real engine, the window through a real Electron, and every view against the
// typed stand-in of the engine. Needs `npm run build` first, and Chromium (CHROMIUM, /usr/bin/chromium, or Playwright's own).
import { existsSync } from 'node:fs';
import { defineConfig } from 'playwright/test';

const chromium = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => path && existsSync(path));

// One of one's own, so that a second working copy does not look at the pages of the first.
const port = process.env['E2E_PORT'] ?? '5199';

/** Pages over the stand-in alone: they wait for the browser more than they compute, and none is timed. */
const pages = ['views', 'contrast', 'duplicates', 'first-frame', 'map', 'part'].map((name) => `**/${name}.spec.ts`);

// A folder of one's own, so that two runs side by side do not empty each other's.
const output = process.env['E2E_OUTPUT'] ?? '../dist/e2e/results';

const vite = 'node node_modules/vite/bin/vite.js';
const testing = `--config vite.testing.config.ts --outDir ../dist/testing/${port} --logLevel warn`;

export default defineConfig({
  testDir: '.',
  timeout: 180_000,
  expect: { timeout: 20_000 },
  projects: [
    // The engine uses every core; two stories at once would only wait for each other.
    { name: 'stories', testIgnore: pages, workers: 1, outputDir: output },
    { name: 'pages', testMatch: pages, fullyParallel: true, workers: 2, outputDir: `${output}-pages` },
  ],
  workers: 2,
  // Machines of CI are shared: what fails there once for want of time is said to be flaky, what fails twice fails.
  retries: process.env['CI'] ? 1 : 0,
  reporter: [['list']],
  // The page over the stand-in of the engine, which is part of no package: built here, once. A folder for each port, so that two runs side
  // by side do not take each other's away; and no server that is there already, whose page may be of other sources.
  webServer: {
    command: `${process.env['E2E_BUILT'] === undefined ? `${vite} build ${testing} && ` : ''}${vite} preview ${testing} --port ${port} --strictPort`,
    cwd: '..',
    url: `http://localhost:${port}/testing/index.html`,
    timeout: 180_000,
    reuseExistingServer: false,
  },
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1280, height: 800 },
    launchOptions: { ...(chromium && { executablePath: chromium }), args: ['--no-sandbox', '--disable-gpu'] },
    actionTimeout: 20_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
});
