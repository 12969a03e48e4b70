import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let root: string;
let source: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ijepa-plain-'));
  for (const name of ['src-main/files', 'shared']) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  cpSync(join(import.meta.dirname, 'plain-sources.js'), join(root, 'src-main/files/plain-sources.js'));
  source = join(root, 'src-main/add.ts');
  writeFileSync(source, 'const add = (a: number, b: number): number => a + b;\nconsole.log(add(1, 2));\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const preload = (): string => join(root, 'src-main/files/plain-sources.js');
const start = (...args: string[]): { stdout: string; stderr: string } =>
  spawnSync(process.execPath, ['--import', pathToFileURL(preload()).href, ...args], { encoding: 'utf8' });
const kept = (): string[] => readdirSync(join(root, 'dist/plain')).map((name) => join(root, 'dist/plain', name));

describe('sources without their types', () => {
  it('are made once, and taken from there by the next start, until the source changes', () => {
    expect(start(source)).toMatchObject({ stdout: '3\n', stderr: '' });
    const [file] = kept() as [string];
    writeFileSync(file, readFileSync(file, 'utf8').replace('a + b', '100 '));
    expect(start(source).stdout).toBe('100\n');
    writeFileSync(source, readFileSync(source, 'utf8').replace('1, 2', '5, 6'));
    expect(start(source).stdout).toBe('11\n');
  });

  it('are made anew where a full disk cut them short', () => {
    start(source);
    truncateSync(kept()[0]!, 10);
    expect(start(source).stdout).toBe('3\n');
    truncateSync(kept()[0]!, 0);
    expect(start(source).stdout).toBe('3\n');
  });

  it('are made by every start where nothing can be kept', () => {
    writeFileSync(join(root, 'dist'), 'a file where the folder would be');
    expect(start(source)).toMatchObject({ stdout: '3\n', stderr: '' });
  });

  it('are there for threads too, and an error names the line of the source', () => {
    const thread = "import { Worker } from 'node:worker_threads';\nnew Worker(new URL('./add.ts', import.meta.url));\n";
    writeFileSync(join(root, 'src-main/thread.ts'), thread);
    expect(start(join(root, 'src-main/thread.ts'))).toMatchObject({ stdout: '3\n', stderr: '' });
    expect(kept()).toHaveLength(2);
    writeFileSync(source, 'interface Unused {\n  readonly a: string;\n}\n\nthrow new Error("no");\n');
    expect(start(source).stderr).toContain('add.ts:5');
    writeFileSync(source, 'const a: number = ;\n');
    expect(start(source).stderr).toMatch(/SyntaxError|ERR_INVALID_TYPESCRIPT_SYNTAX/);
  });

  it('are all there after the build, for a package cannot write to itself, and no others', () => {
    writeFileSync(join(root, 'src-main/add.test.ts'), 'const a: number = 1;');
    start(source);
    writeFileSync(source, 'console.log(4 as number);\n');
    expect(spawnSync(process.execPath, [preload()], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(kept()).toHaveLength(1);
    expect(start(source).stdout).toBe('4\n');
  });
});
