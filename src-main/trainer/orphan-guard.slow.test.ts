import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { nodeArguments } from '../files/node-arguments.ts';
import { isRunning, until } from './testing/processes.ts';

it('ends a process whose parent has gone and whose own thread is stuck, and none whose parent is there', async () => {
  const script = join(import.meta.dirname, 'testing/stuck-orphan.ts');
  const parent = spawn(process.execPath, [...nodeArguments, script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(said.toString());
  try {
    await sleep(1500);
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until('the end of the stuck process', () => !isRunning(pid), 20);
  } finally {
    parent.kill('SIGKILL');
    if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  }
});
