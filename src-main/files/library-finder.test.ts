import { describe, expect, it } from 'vitest';
import { libraryFinder } from './library-finder.ts';

const places = (
  files: readonly string[],
  rest: Partial<Parameters<typeof libraryFinder>[0]> = {},
): Parameters<typeof libraryFinder>[0] => ({
  platform: 'linux',
  environment: {},
  exists: (file) => files.includes(file),
  cache: () => '',
  ...rest,
});

describe('a library', () => {
  it('is found in the folders of the environment and of the system', () => {
    const environment = { LD_LIBRARY_PATH: '/opt/cuda/lib64::/other' };
    const has = libraryFinder(places(['/opt/cuda/lib64/libcublas.so.12', '/usr/lib64/libcuda.so.1'], { environment }));
    expect(['libcublas.so.12', 'libcuda.so.1', 'libcublas.so.11', 'libcublas.so'].map(has)).toEqual([true, true, false, false]);
  });

  it("is found in the linker's cache, which is asked once and only when it is needed", () => {
    let asked = 0;
    const cache = (): string => {
      asked++;
      return '2 libs found in cache\n\tlibcudnn.so.9 (libc6,x86-64) => /weird/libcudnn.so.9\n\tlibcudnn_ops.so.9 (libc6) => /weird/x\n';
    };
    const has = libraryFinder(places(['/lib/libcuda.so.1'], { cache }));
    expect([has('libcuda.so.1'), asked]).toEqual([true, 0]);
    expect(['libcudnn.so.9', 'libcudnn.so', 'libcudnn.so.8'].map(has)).toEqual([true, false, false]);
    expect(asked).toBe(1);
  });

  it('is looked for on the path on Windows', () => {
    const environment = { Path: 'C:\\cuda\\bin;C:\\x', SystemRoot: 'C:\\Windows' };
    const asked: string[] = [];
    const has = libraryFinder(places([], { platform: 'win32', environment, exists: (file) => asked.push(file) > 99 }));
    expect(has('cudart64_110.dll')).toBe(false);
    expect(asked.map((file) => file.replaceAll('/', '\\'))).toEqual([
      'C:\\Windows\\System32\\cudart64_110.dll',
      'C:\\cuda\\bin\\cudart64_110.dll',
      'C:\\x\\cudart64_110.dll',
    ]);
  });
});
