import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobsEvent } from '../../../../shared/contract/contract-jobs.ts';
import { writeSafetensors } from '../../../formats/safetensors.ts';
import { huggingFaceEncoder } from '../../../jepa/foreign-names.ts';
import { fixturesFolder, readJson } from '../../../jepa/testing/reference-values.ts';
import { drawPictures, openEngine } from '../testing/open-engine.ts';

const home = mkdtempSync(join(tmpdir(), 'ijepa-weights-'));
let opened: ReturnType<typeof openEngine>;
beforeAll(() => {
  opened = openEngine(home);
});
afterAll(async () => {
  await opened.engine.dispose();
  rmSync(home, { recursive: true, force: true });
});

const huggingFace = join(fixturesFolder, 'huggingface');

/** Weights of 150 MB, so that their import takes a second or two. */
function writeBigFolder(folder: string): string {
  const [width, depth, heads, hidden, patchSize, grid] = [512, 12, 8, 2048, 4, 6];
  const encoder = { width, depth, heads, hidden };
  const network = huggingFaceEncoder({ encoder, predictor: encoder, patchSize, grid, positions: 'sine-cosine' });
  const parts = [...network.parameters.flatMap((parameter) => parameter.parts), network.positions];
  const zeros = ({ name, shape }: { readonly name: string; readonly shape: readonly number[] }) => ({
    name,
    shape,
    data: () => new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });
  mkdirSync(folder);
  writeSafetensors(join(folder, 'model.safetensors'), parts.map(zeros));
  const sizes = { hidden_size: width, num_hidden_layers: depth, num_attention_heads: heads, intermediate_size: hidden };
  const config = { model_type: 'ijepa', image_size: patchSize * grid, patch_size: patchSize, ...sizes };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

describe('weights from elsewhere', () => {
  it('of this computer become a run that the page sees, while the engine answers', async () => {
    const { page } = opened;
    const { job } = await page.call('weights.import', { path: huggingFace, name: 'theirs' });
    expect((await page.call('weights.models', {})).models.length).toBeGreaterThan(2);
    const { kind, subject, detail, progress } = await page.call('jobs.wait', { job });
    expect({ kind, subject }).toEqual({ kind: 'import', subject: 'theirs' });
    expect(detail).toMatch(/^It is the run theirs\. .*normalised/);
    expect(progress.unit).toBe('megabytes');
    const runs = await page.call('runs.list', {});
    expect(runs.find(({ name }) => name === 'theirs')).toMatchObject({ imported: true, state: 'done', checkpoints: [0] });
    // What is said at the end of the import can be read as long as the run is there.
    const { weights, origin } = await page.call('runs.details', { run: 'theirs' });
    expect(weights).toMatchObject({ encoders: 'context', predictor: false });
    expect(detail).toBe(['It is the run theirs.', ...weights!.notes].join(' '));
    expect(origin).toBeUndefined();
  });

  it('are exported before there is a folder of images, which vectors need', async () => {
    const { page } = opened;
    const target = join(home, 'exported');
    const input = { run: 'theirs', checkpoint: 'best', layer: 'last', space: 'raw', vectorColumn: 'v', neighbours: 0, target } as const;
    expect((await page.call('export.target', { run: 'theirs', checkpoint: 'best' })).path).toMatch(/theirs-step-0$/);
    expect((await page.call('export.preview', { ...input, formats: ['safetensors'] })).rows).toEqual([]);
    await page.call('jobs.wait', await page.call('export.start', { ...input, formats: ['safetensors'] }));
    expect(readdirSync(target).toSorted()).toEqual(['manifest.json', 'model.safetensors']);
    for (const channel of ['export.preview', 'export.start'] as const)
      await expect(page.call(channel, { ...input, formats: ['npy'] })).rejects.toMatchObject({ code: 'bad-input' });
  });

  it('are judged on a folder of the library, which must be said', async () => {
    const { page } = opened;
    const pictures = join(home, 'pictures');
    await drawPictures(pictures, 20);
    const { folder, job: scan } = await page.call('library.scan', { path: pictures });
    await page.call('jobs.wait', { job: scan });
    const asked = { run: 'theirs', checkpoint: 'best', purpose: 'choosing' } as const;
    await expect(page.call('runs.evaluate', asked)).rejects.toMatchObject({
      code: 'bad-input',
      hint: expect.stringContaining('Choose the folder') as unknown,
    });
    const { job } = await page.call('runs.evaluate', { ...asked, folder });
    const { detail } = await page.call('jobs.wait', { job });
    expect(detail).toContain('untrained network');
    expect(await page.call('runs.reports', { run: 'theirs' })).toMatchObject([{ step: 0, folder: pictures, headline: detail }]);
  });

  it('say what is wrong with them, and make no run', async () => {
    const { page } = opened;
    await expect(page.call('weights.import', { path: huggingFace, name: 'theirs' })).rejects.toMatchObject({ code: 'bad-input' });
    const { job } = await page.call('weights.import', { path: home, name: 'none' });
    await expect(page.call('jobs.wait', { job })).rejects.toMatchObject({ code: 'bad-input', hint: expect.any(String) as unknown });
    await expect(page.call('weights.import', { path: 'relative' })).rejects.toMatchObject({ code: 'bad-input' });
    expect((await page.call('runs.list', {})).map(({ name }) => name)).toEqual(['theirs']);
  });

  it('that do not say how many heads they have are taken once that is said', async () => {
    const { page } = opened;
    const path = join(fixturesFolder, 'authors-checkpoint.pth.tar');
    const first = await page.call('weights.import', { path, name: 'authors' });
    await expect(page.call('jobs.wait', { job: first.job })).rejects.toMatchObject({
      code: 'bad-input',
      hint: expect.stringContaining('Attention heads') as unknown,
    });
    const { heads } = readJson<{ heads: number }>('step.json');
    const { job } = await page.call('weights.import', { path, name: 'authors', heads });
    await page.call('jobs.wait', { job });
    expect((await page.call('runs.details', { run: 'authors' })).config.heads).toBe(heads);
    await page.call('runs.delete', { run: 'authors' });
  });

  it('are given up where that is asked for, also those that wait, and leave nothing', async () => {
    const { page } = opened;
    const big = writeBigFolder(join(home, 'big'));
    const { job: first } = await page.call('weights.import', { path: big, name: 'first' });
    const { job: second } = await page.call('weights.import', { path: big, name: 'second' });
    const { job: third } = await page.call('weights.import', { path: huggingFace, name: 'third' });
    const ends = [first, second].map(async (job) => expect(page.call('jobs.wait', { job })).rejects.toMatchObject({ code: 'cancelled' }));
    // In the midst of the writing, the latest moment: the folder of the run is there.
    const stop = new AbortController();
    await new Promise<void>((resolve) => {
      const onEvent = ({ jobs }: JobsEvent): void => {
        expect(jobs.find(({ id }) => id === second)!.detail).toContain('Waits');
        if (jobs.find(({ id }) => id === first)!.detail.includes('Writes')) resolve();
      };
      page.call('jobs.watch', {}, { onEvent, signal: stop.signal }).catch(() => {});
    });
    stop.abort();
    await page.call('jobs.cancel', { job: second });
    await page.call('jobs.cancel', { job: first });
    await Promise.all(ends);
    await page.call('jobs.wait', { job: third });
    expect(readdirSync(join(home, 'runs')).toSorted()).toEqual(['theirs', 'third']);
  });

  it('that are published need the licence, and are told with it', async () => {
    const { page } = opened;
    const { licence, models } = await page.call('weights.models', {});
    expect(licence.sentence).toContain('non-commercial');
    expect(models.every(({ here }) => !here)).toBe(true);
    expect(models.filter(({ caution }) => caution?.includes('No checksum')).map(({ name }) => name)).toEqual(['ijepa_vith16_1k']);
    // @ts-expect-error: without the licence there is no such call
    await expect(page.call('weights.fetch', { model: models[0]!.name, accepted: false })).rejects.toMatchObject({ code: 'bad-input' });
    await expect(page.call('weights.fetch', { model: 'other', accepted: true })).rejects.toMatchObject({ code: 'not-found' });
    // A run by its name that is something else.
    const { name } = models[0]!;
    await page.call('jobs.wait', await page.call('weights.import', { path: huggingFace, name }));
    await expect(page.call('weights.fetch', { model: name, accepted: true })).rejects.toMatchObject({ code: 'bad-input' });
    expect((await page.call('weights.models', {})).models[0]).toMatchObject({ name, here: false });
  });
});
