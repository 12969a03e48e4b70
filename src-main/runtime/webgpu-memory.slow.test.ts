import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeArguments } from '../files/node-arguments.ts';
import { noSoftwareGpu, softwareGpuEnvironment } from './testing/software-gpu.ts';

it.skipIf(noSoftwareGpu !== undefined)(
  `What a card has no room for is a lack of memory, and the card is good for smaller graphs afterwards${noSoftwareGpu ? `, ${noSoftwareGpu}` : ''}`,
  () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [...nodeArguments, join(import.meta.dirname, 'testing', 'too-large.ts')],
      { encoding: 'utf8', env: { ...process.env, ...softwareGpuEnvironment } },
    );
    if (status !== 0) throw new Error(stderr);
    const lacking = 'out-of-memory';
    expect(JSON.parse(stdout)).toEqual({ bound: lacking, boundAgain: lacking, read: lacking, after: [2, 4] });
    // Why the words of what is thrown have to do: where the reason is said, no program hears it.
    expect(stderr).toContain('OUT_OF_DEVICE_MEMORY');
  },
);
