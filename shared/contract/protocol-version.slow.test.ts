// The engine reads its sources, the page is a minified bundle of them: both must come to the same version, or every page is told to reload.
import { join } from 'node:path';
import { build } from 'vite';
import type { Rolldown } from 'vite';
import { expect, it } from 'vitest';
import { protocolVersion } from './protocol-version.ts';

it('is the same in a minified bundle as in the sources', async () => {
  const entry = join(import.meta.dirname, 'protocol-version.ts');
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    // As a page: a library's bundle would keep its names and lines.
    build: {
      write: false,
      target: 'chrome114',
      modulePreload: false,
      rolldownOptions: { input: entry, preserveEntrySignatures: 'strict' },
    },
  });
  const { output } = built as Rolldown.RolldownOutput;
  const { code } = output[0];
  expect(code.split('\n').length).toBeLessThan(100);
  const bundled = (await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`)) as {
    readonly protocolVersion: string;
  };
  expect(bundled.protocolVersion).toBe(protocolVersion);
});
