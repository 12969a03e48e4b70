// The program among others: started by another Node, from a folder with a space, and read by a program that stops reading.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { otherNode, program } from './testing/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa launch '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = otherNode();

describe('the launcher', () => {
  it.skipIf(!node)('finds itself in a folder with spaces and accents, and hands arguments and exit code on', () => {
    const place = join(folder, 'é 100%');
    const [cli, files] = [join(place, 'cli'), join(place, 'files')];
    for (const path of [cli, files]) mkdirSync(path, { recursive: true });
    symlinkSync(join(import.meta.dirname, '../../node_modules'), join(place, 'node_modules'), 'junction');
    writeFileSync(join(place, 'package.json'), '{"type":"module"}');
    copyFileSync(program, join(cli, 'ijepa-studio.js'));
    copyFileSync(join(import.meta.dirname, '../files/plain-sources.js'), join(files, 'plain-sources.js'));
    writeFileSync(
      join(cli, 'main.ts'),
      'export const main = (args: readonly string[]): void => { console.log(JSON.stringify([process.versions.node.split(".")[0], ...args])); };',
    );
    const text = execFileSync(node!, [join(cli, 'ijepa-studio.js'), 'scan', 'a b', ''], { encoding: 'utf8' });
    expect(JSON.parse(text)).toEqual(['22', 'scan', 'a b', '']);
  });
});

it.each([
  ['the command line', program, ['inspect', '--home', folder]],
  ['npm start', join(import.meta.dirname, '../app/start.js'), []],
])('a Mac with an Intel processor is refused first, although its Node could run the program: %s', (_what, file, args) => {
  const intel =
    "data:text/javascript,for (const [key, value] of [['platform', 'darwin'], ['arch', 'x64']]) Object.defineProperty(process, key, { value });";
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', intel, file, ...args], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([9, '']);
  expect(stderr).toMatch(/^(ijepa-studio: )?Macs with Intel processors are not supported: .*\nUse a Mac with an Apple processor/);
});

describe('an output that nobody reads', () => {
  it('ends the program quietly', async () => {
    const child = spawn(process.execPath, [program, 'inspect', '--home', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect([code, stderr]).toEqual([130, '']);
  });

  it.skipIf(!existsSync('/dev/full'))('is said when it is the disk that is full', () => {
    const command = `"${process.execPath}" "${program}" inspect --home "${folder}" >/dev/full`;
    let failure: { status?: number; stderr?: string } = {};
    try {
      execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    } catch (error) {
      failure = error as typeof failure;
    }
    expect(failure).toMatchObject({ status: 6, stderr: expect.stringContaining('disk is full') as unknown });
  });
});
