// The page, for the window and the browser alike: relative addresses, nothing inline but its first frame (the content security policy forbids it).
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';
import { protocolMark, protocolVersion } from './shared/contract/protocol-version.ts';
import { syntheticPictures } from './src-renderer/testing/pictures.ts';
import { firstFrame } from './vite.first-frame.ts';
import { knowVersion } from './vite.version.ts';

/** Says in the page what it was built of: `serve` refuses to hand out one that its engine would not understand. */
const markPage = (): Plugin => ({
  name: 'mark-page',
  apply: 'build',
  transformIndexHtml: () => [{ tag: 'meta', attrs: { name: protocolMark, content: protocolVersion }, injectTo: 'head' }],
});

export default defineConfig({
  root: 'src-renderer',
  base: './',
  plugins: [svelte(), syntheticPictures(), markPage(), knowVersion(), firstFrame()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome114',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
});
