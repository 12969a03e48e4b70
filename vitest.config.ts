// Projects, so that `check` stays under 45 s: `fast` needs no child process, database or session; `renderer` is the page's logic with
// runes compiled; both share a process between files (half of their time is starting one for each); `slow` is everything else; `fixtures` is the comparison with reference values from the authors' code.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const all = ['shared/**/*.test.ts', 'src-main/**/*.test.ts', 'bench/**/*.test.ts'];
const slow = ['**/*.slow.test.ts'];
const fixtures = ['**/*.fixtures.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // What else of this user computes on the card of this computer, another run of these tests too, is nothing to them (src-main/files/card-lock.ts).
    env: { IJEPA_STUDIO_CARDS: join(tmpdir(), `ijepa-studio-test-cards-${process.pid}`) },
    projects: [
      {
        extends: true,
        test: { name: 'fast', isolate: false, testTimeout: 30_000, include: all, exclude: [...slow, ...fixtures, '**/node_modules/**'] },
      },
      {
        extends: true,
        plugins: [svelte()],
        resolve: { conditions: ['browser'] },
        test: { name: 'renderer', isolate: false, include: ['src-renderer/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'slow', include: slow, exclude: ['**/node_modules/**'], testTimeout: 180_000, hookTimeout: 60_000 } },
      { extends: true, test: { name: 'fixtures', include: fixtures, exclude: ['**/node_modules/**'], testTimeout: 120_000 } },
    ],
    coverage: {
      provider: 'v8',
      include: ['src-main/{tensor,jepa,training,formats}/**/*.ts'],
      exclude: ['**/*.test.ts', '**/testing/**'],
      reporter: ['text-summary'],
      thresholds: {
        'src-main/tensor/**': { lines: 85 },
        'src-main/jepa/**': { lines: 85 },
        'src-main/training/**': { lines: 85 },
        'src-main/formats/**': { lines: 85 },
      },
    },
  },
});
