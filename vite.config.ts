// The page, for the window and the browser alike: relative addresses, no inline script (the content security policy forbids it).
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig, normalizePath } from 'vite';
import type { Plugin } from 'vite';
import { protocolMark, protocolVersion } from './shared/protocol-version.ts';
import { syntheticPictures } from './src-renderer/testing/pictures.ts';

/** Says in the page what it was built of: `serve` refuses to hand out one that its engine would not understand. */
const markPage = (): Plugin => ({
  name: 'mark-page',
  apply: 'build',
  transformIndexHtml: () => [{ tag: 'meta', attrs: { name: protocolMark, content: protocolVersion }, injectTo: 'head' }],
});

/** The page is told its version and need not work it out: every schema of the contract and half of its time before the first paint. */
const knowVersion = (): Plugin => {
  const file = normalizePath(fileURLToPath(new URL('shared/protocol-version.ts', import.meta.url)));
  return {
    name: 'know-version',
    apply: 'build',
    load: (id) => (id === file ? `export const protocolVersion = ${JSON.stringify(protocolVersion)};` : undefined),
  };
};

export default defineConfig({
  root: 'src-renderer',
  base: './',
  plugins: [svelte(), syntheticPictures(), markPage(), knowVersion()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome114',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
});
