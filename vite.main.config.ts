// The window's main process and its preload, each as one CommonJS file: the preload's sandbox can load no other, and Electron reads no
// ES module as its main before version 28.
import { builtinModules } from 'node:module';
import { defineConfig } from 'vite';
import type { EnvironmentOptions } from 'vite';

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
      output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
    },
  },
});

export default defineConfig({
  environments: { main: bundle('main', true), preload: bundle('preload', false) },
  builder: {
    async buildApp(builder) {
      await builder.build(builder.environments['main']!);
      await builder.build(builder.environments['preload']!);
    },
  },
});
