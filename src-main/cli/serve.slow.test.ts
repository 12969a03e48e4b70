// `ijepa-studio serve` as a person starts and ends it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ask, enter } from '../serve/testing/visitor.ts';
import { isRunning, until } from '../trainer/testing/processes.ts';
import { jsonLines, program, runCli } from './testing/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-serve-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const home = join(folder, 'home');
const isBuilt = existsSync(join(import.meta.dirname, '..', '..', 'dist', 'renderer', 'index.html'));

describe('ijepa-studio serve', () => {
  it.each([
    [['--port', '70000'], 2, '--port'],
    [['--cert', 'cert.pem'], 2, '--key'],
    [['--nonsense'], 2, 'nonsense'],
  ])('refuses wrong flags: %j', async (flags, code, words) => {
    const result = await runCli(['serve', '--home', home, ...flags]);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(words);
  });

  it.skipIf(isBuilt)('names the command that builds the page where it is missing', async () => {
    const { code, stderr } = await runCli(['serve', '--home', home]);
    expect(code).toBe(3);
    expect(stderr).toContain('npm run build');
  });

  // Skipped before `npm run build`: there is no page to serve.
  it.skipIf(!isBuilt).each(['SIGINT', 'SIGTERM'] as const)('says its address, serves the page, and ends well at %s', async (signal) => {
    const child = spawn(process.execPath, [program, 'serve', '--json', '--home', home, '--root', folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
    const code = new Promise<number | null>((resolve) => child.once('close', resolve));
    await until('the address', () => text.includes('\n'));
    const { type, url, port } = jsonLines(text)[0] as { type: string; url: string; port: number };
    expect(type).toBe('serving');
    const { at, cookie } = await enter(url);
    expect((await ask(port, `${at}/`, { cookie })).body.toString()).toMatch(/<!doctype html>/i);
    // The home is in use.
    if (signal === 'SIGINT') expect((await runCli(['serve', '--home', home])).code).toBe(5);
    child.kill(signal);
    expect(await code).toBe(0);
    expect(isRunning(child.pid!)).toBe(false);
    await expect(ask(port, `${at}/`, { cookie })).rejects.toThrow('ECONNREFUSED');
  });
});
