// The page over the stand-in of the engine, built once for the end-to-end tests: a server that builds file by file hands out hundreds of
// them at every load. `vite preview` serves it; nothing of it is in a package (`files` of electron-builder.yml).
import { mergeConfig } from 'vite';
import page from './vite.config.ts';

export default mergeConfig(page, {
  // What is not there is an error, not the page once more.
  appType: 'mpa',
  build: {
    outDir: '../dist/testing',
    // A failed test's stack can be read.
    minify: false,
    rolldownOptions: { input: 'src-renderer/testing/index.html' },
  },
});
