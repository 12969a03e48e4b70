// `import` and `export` as a person meets them: wrong arguments, files that must not be opened, and what is said at the end.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assemble, name, text, tuple, writeTorchFile } from '../formats/testing/torch-files.ts';
import { fixturesFolder, readJson } from '../jepa/testing/reference-values.ts';
import type { RunRecord } from '../training/run-folder/run-folder.ts';
import { jsonLines, runCli } from './testing/run-cli.ts';

let folder: string;
let home: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-export-'));
  home = join(folder, 'home');
});
afterAll(() => rmSync(folder, { recursive: true }));

const checkpoint = join(fixturesFolder, 'authors-checkpoint.pth.tar');
const heads = String(readJson<{ heads: number }>('step.json').heads);

describe('import', () => {
  it('refuses a pickle that would run code, in two lines, and makes no run', async () => {
    const path = join(folder, 'attack.pth');
    const marker = join(folder, 'was-run');
    writeTorchFile(path, assemble(name('os', 'system'), tuple(text(`touch ${marker}`)), 'R'), {});
    const { code, stderr } = await runCli(['import', path, '--home', home]);
    expect(code).toBe(4);
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(stderr).toContain('os.system');
    expect([existsSync(marker), existsSync(join(home, 'runs'))]).toEqual([false, false]);
  });

  it('says what a folder lacks that holds no weights', async () => {
    const { code, stderr } = await runCli(['import', folder, '--home', home]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('no config.json')]);
  });

  it('says which encoder embeds, with which normalisation, and what comes next', async () => {
    const said = await runCli(['import', checkpoint, '--heads', heads, '--run', 'theirs', '--home', home]);
    expect(said.code).toBe(0);
    for (const part of ['target encoder', 'ImageNet', 'embed FOLDER --run theirs']) expect(said.stdout).toContain(part);
    const again = await runCli(['import', checkpoint, '--heads', heads, '--run', 'theirs', '--home', home, '--json']);
    expect(again.code).toBe(2);
    expect(jsonLines(again.stdout)[0]).toMatchObject({ type: 'error', code: 'bad-input' });
  });

  it('can begin a run on a folder, with its sizes and normalisation, which is said and recorded', async () => {
    const pictures = join(folder, 'pictures');
    mkdirSync(pictures);
    for (let i = 0; i < 12; i++)
      await sharp({ create: { width: 40, height: 40, channels: 3, background: { r: 20 * i, g: 255 - 20 * i, b: 90 } } })
        .png()
        .toFile(join(pictures, `${i}.png`));
    const settings = ['--steps', '2', '--batch-size', '4', '--evaluate-images', '0', '--threads', '1'];
    const begun = await runCli(['train', pictures, '--from', 'theirs', '--run', 'ours', ...settings, '--home', home]);
    expect([begun.code, begun.stderr]).toEqual([0, '']);
    expect(begun.stdout).toContain(
      'Begins with the weights of theirs, with the sizes of its network. Images are normalised by ImageNet’s statistics, as for those weights. The file held both encoders',
    );
    expect((await runCli(['inspect', 'ours', '--home', home])).stdout).toContain('Begins with the weights of theirs');
    expect((await runCli(['inspect', 'theirs', '--home', home])).stdout).toContain('The target encoder embeds');
    const record = (run: string): RunRecord => JSON.parse(readFileSync(join(home, 'runs', run, 'config.json'), 'utf8')) as RunRecord;
    const [theirs, ours] = [record('theirs').config, record('ours').config];
    for (const key of ['width', 'depth', 'heads', 'patchSize', 'imageSize', 'normalisation'] as const)
      expect(ours[key]).toEqual(theirs[key]);
    expect(record('ours').from).toMatchObject({ run: 'theirs', step: 0, imported: true, weights: record('theirs').weights });
    expect(record('theirs').weights).toMatchObject({ encoders: 'both', predictor: true });
    const target = join(folder, 'for others');
    const exported = await runCli(['export', pictures, target, '--format', 'huggingface', '--run', 'ours', '--home', home]);
    expect([exported.code, exported.stdout.trim().split('\n').at(-1)]).toEqual([
      0,
      `  transformers opens the Hugging Face folder by AutoModel.from_pretrained(${JSON.stringify(join(target, 'huggingface'))}).`,
    ]);
    const wrong = await runCli(['train', pictures, '--from', 'theirs', '--depth', '7', ...settings, '--home', home]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringMatching(/depth is \d+ there and 7 here/)]);
    const unknown = await runCli(['train', pictures, '--from', 'nobody', ...settings, '--home', home]);
    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining("no run called 'nobody'")]);
  });

  it('cannot be resumed, or be embedded without a folder', async () => {
    const resumed = await runCli(['train', '--resume', '--run', 'theirs', '--home', home]);
    expect([resumed.code, resumed.stderr]).toEqual([2, expect.stringContaining('was imported')]);
    const embedded = await runCli(['embed', '--run', 'theirs', '--home', home]);
    expect([embedded.code, embedded.stderr]).toEqual([2, expect.stringContaining('Say which folder')]);
  });
});

describe('export', () => {
  it('names the formats there are, and the folder that is not scanned', async () => {
    const wrong = await runCli(['export', folder, join(folder, 'out'), '--format', 'npy,xlsx', '--home', home]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("'xlsx'");
    expect(wrong.stderr).toContain('huggingface');
    const unknown = await runCli(['export', folder, join(folder, 'out'), '--home', home]);
    expect([unknown.code, unknown.stderr]).toEqual([3, expect.stringContaining('has not been scanned')]);
    expect(existsSync(join(folder, 'out'))).toBe(false);
    const alone = await runCli(['export', join(folder, 'out'), '--run', 'theirs', '--home', home]);
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('was imported and has no folder')]);
    expect((await runCli(['export', '--home', home])).stderr).toContain('export FOLDER TARGET');
  });
});
