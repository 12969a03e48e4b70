// What a browser must read before the first chart is shown: all of the page's scripts but the chart library. A fast look at the built files.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'playwright/test';

const assets = join(import.meta.dirname, '..', 'dist', 'renderer', 'assets');
/** Kilobytes, gzipped. Bytes are the same on every machine. */
const most = 350;

test('the page is small, and waits for no chart', () => {
  const scripts = readdirSync(assets).filter((name) => name.endsWith('.js'));
  const charts = scripts.filter((name) => name.startsWith('chart-setup'));
  expect(charts).toHaveLength(1);
  const others = scripts.filter((name) => !charts.includes(name)).map((name) => ({ name, text: readFileSync(join(assets, name), 'utf8') }));
  // `import("./chart-setup…")` is what loads it when a chart is shown; `from "…"` and `import "…"` would load it with the page.
  expect(others.filter(({ text }) => /(?:from|import)\s*["'`]\.\/chart-setup/.test(text)).map(({ name }) => name)).toEqual([]);
  expect(others.some(({ text }) => /import\([^)]*chart-setup/.test(text))).toBe(true);
  const kilobytes = others.reduce((sum, { text }) => sum + gzipSync(text).length / 1000, 0);
  console.log(`the page's scripts before the charts: ${kilobytes.toFixed(0)} kB gzipped`);
  expect(kilobytes).toBeLessThanOrEqual(most);
});
