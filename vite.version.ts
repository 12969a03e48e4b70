// What page and window are told as they are built.
import { fileURLToPath } from 'node:url';
import { normalizePath } from 'vite';
import type { Plugin } from 'vite';
import { protocolMark, protocolVersion } from './shared/contract/protocol-version.ts';

/** They are told their version and need not work it out: every schema of the contract and half of their time before the first paint. */
export const knowVersion = (): Plugin => {
  const file = normalizePath(fileURLToPath(new URL('shared/contract/protocol-version.ts', import.meta.url)));
  const code = Object.entries({ protocolMark, protocolVersion }).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};`);
  return {
    name: 'know-version',
    apply: 'build',
    load: (id) => (id === file ? code.join('\n') : undefined),
  };
};
