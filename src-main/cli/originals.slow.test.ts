// What a person names may lie among the originals by a slip of the hand: they are as they were, whatever was asked for.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { drawPictures } from '../engine/app/testing/open-engine.ts';
import { runCli } from './testing/run-cli.ts';
import type { CliResult } from './testing/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'ijepa-originals-'));
const pictures = join(folder, 'pictures');
const cli = async (...args: string[]): Promise<CliResult> => runCli([...args, '--home', join(folder, 'home')]);

beforeAll(async () => drawPictures(pictures, 2));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

describe('a list of failures', () => {
  it('is not written over a photograph, also of a folder that was never scanned, and the scan does not begin', async () => {
    const photo = join(pictures, 'dots', 'dots 000.png');
    const before = readFileSync(photo);
    const { code, stderr, stdout } = await cli('scan', pictures, '--failures', photo);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`lies in ${pictures}, among the images`);
    expect(stdout).not.toContain('different images');
    expect(readFileSync(photo)).toEqual(before);
  });

  it('is not put beside photographs either, but where it disturbs nobody, again and again', async () => {
    expect((await cli('scan', pictures, '--failures', join(pictures, 'failures.csv'))).code).not.toBe(0);
    expect(readdirSync(pictures)).toEqual(['dots', 'stripes']);
    const list = join(folder, 'failures.csv');
    for (let time = 0; time < 2; time++) expect(await cli('scan', pictures, '--failures', list)).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(list, 'utf8')).toBe('file,reason,message\r\n');
    expect(existsSync(join(pictures, 'failures.csv'))).toBe(false);
  });
});

describe('a demo', () => {
  it('puts no pictures of its own among those of a folder that was scanned', async () => {
    const place = join(pictures, 'demo');
    const { code, stderr } = await cli('demo', '--folder', place);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${place} lies in ${pictures}, among the images`);
    expect(existsSync(place)).toBe(false);
  });

  it('makes nothing there without a home of its own either, where the folder was scanned for the usual one', async () => {
    vi.stubEnv('IJEPA_STUDIO_HOME', join(folder, 'home'));
    const place = join(pictures, 'demo');
    const { code, stderr } = await runCli(['demo', '--folder', place]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${place} lies in ${pictures}, among the images`);
    expect(existsSync(place)).toBe(false);
  });
});
