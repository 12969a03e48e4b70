// The window's main process and its preload as CommonJS: the preload's sandbox can load no other, and no second file; Electron reads no ES
// module as its main before version 28. What the main process loads only when it is asked for, as updates, is a file beside it, which no
// start has to read.
import { builtinModules } from 'node:module';
import { defineConfig } from 'vite';
import type { EnvironmentOptions } from 'vite';
import { knowVersion } from './vite.version.ts';

const bundle = (name: 'main' | 'preload', emptyOutDir: boolean): EnvironmentOptions => ({
  consumer: 'server',
  resolve: { noExternal: true, external: ['electron'], builtins: [/^node:/, ...builtinModules], conditions: ['node', 'import', 'default'] },
  build: {
    outDir: 'dist/main',
    emptyOutDir,
    target: 'node18',
    minify: false,
    rolldownOptions: {
      input: { [name]: `src-main/app/${name}.ts` },
      external: ['electron'],
      output: { format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: 'later-[name].cjs', ...(name === 'preload' && { codeSplitting: false }) },
    },
  },
});

export default defineConfig({
  plugins: [knowVersion()],
  environments: { main: bundle('main', true), preload: bundle('preload', false) },
  builder: {
    async buildApp(builder) {
      await builder.build(builder.environments['main']!);
      await builder.build(builder.environments['preload']!);
    },
  },
});
