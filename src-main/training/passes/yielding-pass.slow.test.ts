import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nodeArguments } from '../../files/node-arguments.ts';
import { noSoftwareGpu, softwareGpuEnvironment } from '../../runtime/testing/software-gpu.ts';

it.skipIf(noSoftwareGpu !== undefined)(
  `What a card has no room for passes it in several calls of the same process, and what comes out is right${noSoftwareGpu ? `, ${noSoftwareGpu}` : ''}`,
  () => {
    const script = join(import.meta.dirname, '../testing', 'yield-on-card.ts');
    const { stdout, stderr, status } = spawnSync(process.execPath, [...nodeArguments, script], {
      encoding: 'utf8',
      env: { ...process.env, ...softwareGpuEnvironment },
    });
    if (status !== 0) throw new Error(stderr);
    expect(JSON.parse(stdout)).toEqual({ atOnce: 1, first: [2, 20, 40, 4, 20, 40] });
    expect(stderr).toContain('OUT_OF_DEVICE_MEMORY');
  },
);
