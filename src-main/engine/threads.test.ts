import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { physicalCores, threadsOf } from './threads.ts';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ijepa-cpus-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A computer as Linux shows it: the siblings of each logical processor, `undefined` for one that is switched off. */
function computer(siblings: readonly (string | undefined)[]): string {
  for (const [number, list] of siblings.entries()) {
    const topology = join(folder, `cpu${number}`, 'topology');
    mkdirSync(list === undefined ? join(folder, `cpu${number}`) : topology, { recursive: true });
    if (list !== undefined) writeFileSync(join(topology, 'thread_siblings_list'), `${list}\n`);
  }
  for (const other of ['cpufreq', 'cpuidle']) mkdirSync(join(folder, other));
  return folder;
}

describe('physicalCores', () => {
  it.each([
    ['two threads each', ['0,2', '1,3', '0,2', '1,3'], 2],
    ['as ranges', ['0-1', '0-1', '2-3', '2-3'], 2],
    ['one thread each', ['0', '1', '2'], 3],
    ['large cores of two threads beside small ones', ['0-1', '0-1', '2', '3'], 3],
    ['one that is switched off', ['0,2', '1', '0,2', undefined], 2],
  ])('%s', (_, siblings, cores) => {
    expect(physicalCores(computer(siblings))).toBe(cores);
  });

  it('is not known where nothing tells', () => {
    expect(physicalCores(computer([undefined]))).toBeUndefined();
    expect(physicalCores(join(folder, 'nowhere'))).toBeUndefined();
  });
});

it('threads are as many as asked for, else no more than may be used', () => {
  expect(threadsOf(7)).toBe(7);
  expect(threadsOf(0)).toBeGreaterThanOrEqual(1);
  expect(threadsOf(0)).toBeLessThanOrEqual(availableParallelism());
});
