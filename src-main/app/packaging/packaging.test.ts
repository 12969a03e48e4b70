// The packages' configuration, as electron-builder reads it: what is published is locked, and everything that the engine needs is in it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { nodePackages } from '../../link/program-node.ts';
import { missingParts } from './before-pack.js';

const root = join(import.meta.dirname, '..', '..', '..');
// The reader of electron-builder's own.
const builder = createRequire(createRequire(join(root, 'package.json')).resolve('electron-builder/package.json'));
const { load } = createRequire(builder.resolve('app-builder-lib/package.json'))('js-yaml') as { readonly load: (text: string) => unknown };

interface Config {
  readonly extends?: string;
  readonly files?: readonly string[];
  readonly asarUnpack?: readonly string[];
  readonly beforePack?: string;
  readonly publish?: unknown;
  readonly electronFuses?: Readonly<Record<string, boolean>>;
}
const read = (file: string): Config => load(readFileSync(join(root, file), 'utf8')) as Config;
const contents = read('src-main/app/packaging/contents.yml');

const folder = mkdtempSync(join(tmpdir(), 'ijepa-pack-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the published package', () => {
  const fuses = {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
  };

  it('has every fuse in its safe place', () => {
    expect(read('electron-builder.yml').electronFuses).toEqual({ ...fuses, grantFileProtocolExtraPrivileges: false });
  });

  it('differs from that of the tests only in the inspector and in what an older Electron does not know', () => {
    expect(read('electron-builder.test.yml').electronFuses).toEqual({ ...fuses, enableNodeCliInspectArguments: true });
    for (const file of ['electron-builder.yml', 'electron-builder.test.yml'])
      expect(read(file).extends).toBe('src-main/app/packaging/contents.yml');
  });

  it('calls nobody by itself', () => {
    expect(contents.publish).toBeNull();
  });

  it('has the engine unpacked, with the hook that looks for its parts', () => {
    for (const part of ['src-main/**', 'shared/**', 'node_modules/**', 'package.json']) {
      expect(contents.asarUnpack).toContain(part);
      if (part !== 'node_modules/**') expect(contents.files).toContain(part);
    }
    expect(existsSync(join(root, contents.beforePack!))).toBe(true);
  });
});

describe('the parts of a package', () => {
  it('are named where they are missing', () => {
    const all = missingParts(folder, 'linux', 'x64');
    expect(all.join('\n')).toMatch(/Node 22[^]*sharp[^]*onnxruntime[^]*SQLite[^]*npm run build/);
    expect(missingParts(folder, 'darwin', 'x64')).toEqual([expect.stringContaining('Intel')]);
    expect(missingParts(folder, 'linux', 'armv7l')).toEqual([expect.stringContaining('armv7l')]);
  });

  it('are found under the names that the link looks for', () => {
    for (const [machine, name] of Object.entries(nodePackages)) {
      const [platform, arch] = machine.split('-') as [string, string];
      mkdirSync(join(folder, 'node_modules', name), { recursive: true });
      writeFileSync(join(folder, 'node_modules', name, 'package.json'), '{}');
      expect(missingParts(folder, platform, arch).join('\n')).not.toContain('Node 22');
    }
  });

  it.runIf(existsSync(join(root, 'dist', 'main', 'main.cjs')) && existsSync(join(root, 'dist', 'renderer', 'index.html')))(
    'are all here after npm ci and npm run build',
    () => expect(missingParts(root, process.platform, process.arch)).toEqual([]),
  );
});

describe('the icons', () => {
  it('are there in every form that a system asks for', () => {
    const png = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
    for (const side of [16, 32, 48, 64, 128, 256, 512, 1024]) {
      const icon = readFileSync(join(root, 'assets', 'icons', `${side}x${side}.png`));
      expect(icon.subarray(0, 4)).toEqual(png);
      expect(icon.readUInt32BE(16)).toBe(side);
    }
    const icns = readFileSync(join(root, 'assets', 'icon.icns'));
    expect([icns.toString('latin1', 0, 4), icns.readUInt32BE(4)]).toEqual(['icns', icns.length]);
    const ico = readFileSync(join(root, 'assets', 'icon.ico'));
    for (let entry = 0; entry < ico.readUInt16LE(4); entry++) {
      const offset = ico.readUInt32LE(6 + 16 * entry + 12);
      expect(ico.subarray(offset, offset + 4)).toEqual(png);
    }
  });
});
