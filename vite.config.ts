// The page, for the window and the browser alike: relative addresses, no inline script (the content security policy forbids it).
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { syntheticPictures } from './src-renderer/testing/pictures.ts';

export default defineConfig({
  root: 'src-renderer',
  base: './',
  plugins: [svelte(), syntheticPictures()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome114',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 800,
  },
});
